"""How the kernel's compiler comes into the cache, and how its modules are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from build_support import kernel, paths
from build_support.errors import EnvironmentFailed


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "WORK", tmp_path / "work")
    return tmp_path / "cache"


class Runs:
    """Programs that aren't started; pip leaves what it would."""

    def __init__(self, *, fails: bool = False) -> None:
        self.commands: list[list[str]] = []
        self._fails = fails

    def __call__(self, command: Sequence[str | Path], **options: Any) -> str:
        words = [str(word) for word in command]
        self.commands.append(words)
        if "--target" in words:
            program = Path(words[words.index("--target") + 1]) / "ziglang" / "zig"
            program.parent.mkdir(parents=True)
            program.touch()
        if self._fails:
            raise options["error"](options["what"])
        return ""


def test_the_compiler_is_fetched_once_with_its_hash(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    runs = Runs()
    monkeypatch.setattr(kernel, "run", runs)
    first, second = kernel.compiler(), kernel.compiler()
    assert first == second
    assert Path(first[0]).is_relative_to(cache)
    assert len(runs.commands) == 1
    assert {"--require-hashes", "--no-deps", str(kernel.LOCK)} <= set(runs.commands[0])


def test_half_a_compiler_is_not_left_behind(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(kernel, "run", Runs(fails=True))
    with pytest.raises(EnvironmentFailed):
        kernel.compiler()
    assert [path for path in (cache / "zig").iterdir()] == []


def test_a_module_is_compiled_from_all_files_in_one_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs = Runs()
    monkeypatch.setattr(kernel, "run", runs)
    made = kernel.compile_module("relaxed-threads", tmp_path / "out")
    command = runs.commands[-1]
    files = [word for word in command if word.endswith(".c")]
    assert made == tmp_path / "out" / "relaxed-threads.wasm"
    assert files == sorted(files)
    assert {"forward.c", "threads.c"} <= set(files)
    assert {"-DRELAXED", "-mrelaxed-simd", "-DTHREADS", "-Wl,--shared-memory"} <= set(command)


def test_a_plain_module_has_neither_threads_nor_relaxed_simd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs = Runs()
    monkeypatch.setattr(kernel, "run", runs)
    kernel.compile_module("plain", tmp_path)
    assert not {"-DRELAXED", "-mrelaxed-simd", "-DTHREADS", "-matomics"} & set(runs.commands[-1])


def test_all_modules_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(kernel, "compile_module", lambda name, folder: made.append(name))
    assert kernel.build() == 0
    assert made == list(kernel.BUILDS)
