"""Wheels that are kept as they are: by the hashes of a lock, and asked for once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from build_support import downloads
from build_support.errors import SourceUnavailable

BODY = b"the bytes of a wheel"
SHA = hashlib.sha256(BODY).hexdigest()
FILE = "spam_eggs-1.0-py3-none-any.whl"


class Pip:
    """Stands in for pip: leaves ``files`` where it is told to, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.files = {FILE: BODY}

    def run(self, command: Sequence[str], **_: Any) -> str:
        assert "--no-deps" in command
        self.asked.append(command[-1])
        for name, content in self.files.items():
            Path(command[command.index("--dest") + 1], name).write_bytes(content)
        return ""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def pip(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Pip:
    made = Pip()
    monkeypatch.setattr(downloads, "run", made.run)
    return made


def test_a_wheel_is_asked_for_once_and_keeps_its_name(pip: Pip, cache: Path) -> None:
    for _ in range(2):
        assert downloads.whole_wheel("spam-eggs", "1.0", ["0" * 64, SHA]) == (FILE, cache / "files" / SHA)
    assert (cache / "files" / SHA).read_bytes() == BODY
    assert pip.asked == ["spam-eggs==1.0"]
    assert not any((cache / "wheels").iterdir())


def test_a_wheel_whose_name_was_lost_is_asked_for_again(pip: Pip, cache: Path) -> None:
    downloads.whole_wheel("spam-eggs", "1.0", [SHA])
    (cache / "wheel-names" / SHA).unlink()
    assert downloads.whole_wheel("spam-eggs", "1.0", [SHA])[0] == FILE
    assert len(pip.asked) == 2


def test_a_wheel_that_the_lock_doesnt_name_is_refused_and_not_kept(pip: Pip, cache: Path) -> None:
    with pytest.raises(SourceUnavailable, match=rf"{FILE} isn't what the lock says \(sha256 {SHA[:16]}…\)"):
        downloads.whole_wheel("spam-eggs", "1.0", ["0" * 64])
    assert not (cache / "files").exists()
    assert not any((cache / "wheels").iterdir())


@pytest.mark.parametrize("files", [{}, {"spam_eggs-1.0.tar.gz": BODY}, {"spam_eggs-1.0.1-py3-none-any.whl": BODY}])
def test_a_package_without_that_wheel_says_so(pip: Pip, cache: Path, files: dict[str, bytes]) -> None:
    pip.files = files
    with pytest.raises(SourceUnavailable, match=r"the package spam-eggs==1\.0 has no wheel"):
        downloads.whole_wheel("spam-eggs", "1.0", [SHA])


def test_a_cache_that_cant_be_written_is_said_with_the_way_out(
    pip: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "a file" / "cache"))
    with pytest.raises(SourceUnavailable, match="spam-eggs can't be kept") as said:
        downloads.whole_wheel("spam-eggs", "1.0", [SHA])
    assert "name another folder for downloads in ORION_CACHE" in said.value.remedy
    assert pip.asked == []
