"""The bundles of Python for the browser, read as the engine's worker reads them."""

from __future__ import annotations

import ast
import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from vulture import Vulture
from vulture.core import Item

from build_support import python_bundle
from build_support.sources import PYODIDE_PACKAGES, pyodide_wheels

pytestmark = pytest.mark.skipif(
    not (python_bundle.OUT / "app.bin").exists(), reason="nothing is built: python3 build.py build"
)
ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> tuple[dict[str, Any], bytes]:
    data = gzip.decompress((python_bundle.OUT / name).read_bytes())
    assert data[:8] == b"ORIONPY1"
    length = int.from_bytes(data[8:12], "little")
    return json.loads(data[12 : 12 + length]), data[12 + length :]


@pytest.mark.parametrize("name", ["site.bin", "app.bin"])
def test_files_lie_end_to_end_in_folders_that_are_listed_parents_first(name: str) -> None:
    header, data = read(name)
    end = 0
    for file, offset, length in header["files"]:
        assert offset == end
        assert "/" not in file or file.rsplit("/", 1)[0] in header["folders"]
        end += length
    assert end == len(data)
    seen = set()
    for folder in header["folders"]:
        assert "/" not in folder or folder.rsplit("/", 1)[0] in seen
        seen.add(folder)


def test_only_bytecode_is_shipped() -> None:
    files = [file for name in ("site.bin", "app.bin") for file, *_ in read(name)[0]["files"]]
    assert not [file for file in files if file.endswith(".py")]
    assert "numpy/__init__.pyc" in files
    assert "pydantic/__init__.pyc" in files
    with zipfile.ZipFile(python_bundle.OUT / "stdlib.zip") as archive:
        names = archive.namelist()
    assert "json/__init__.pyc" in names
    assert not [name for name in names if name.endswith(".py")]


def test_the_app_is_orion_py_without_what_only_cpython_runs() -> None:
    files = {file for file, *_ in read("app.bin")[0]["files"]}
    assert "orion_py/engine/engine.pyc" in files
    assert not [file for file in files if file.startswith(("orion_py/native/", "orion_py/cli/"))]


def imported(path: Path) -> set[str]:
    """The modules of orion_py that a module names in its imports, those inside functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.startswith("orion_py")}


def test_what_is_shipped_is_what_the_browser_can_reach() -> None:
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in python_bundle.app_sources()}
    # Made by name: what the engine's worker and the snapshot's bridge import; the agents, by their factory from ids.
    bridge = [f"orion_py.browser.{name}" for name in ("main", "lazy", "snapshot")]
    left = [*bridge, *(name for name in names if name.startswith("orion_py.agents."))]
    reached: set[str] = set()
    while left:
        name = left.pop()
        name = name if name in names else f"{name}.__init__"  # a package imports what it offers
        if name in names and name not in reached:
            reached.add(name)
            left += imported(names[name])
    packages = {name for name in names if name.endswith("__init__")}
    assert sorted(set(names) - reached - packages) == []


CPYTHON_ALONE = {
    "parse_manifest parse_graph_manifest": "each stands beside what reads the same format in a browser",
    "parse_registry read_card write_head packed": "so does each of these",
    "check_edges location_of part_of tokens_alone": "a few lines of a format or a type, beside the rest of it",
    "examine_seeing": "the foundry alone imports templates; what a seeing model's wants stands beside it",
    "wait_for_router": "a method of Engine, whose public face is one everywhere",
    "wake defer": "JavaScript calls them",
    "ForeignOrigin RecordingTooLong": "found by their codes",
    "ModelNotBuilt UnreadableImage UnsupportedImage": "raised in a terminal, known by their codes",
    "ImageTooLarge ImageTooSmall": "so are these",
    "Resampler": "browsers resample themselves; the rate and the type of samples stand beside it",
    "BootEvent BootFailed": "JavaScript sends them",
}
"""Functions and classes that are shipped, and that nothing that is shipped names: why all the same."""


def made_by_its_id(item: Item) -> bool:
    """Whether it is an agent's class, which agents/factory.py finds by the agent's id."""
    return Path(item.filename).parent.name == "agents" and item.typ == "class" and item.name.endswith("Agent")


def test_no_function_is_shipped_that_only_cpython_calls() -> None:
    vulture = Vulture(ignore_names=["__*__"], ignore_decorators=["@field_validator", "@model_validator"])
    vulture.scavenge([str(path) for path in python_bundle.app_sources()])
    unused = vulture.get_unused_code(min_confidence=60)
    kinds = ("function", "method", "property", "class")
    found = {item.name for item in unused if item.typ in kinds and not made_by_its_id(item)}
    assert sorted(found ^ {name for names in CPYTHON_ALONE for name in names.split()}) == []


def test_each_file_that_is_left_out_is_there() -> None:
    assert [name for name in python_bundle.LEFT_OUT if not (ROOT / "orion_py" / name).exists()] == []


def test_what_is_left_out_is_needed_by_nothing_that_is_shipped() -> None:
    shipped = python_bundle.app_sources()
    every = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "orion_py").rglob("*.py")}
    missing = every - {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in shipped}
    assert {path.name: imported(path) & missing for path in shipped if imported(path) & missing} == {}


def test_the_lock_names_no_package_to_fetch() -> None:
    header, _ = read("site.bin")
    assert header["lock"]["packages"] == {}
    assert header["lock"]["info"]["arch"] == "wasm32"


def test_wheels_are_the_ones_of_pyodides_own_lock() -> None:
    lock = json.loads((ROOT / "node_modules" / "pyodide" / "pyodide-lock.json").read_text())
    wheels = pyodide_wheels()
    assert [wheel.sha256 for wheel in wheels] == [lock["packages"][name]["sha256"] for name in PYODIDE_PACKAGES]
    assert all(wheel.urls[0].endswith(f"/{wheel.name}") and wheel.members for wheel in wheels)


def test_cpython_runs_the_versions_that_the_browser_runs() -> None:
    lock = json.loads((ROOT / "node_modules" / "pyodide" / "pyodide-lock.json").read_text())
    pinned = (ROOT / "requirements.lock").read_text()
    for name in ("numpy", "pydantic", "pydantic-core"):
        assert f"\n{name}=={lock['packages'][name]['version']} " in pinned
