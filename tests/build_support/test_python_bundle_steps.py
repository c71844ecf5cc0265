"""When the bundles of Python are compiled anew, and when they are taken as they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from build_support import language_bundle, paths, python_bundle
from build_support.downloads import Source
from build_support.errors import BuildError, StepFailed
from build_support.node import Node
from build_support.stamps import Stamp

NODE = Node(Path("node"), ())
WHEELS = [Source("numpy.whl", hashlib.sha256(b"numpy").hexdigest())]


class Compiler:
    """Stands in for python_bundle.mjs: what it was asked to compile, and from what."""

    def __init__(self) -> None:
        self.asked: dict[str, list[str]] = {}
        self.fails = False

    def run(self, command: Sequence[str | Path], **_: Any) -> str:
        program, script, _pyodide, kind, target, *arguments = map(str, command)
        assert (program, Path(script).name) == ("node", "python_bundle.mjs")
        Path(target).write_text(f"half of {kind}")
        if self.fails:
            raise StepFailed("it can't be compiled.")
        self.asked[Path(target).name.partition(".")[0]] = [kind, *arguments]
        Path(target).write_text(f"{kind} of {arguments}")
        return ""


@pytest.fixture(autouse=True)
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    """A clone with a module, an empty cache beside it, and a compiler that only notes."""
    made = Compiler()
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "ROOT", tmp_path / "clone")
    monkeypatch.setattr(paths, "NODE_MODULES", tmp_path / "clone" / "node_modules")
    monkeypatch.setattr(python_bundle, "OUT", tmp_path / "clone" / "out")
    pyodide = tmp_path / "clone" / "node_modules" / "pyodide" / "package.json"
    pyodide.parent.mkdir(parents=True)
    pyodide.write_text('{"version": "1"}')
    module(tmp_path / "clone", "engine/engine.py", "x = 1")
    monkeypatch.setattr(python_bundle, "pyodide_wheels", lambda: WHEELS)
    monkeypatch.setattr(python_bundle, "obtain", lambda sources: {source: tmp_path / source.name for source in sources})
    monkeypatch.setattr(python_bundle, "run", made.run)
    monkeypatch.setattr(language_bundle, "key", lambda: "languages")
    monkeypatch.setattr(language_bundle, "lay_out", lambda folder: ["py3langid/langid.py"])
    return made


def module(root: Path, name: str, text: str) -> None:
    (root / "orion_py" / name).parent.mkdir(parents=True, exist_ok=True)
    (root / "orion_py" / name).write_text(text)


def test_everything_is_compiled_once_each_from_its_own(compiler: Compiler, tmp_path: Path) -> None:
    out = python_bundle.OUT
    expected = ["stdlib.zip", "site.bin", "app.bin", "language.bin"]
    assert [path.name for path in python_bundle.build(NODE)] == expected
    assert all(path.is_file() for path in python_bundle.build(NODE))
    assert compiler.asked == {
        "stdlib": ["stdlib"],
        "site": ["site", str(tmp_path / "numpy.whl")],
        "app": ["app", str(out / "stdlib.zip"), str(paths.ROOT), "orion_py/engine/engine.py"],
        "language": ["app", str(out / "stdlib.zip"), str(out / "language"), "py3langid/langid.py"],
    }
    compiler.asked.clear()
    python_bundle.build(NODE)
    assert compiler.asked == {}


def test_a_changed_module_compiles_the_app_and_nothing_else(compiler: Compiler) -> None:
    python_bundle.build(NODE)
    compiler.asked.clear()
    module(paths.ROOT, "engine/engine.py", "x = 2")
    python_bundle.build(NODE)
    assert list(compiler.asked) == ["app"]


def test_what_only_cpython_runs_compiles_nothing(compiler: Compiler) -> None:
    python_bundle.build(NODE)
    compiler.asked.clear()
    module(paths.ROOT, "native/files.py", "")
    module(paths.ROOT, "cli/files.py", "")
    python_bundle.build(NODE)
    assert compiler.asked == {}


def test_a_new_pyodide_compiles_everything(compiler: Compiler) -> None:
    python_bundle.build(NODE)
    compiler.asked.clear()
    (paths.NODE_MODULES / "pyodide" / "package.json").write_text('{"version": "2"}')
    python_bundle.build(NODE)
    assert sorted(compiler.asked) == ["app", "language", "site", "stdlib"]


def test_another_clone_takes_what_was_compiled_here_but_for_the_app(
    compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And needs no wheel for it."""
    python_bundle.build(NODE)
    compiled = (python_bundle.OUT / "site.bin").read_bytes()
    compiler.asked.clear()
    monkeypatch.setattr(python_bundle, "OUT", tmp_path / "another" / "out")
    monkeypatch.setattr(python_bundle, "obtain", None)
    python_bundle.build(NODE)
    assert list(compiler.asked) == ["app"]
    assert (python_bundle.OUT / "site.bin").read_bytes() == compiled


def test_a_compilation_that_fails_leaves_the_old_bundle_and_is_tried_again(compiler: Compiler) -> None:
    python_bundle.build(NODE)
    before = (python_bundle.OUT / "app.bin").read_text()
    module(paths.ROOT, "another.py", "")
    compiler.fails = True
    for _ in range(2):
        with pytest.raises(StepFailed):
            python_bundle.build(NODE)
        assert (python_bundle.OUT / "app.bin").read_text() == before
    compiler.fails = False
    python_bundle.build(NODE)
    assert "another.py" in (python_bundle.OUT / "app.bin").read_text()


def test_a_bundle_that_was_put_there_but_not_noted_isnt_taken_for_the_one_before(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped at the wrong moment, and then the edit is taken back."""
    python_bundle.build(NODE)
    before = (python_bundle.OUT / "app.bin").read_text()
    module(paths.ROOT, "another.py", "")
    with monkeypatch.context() as stopped:
        stopped.setattr(Stamp, "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            python_bundle.build(NODE)
    assert (python_bundle.OUT / "app.bin").read_text() != before
    (paths.ROOT / "orion_py" / "another.py").unlink()
    python_bundle.build(NODE)
    assert (python_bundle.OUT / "app.bin").read_text() == before


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def printed(compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the boot check prints, the next last; an empty list is never run."""
    python_bundle.build(NODE)
    answers: list[str] = []
    monkeypatch.setattr(python_bundle, "run", lambda command, **_: answers.pop())
    return answers


def test_python_is_booted_once_for_each_state_of_the_bundles(
    printed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    report = "a warning\n" + json.dumps({"modules": 70, "boot_ms": 900}) + "\n"
    printed.append(report)
    python_bundle.check(NODE)
    assert "70 modules of orion_py import; boot 900 ms under Node" in capsys.readouterr().err
    python_bundle.check(NODE)
    (python_bundle.OUT / "app.bin").write_text("changed")
    printed.append(report)
    python_bundle.check(NODE)
    assert printed == []


@pytest.mark.parametrize("text", ["", "Segmentation fault", "[1"])
def test_a_boot_without_a_report_has_failed_and_is_tried_again(printed: list[str], text: str) -> None:
    printed += [text, text]
    for _ in range(2):
        with pytest.raises(BuildError, match="The boot check printed no report:") as said:
            python_bundle.check(NODE)
        assert text in str(said.value)
    assert not Stamp(python_bundle.OUT / "boot.stamp").path.exists()
