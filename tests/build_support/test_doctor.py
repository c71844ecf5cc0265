"""``build.py doctor``: before anything is set up, it says what is missing and whether that can be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from build_support import browser, doctor
from build_support.doctor import Finding
from build_support.lockfile import parse
from tests.build_support.index import Index, index, only

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
"""A Python that has none of our packages."""
BROWSER = """#!/bin/sh
case "$*" in *--version*) echo "Chromium 200.0";; *) echo "<html><p>up</p></html>";; esac
"""
BROKEN = """#!/bin/sh
echo "chrome: error while loading shared libraries: libnss3.so: cannot open shared object file" >&2
exit 127
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the browser is a shell script")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh clone, in a folder whose name isn't plain ASCII, with a browser beside it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    root = tmp_path / "un clone à neuf"
    for name in listed.split("\0"):
        wanted = name.startswith(("build", "model_foundry", "orion_py", "require", "package", "pyproject"))
        if wanted and (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    program(tmp_path, BROWSER, monkeypatch)
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return root


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with index(tmp_path / "index", monkeypatch) as made:
        made.add("setuptools", "99.0")
        yield made


def program(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "chromium"
    path.write_text(text)
    path.chmod(0o755)
    monkeypatch.setenv("ORION_CHROMIUM", str(path))


def run(clone: Path) -> tuple[int, str]:
    done = subprocess.run(
        [OUTSIDE, "build.py", "doctor"], cwd=clone, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_in_a_fresh_clone_it_says_what_would_be_fetched_and_changes_nothing(clone: Path, packages: Index) -> None:
    before = sorted(clone.rglob("*"))
    code, said = run(clone)
    assert code == 0, said
    pinned = len(parse(ROOT / "requirements.lock"))
    assert f"fetch  .venv isn't made yet: {pinned} locked Python packages (" in said
    assert "fetch  npm packages: " in said
    assert "fetch  model lite: not made yet, what it is made of is to be fetched (98 MB)" in said
    assert "ok  Chromium 200.0 starts" in said
    assert "ok  the Python package index answers" in said
    assert "To fetch: about " in said
    assert " MB free" in said or " GB free" in said
    assert " cores" in said
    assert said.endswith("serve and test can run.\n")
    assert sorted(clone.rglob("*")) == before
    assert not (clone.parent / "cache").exists()


def test_without_a_network_a_fresh_clone_cant_run_and_the_reason_is_said(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("http://127.0.0.1:9/simple/", monkeypatch)
    code, said = run(clone)
    assert code == 1
    assert "missing  the Python package index doesn't answer: " in said
    assert "Connection refused" in said
    assert "Connect to a network that reaches the Python package index" in said
    assert "serve or test can't run: the Python package index doesn't answer" in said


def test_a_browser_that_doesnt_start_is_said_with_what_it_lacks(
    clone: Path, packages: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, BROKEN, monkeypatch)
    code, said = run(clone)
    assert code == 1
    assert "doesn't start: " in said
    assert "Install the system package with libnss3.so" in said


def test_packages_that_differ_from_the_lock_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("pytest==0.1 --hash=sha256:00\nnobody==1 --hash=sha256:00\nwindows-only==1 ; sys_platform == 'x'\n")
    (found,) = doctor.packages(Path(sys.executable), lock)
    assert found.state == "fetch"
    assert (
        f"2 packages aren't those of the lock: pytest {pytest.__version__} (locked: 0.1), nobody missing" in found.what
    )


def test_this_environment_is_as_locked() -> None:
    (found,) = doctor.packages(Path(sys.executable), ROOT / "requirements.lock")
    assert found.state == "ok", found.what


def test_what_cant_be_written_or_has_no_room_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100_000_000))
    assert [finding.state for finding in doctor.room(1_000_000)] == ["ok"] * 3
    full = doctor.room(200_000_000)
    assert full[0] == Finding("missing", f"this folder has 100 MB free, 600 MB are needed: {ROOT}")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert doctor.room(0)[1] == Finding("missing", f"the cache can't be written: {tmp_path / 'cache'}")


def test_one_thing_that_is_missing_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: [Finding("ok", "a"), Finding("fetch", "b", 2_000_000)])
    assert doctor.doctor() == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["      ok  a", "   fetch  b (2 MB)"]
    monkeypatch.setattr(doctor, "examine", lambda: [Finding("missing", "there is no c")])
    assert doctor.doctor() == 1
    assert "serve or test can't run: there is no c." in capsys.readouterr().out


def test_a_browser_that_isnt_there_is_no_crash() -> None:
    version, reason = browser.starts(Path("/nowhere/chromium"))
    assert version == ""
    assert reason is not None
