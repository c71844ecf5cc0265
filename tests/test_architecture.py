"""The plan held by a test: who may import whom, and what no file may name."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "orion_py"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "cancellation", "protocol", "config", "state_machine", ""),
    ("telemetry",),
    ("registry", "storage", "runtime", "arithmetic", "language", "loading.manifest"),
    ("loading", "generation", "routing", "resilience", "safety", "ports"),
    ("agents",),
    ("services", "response", "request", "housekeeping", "telemetry_counts", "engine", "host"),
    ("browser", "native", "cli", "__main__", "protocol_schema"),
)
"""Lowest first. A module imports from its own layer and those below. ``loading.manifest`` is the
format that runtimes and loaders share; "" is the package itself."""

ALLOWED = {"numpy", "pydantic"}
ALSO_ALLOWED = {
    "browser": {"js", "pyodide", "pyodide_js"},
    "native": {"onnxruntime", "tokenizers", "jinja2"},
    "language": {"py3langid"},  # imported on first use; an engine without it goes by the page's language
    "cli": {"rich"},
}
REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "yarn" + "pkg.com")
"""Spelt in two, so that this file doesn't name them either."""


def modules() -> dict[str, Path]:
    """Name below orion_py to file; a package goes by its own name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def imports(module: str) -> tuple[frozenset[str], frozenset[str]]:
    """What ``module`` imports: its siblings (names below orion_py) and all other top-level packages.

    Imports under ``if TYPE_CHECKING`` don't run, so they make no dependency between siblings; of
    other packages they still count.
    """
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    siblings, others = set(), set()
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"orion_py.{module} imports relatively"
            source = node.module or ""
            inside = source == "orion_py" or source.startswith("orion_py.")
            names = [f"{source}.{alias.name}" if inside else source for alias in node.names]
        for name in names:
            if name.split(".")[0] != "orion_py":
                others.add(name.split(".")[0])
            elif node not in for_types:
                siblings.add(_module_of(name.removeprefix("orion_py").lstrip(".")))
    return frozenset(siblings), frozenset(others)


def _module_of(name: str) -> str:
    """The longest part of a dotted name that is a module: the rest is something inside it."""
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def layer(module: str) -> int:
    """The layer of the longest prefix that the table has."""
    prefix = module
    while True:
        for index, names in enumerate(LAYERS):
            if prefix in names and (prefix or not module):
                return index
        assert prefix, f"orion_py.{module} has no layer yet: give it one in {Path(__file__).name}"
        prefix = prefix.rpartition(".")[0]


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module: str) -> None:
    upwards = [sibling for sibling in imports(module)[0] if layer(sibling) > layer(module)]
    assert not upwards, f"orion_py.{module} imports from a layer above: {upwards}"


@pytest.mark.parametrize("module", MODULES)
def test_the_engine_needs_only_the_standard_library_numpy_and_pydantic(module: str) -> None:
    allowed = ALLOWED | ALSO_ALLOWED.get(module.split(".")[0], set())
    others = {name for name in imports(module)[1] if name not in sys.stdlib_module_names and name != "__future__"}
    assert others <= allowed


def test_no_two_modules_import_each_other_by_any_way_round() -> None:
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join([*way[way.index(module) :], module])
        if module in done:
            return
        for sibling in sorted(imports(module)[0] - {""}):
            visit(sibling, (*way, module))
        done.add(module)

    for module in MODULES:
        visit(module, ())


def test_a_breach_would_be_seen() -> None:
    assert layer("loading.manifest") < layer("loading.loader") < layer("engine") < layer("browser.main")
    assert "errors" in imports("loading.manifest")[0]
    assert "numpy" in imports("generation.sampling")[1]
    assert "runtime.base" not in imports("config")[0]  # there for types only
    with pytest.raises(AssertionError, match="has no layer yet"):
        layer("brandnew")


def test_no_file_names_a_package_registrys_host() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    guilty = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.stat().st_size < 5_000_000:
            data = path.read_bytes().lower()
            guilty += [f"{name}: {host}" for host in REGISTRIES if host.encode() in data]
    assert not guilty
