"""Where downloads are kept: the folder that is named, the system's own, or one below the home folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from build_support import paths


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORION_CACHE", raising=False)


def test_a_folder_that_is_named_is_taken_from_wherever_it_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORION_CACHE", "downloads")
    assert paths.cache() == tmp_path.resolve() / "downloads"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("ORION_CACHE", "~/mine")
    assert paths.cache() == tmp_path.resolve() / "mine"


@pytest.mark.skipif(sys.platform != "linux", reason="the variable is of Linux")
@pytest.mark.parametrize("missing", [(), ("platformdirs",)], ids=["in the environment", "outside, with pip"])
def test_else_it_is_the_users_cache_folder_inside_the_environment_and_outside(
    missing: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    assert paths.cache() == tmp_path / "orion-inference"


def test_a_python_without_pip_takes_a_folder_below_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    monkeypatch.setitem(sys.modules, "pip._vendor", None)
    assert paths.cache() == tmp_path / ".cache" / "orion-inference"
