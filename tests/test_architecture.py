"""The plan held by a test: who may import whom, and what no file may name."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.git_files import git_files

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "orion_py"


def _the_house() -> tuple[tuple[str, ...], ...]:
    """The packages and modules of ``orion_py`` as the table of "The house" lists them, lowest first."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = page.partition("| Package | Holds |")[2].partition("\n\n")[0]
    names = re.findall(r"`([a-z_]+)(?:/|\.py)`", "".join(row.split("|")[1] for row in table.splitlines()[2:]))
    return (("",), *((name,) for name in names))


LAYERS = _the_house()
"""Each imports only from those before it; "" is the package itself."""

FOUNDRY_LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "failures", "progress", "sigterm", ""),
    ("model", "recipes"),
    ("formats",),
    ("sharding", "reference"),
    ("graphs", "building.versions"),
    ("importing", "exporting", "equalizing", "quantizing", "routing", "senses", "sharding.assemble"),
    ("merging", "training"),
    ("measuring",),
    ("building", "guarding"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""Lowest first, and packages of one layer don't know each other: what reading a
format and writing it have in common stands below both, and merging above them."""

ALLOWED = {"numpy", "pydantic"}
ALSO_ALLOWED = {
    "browser": {"js", "pyodide", "pyodide_js"},
    "native": {"av", "onnxruntime", "tokenizers", "jinja2", "wasmtime", "PIL", "zxingcpp"},
    "language": {"py3langid"},  # imported on first use; an engine without it goes by the page's language
    "cli": {"rich"},
}
REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "yarn" + "pkg.com")
"""Spelt in two, so that this file doesn't name them either."""


class Package:
    """The modules below a folder, and what each imports. ``layers`` as in the tables above."""

    def __init__(self, folder: Path, layers: tuple[tuple[str, ...], ...]) -> None:
        self.name, self.layers = folder.name, layers
        self.modules: dict[str, Path] = {}
        """Name below the package to file; a package goes by its own name."""
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            self.modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path

    @cache  # noqa: B019 - two packages, for as long as the tests run
    def imports(self, module: str, types: bool = False) -> tuple[frozenset[str], frozenset[str]]:
        """What ``module`` imports: its siblings (names below the package) and all other top-level packages.

        Siblings that are imported only under ``if TYPE_CHECKING`` are among them with ``types``.
        """
        tree = ast.parse(self.modules[module].read_text(encoding="utf-8"))
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
                assert node.level == 0, f"{self.name}.{module} imports relatively"
                source = node.module or ""
                inside = source == self.name or source.startswith(f"{self.name}.")
                names = [f"{source}.{alias.name}" if inside else source for alias in node.names]
            for name in names:
                if name.split(".")[0] != self.name:
                    others.add(name.split(".")[0])
                elif types or node not in for_types:
                    siblings.add(self._module_of(name.removeprefix(self.name).lstrip(".")))
        return frozenset(siblings), frozenset(others)

    def _module_of(self, name: str) -> str:
        """The longest part of a dotted name that is a module: the rest is something inside it."""
        while name not in self.modules:
            name = name.rpartition(".")[0]
        return name

    def layer(self, module: str) -> int:
        """The layer of the longest prefix that the table has."""
        return self._placed(module)[0]

    def owner(self, module: str) -> str:
        """That prefix."""
        return self._placed(module)[1]

    def _placed(self, module: str) -> tuple[int, str]:
        prefix = module
        while True:
            for index, names in enumerate(self.layers):
                if prefix in names and (prefix or not module):
                    return index, prefix
            assert prefix, f"{self.name}.{module} has no layer yet: give it one in {Path(__file__).name}"
            prefix = prefix.rpartition(".")[0]


ENGINE = Package(PACKAGE, LAYERS)
FOUNDRY = Package(ROOT / "model_foundry", FOUNDRY_LAYERS)


@pytest.mark.parametrize("module", ENGINE.modules)
def test_imports_run_one_way(module: str) -> None:
    """Also for types alone: what a file has to be read with stands below it."""
    siblings = ENGINE.imports(module, types=True)[0]
    upwards = [sibling for sibling in siblings if ENGINE.layer(sibling) > ENGINE.layer(module)]
    assert not upwards, f"orion_py.{module} imports from further down the table of docs/architecture.md: {upwards}"


def packages(package: Package) -> dict[str, set[str]]:
    """Which top-level packages each imports from, for types alone included."""
    graph: dict[str, set[str]] = {}
    for module in package.modules:
        mine = module.partition(".")[0]
        graph.setdefault(mine, set()).update(
            sibling.partition(".")[0] for sibling in package.imports(module, types=True)[0]
        )
        graph[mine] -= {mine, ""}
    return graph


def test_no_two_packages_import_each_other_by_any_way_round() -> None:
    """By itself, whatever the order of the table is."""
    left = packages(ENGINE)
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert not left, f"a circle among these packages: {left}"


def test_the_house_has_every_package_and_no_other() -> None:
    assert {names[0] for names in LAYERS} == {module.partition(".")[0] for module in ENGINE.modules}


@pytest.mark.parametrize("module", FOUNDRY.modules)
def test_the_foundrys_imports_run_one_way_and_not_across(module: str) -> None:
    wrong = [
        sibling
        for sibling in FOUNDRY.imports(module)[0]
        if FOUNDRY.owner(sibling) != FOUNDRY.owner(module) and FOUNDRY.layer(sibling) >= FOUNDRY.layer(module)
    ]
    assert not wrong, f"model_foundry.{module} imports from its own layer or one above: {wrong}"


@pytest.mark.parametrize("module", ENGINE.modules)
def test_the_engine_needs_only_the_standard_library_numpy_and_pydantic(module: str) -> None:
    allowed = ALLOWED | ALSO_ALLOWED.get(module.split(".")[0], set())
    others = {
        name for name in ENGINE.imports(module)[1] if name not in sys.stdlib_module_names and name != "__future__"
    }
    assert others <= allowed


@pytest.mark.parametrize("package", [ENGINE, FOUNDRY], ids=lambda package: package.name)
def test_no_two_modules_import_each_other_by_any_way_round(package: Package) -> None:
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join([*way[way.index(module) :], module])
        if module in done:
            return
        for sibling in sorted(package.imports(module)[0] - {""}):
            visit(sibling, (*way, module))
        done.add(module)

    for module in package.modules:
        visit(module, ())


def test_what_sweeps_the_device_knows_no_router() -> None:
    """Nor does what fetches: the router's files are files as a model's are."""
    below = [module for module in ENGINE.modules if module.split(".")[0] in ("background", "fetching", "residency")]
    knowing = [m for m in below if any(name.split(".")[0] == "routing" for name in ENGINE.imports(m, types=True)[0])]
    assert not knowing


def test_a_breach_would_be_seen() -> None:
    assert ENGINE.layer("manifest.manifest") < ENGINE.layer("fetching.loader") < ENGINE.layer("engine.engine")
    assert ENGINE.layer("engine.engine") < ENGINE.layer("browser.main")
    assert "errors" in ENGINE.imports("manifest.reading")[0]
    assert "numpy" in ENGINE.imports("generation.sampling")[1]
    assert "runtime.base" not in ENGINE.imports("config")[0]  # there for types only
    assert "runtime.base" in ENGINE.imports("config", types=True)[0]
    assert FOUNDRY.owner("sharding.assemble") != FOUNDRY.owner("sharding.layout") == "sharding"
    assert FOUNDRY.layer("exporting.weight_writer") < FOUNDRY.layer("merging.merge")
    for package in (ENGINE, FOUNDRY):
        with pytest.raises(AssertionError, match="has no layer yet"):
            package.layer("brandnew")


def test_no_file_names_a_package_registrys_host() -> None:
    listed = git_files()
    if listed is None:
        pytest.skip("not a git checkout")
    guilty = []
    for name in listed:
        path = ROOT / name
        if path.stat().st_size < 5_000_000:
            data = path.read_bytes().lower()
            guilty += [f"{name}: {host}" for host in REGISTRIES if host.encode() in data]
    assert not guilty
