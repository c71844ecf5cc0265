"""Nothing of our JavaScript is dead: what a module exports is imported, and what a class has is used."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from pathlib import Path

from tests.bridge.modules import WEB, code, imports, modules

ROOT = WEB.parent
FOR_TESTS = {
    "bridge/worker/chat-template/template.js KNOWN",  # held against what the foundry's templates may use
    "bridge/worker/storage/prefix-store.js tooMany",  # what a budget leaves, without a database
}
"""Exports that only a test imports."""
OVERRIDDEN = re.compile(r"^(evaluate\w+|applyFilter|escape|process)$")
"""Methods that @huggingface/jinja's interpreter and marked's tokenizer call, and the browser's audio thread."""

_EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE)
_REEXPORT = re.compile(r"^export \{([^}]*)\}", re.MULTILINE)
_METHOD = re.compile(r"^  (?:static |async |get |set |\*)*(\w+)\([^)]*\) \{", re.MULTILINE)
_FIELD = re.compile(r"^ +(?:/\*\*.*\*/ )?this\.(\w+) = ", re.MULTILINE)

MODULES = list(modules())
CODE = {module.as_posix(): code(WEB / module) for module in MODULES}
WHOLE = {module.as_posix(): (WEB / module).read_text("utf-8") for module in MODULES}
PYTHON = "\n".join(
    path.read_text("utf-8") for folder in ("web", "orion_py/browser") for path in sorted((ROOT / folder).rglob("*.py"))
)


EVERYTHING = "\n".join(CODE.values()) + PYTHON
USED = Counter(re.findall(r"\.(\w+)", EVERYTHING))
USED.update(chain.from_iterable(re.findall(r"\w+", names) for names in re.findall(r"\{([^{}\n]*)\} = ", EVERYTHING)))
"""How often each name is taken from an object: as .name or { name }."""
WRITTEN = Counter(re.findall(r"this\.(\w+) = ", EVERYTHING))
IMPORTERS = {module: [other.as_posix() for other in MODULES if module in imports(other)] for module in CODE}


def exports(text: str) -> set[str]:
    listed = chain.from_iterable(group.split(",") for group in _REEXPORT.findall(text))
    return {*_EXPORT.findall(text), *(name.split(" as ")[-1].strip() for name in listed if name.strip())}


def is_imported(module: str, name: str) -> bool:
    """By another module, as a type, or by Python, to which the page's and the engine's functions are handed."""
    typed = f'/{Path(module).name}").{name}'
    return (
        any(re.search(rf"\b{name}\b", CODE[other]) for other in IMPORTERS[module])
        or any(typed in text for text in WHOLE.values())
        or f".{name}" in PYTHON
    )


def test_what_a_module_exports_is_imported() -> None:
    unused = {
        f"{module} {name}" for module, text in CODE.items() for name in exports(text) if not is_imported(module, name)
    }
    assert unused == FOR_TESTS


def test_what_a_class_of_the_bridge_has_is_used() -> None:
    unused = [
        f"{module} {name}"
        for module, text in CODE.items()
        if module.startswith("bridge/")
        for name in sorted({*_METHOD.findall(text), *_FIELD.findall(text)} - {"constructor"})
        if USED[name] <= WRITTEN[name] and not OVERRIDDEN.match(name)
    ]
    assert unused == []


def test_what_the_engines_worker_hands_to_python_is_asked_for() -> None:
    given = CODE["bridge/worker/engine/bridge.js"].split("ChatTokenizer }) => ({")[1].split("\n  }));")[0]
    names = re.findall(r"^    (\w+)[:,(]", given, re.MULTILINE)
    assert len(names) > 20
    assert [name for name in names if f"bridge.{name}" not in PYTHON] == []
