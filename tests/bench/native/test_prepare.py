"""Native llama.cpp: built from the locks alone, or skipped with the reason."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from bench.native import prepare
from bench.native.prepare import REQUIREMENTS, SOURCE, interpreter, tools, unpack
from build_support.errors import EnvironmentFailed
from build_support.lockfile import parse
from tests.build_support.index import borrow_pip, index


def test_every_locked_package_has_hashes_and_the_source_exactly_one() -> None:
    for lock in (REQUIREMENTS, SOURCE):
        packages = parse(lock)
        assert packages
        assert all(package.hashes for package in packages)
    assert SOURCE.read_text().count("--hash=") == 1


def test_what_cannot_be_built_is_a_reason_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))

    def fail(home: Path) -> None:
        raise EnvironmentFailed("The compiler can't be had.", "Connect to the network.")

    monkeypatch.setattr(prepare, "make", fail)
    assert interpreter() == (
        None,
        "llama.cpp couldn't be built here: The compiler can't be had. Connect to the network.",
    )


def test_a_lock_that_the_index_cannot_serve_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    borrow_pip(monkeypatch)
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"nobody==1 --hash=sha256:{'0' * 64}")
    monkeypatch.setattr(prepare, "REQUIREMENTS", lock)
    with index(tmp_path / "index", monkeypatch):
        python, reason = interpreter()
    assert python is None
    assert "nobody==1" in reason
    assert [path.suffix for path in prepare.folder().iterdir()] == [".lock"]


def archive(folder: Path, names: list[str]) -> Path:
    path = folder / "source.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"ok"))
    return path


def test_the_source_is_unpacked_and_climbs_nowhere(tmp_path: Path) -> None:
    unpack(archive(tmp_path, ["package-1.0/llama_cpp/__init__.py"]), tmp_path / "work")
    assert (tmp_path / "work" / "source" / "llama_cpp" / "__init__.py").read_text() == "ok"
    with pytest.raises(EnvironmentFailed, match="can't be unpacked"):
        unpack(archive(tmp_path, ["package-1.0/a", "../../outside"]), tmp_path / "again")
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.skipif(os.name == "nt", reason="scripts of a POSIX shell")
def test_cmake_gets_one_program_for_each_tool_of_zig(tmp_path: Path) -> None:
    site = tmp_path / "with space"
    (site / "ziglang").mkdir(parents=True)
    zig = site / "ziglang" / "zig"
    zig.write_text('#!/bin/sh\necho "$@"\n')
    zig.chmod(0o755)
    options = dict(option.removeprefix("-D").split("=", 1) for option in tools(site, tmp_path))
    assert sorted(options) == ["CMAKE_AR", "CMAKE_CXX_COMPILER", "CMAKE_C_COMPILER", "CMAKE_RANLIB"]
    said = subprocess.run([options["CMAKE_CXX_COMPILER"], "-c", "a b.cpp"], capture_output=True, text=True)
    assert said.stdout == "c++ -c a b.cpp\n"
