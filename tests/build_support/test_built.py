"""What one clone built another takes from the cache: whole, or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path

import pytest

from build_support import built, models, paths
from build_support.downloads import Source


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def clone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Goes on as the clone in ``folder``."""
    monkeypatch.setattr(paths, "MODELS", folder / "models")
    monkeypatch.setattr(paths, "WORK", folder / "work")
    return folder


def make(bodies: tuple[bytes, ...] = (b"first", b"second")) -> Path:
    """A model in this clone; returns its manifest."""
    (paths.MODELS / "shards").mkdir(parents=True, exist_ok=True)
    shards = []
    for body in bodies:
        sha256 = hashlib.sha256(body).hexdigest()
        (paths.MODELS / "shards" / sha256).write_bytes(body)
        shards.append({"sha256": sha256, "size": len(body)})
    manifest = paths.MODELS / "tiny" / "manifest.json"
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text(json.dumps({"shards": shards}))
    manifest.with_name("MODEL_CARD.md").write_text("card")
    return manifest


def test_a_model_that_one_clone_made_is_whole_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone(tmp_path / "one", monkeypatch)
    built.keep_model("lite", "k" * 64, make())
    clone(tmp_path / "two", monkeypatch)
    assert built.take_model("lite", "other" * 13) is None
    assert built.take_model("lite", "k" * 64) == "tiny"
    assert models.intact(paths.MODELS / "tiny" / "manifest.json")
    assert (paths.MODELS / "tiny" / "MODEL_CARD.md").read_text() == "card"


def test_the_second_clone_converts_nothing_and_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[str] = []

    def convert(name: str, files: list[Path], report: object) -> str:
        converted.append(name)
        return make().parent.name

    monkeypatch.setattr(models, "_convert", convert)
    monkeypatch.setattr(models, "obtain", lambda sources: {source: tmp_path for source in sources})
    monkeypatch.setattr(models, "_makers", lambda name: [])
    monkeypatch.setattr(models, "MODELS", {"lite": Source("lite.gguf", "0" * 64)})
    for name in ("one", "two", "two"):
        clone(tmp_path / name, monkeypatch)
        assert models.intact(models.build("lite"))
    assert converted == ["lite"]


def test_a_damaged_shard_in_the_cache_is_never_served_and_the_cache_is_mended(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converted: list[str] = []

    def convert(name: str, files: list[Path], report: object) -> str:
        converted.append(name)
        return make().parent.name

    monkeypatch.setattr(models, "_convert", convert)
    monkeypatch.setattr(models, "obtain", lambda sources: {source: tmp_path for source in sources})
    monkeypatch.setattr(models, "_makers", lambda name: [])
    monkeypatch.setattr(models, "MODELS", {"lite": Source("lite.gguf", "0" * 64)})
    clone(tmp_path / "one", monkeypatch)
    models.build("lite")
    damaged = next((cache / "built" / "shards").iterdir())
    damaged.unlink()
    damaged.write_bytes(b"xxxxx")
    for name in ("two", "three"):
        clone(tmp_path / name, monkeypatch)
        assert models.intact(models.build("lite"))
    assert converted == ["lite", "lite"], "the second mends the cache, the third takes from it"


def test_a_bundle_is_taken_whole_or_not_at_all(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "site.bin").write_bytes(b"bundle")
    built.keep_file("site", "k" * 64, tmp_path / "site.bin")
    target = tmp_path / "other" / "site.bin"
    assert built.take_file("site", "k" * 64, target)
    assert target.read_bytes() == b"bundle"
    next((cache / "built").glob("site-*/file")).write_bytes(b"bun")
    target.unlink()
    assert not built.take_file("site", "k" * 64, target)
    assert not target.exists()
    built.keep_file("site", "k" * 64, tmp_path / "site.bin")
    assert built.take_file("site", "k" * 64, target)


def test_old_builds_go_with_what_only_they_needed(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone(tmp_path / "one", monkeypatch)
    for number in range(5):
        built.keep_model("lite", f"{number}" * 64, make((b"shared", b"own %d" % number)))
    assert len(list((cache / "built").glob("lite-*"))) == built.KEPT
    assert len(list((cache / "built" / "shards").iterdir())) == built.KEPT + 1


def test_a_cache_that_cant_be_written_costs_time_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone(tmp_path / "one", monkeypatch)
    manifest = make()

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", refuse)
    built.keep_model("lite", "k" * 64, manifest)
    built.keep_file("site", "k" * 64, manifest)
    monkeypatch.undo()
    assert not list(tmp_path.glob("cache/built/*"))
