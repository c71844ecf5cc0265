"""Versions of a built model: kept, chosen, forgotten; shards live as long as a manifest names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_foundry.building.pipeline import Job, build
from model_foundry.building.versions import drop, prune, publish, unused, use, versions
from model_foundry.errors import UnknownVersion
from model_foundry.sharding.layout import ShardCount
from model_foundry.sharding.restore import load_manifest
from orion_py.manifest.manifest import Manifest
from tests.model_foundry.built import RECIPE, imported
from tests.model_foundry.tiny_gguf import TinyModel


def version(folder: Path, name: str, shards: int | None = None) -> Manifest:
    """A version of the tiny model, all of one file of weights."""
    model = imported(folder, TinyModel())
    recipe = RECIPE.model_copy(update={"version": name})
    layout = None if shards is None else ShardCount(shards)
    return build(Job(recipe, lambda progress: model, name, layout=layout), folder, lambda *_: None).manifest


def test_the_newest_is_current_and_older_ones_are_kept(tmp_path: Path) -> None:
    first, second = version(tmp_path, "1.0.0"), version(tmp_path, "1.1.0", shards=2)
    assert load_manifest(tmp_path, "tiny") == second
    listed = {found.version: found for found in versions(tmp_path, "tiny")}
    assert [name for name, found in listed.items() if found.current] == ["1.1.0"]
    kept = Manifest.model_validate_json((tmp_path / "tiny" / "versions" / "1.0.0.json").read_bytes())
    assert kept == first
    assert 0 < listed["1.0.0"].shared < listed["1.0.0"].size
    assert listed["1.1.0"].shared == listed["1.1.0"].size


def test_shards_that_did_not_change_are_shared(tmp_path: Path) -> None:
    first, second = version(tmp_path, "1.0.0"), version(tmp_path, "2.0.0", shards=3)
    common = {shard.sha256 for shard in first.shards} & {shard.sha256 for shard in second.shards}
    assert first.tokenizer in common
    assert {shard.sha256 for shard in first.shards if shard.tensors} <= common  # three parts are three shards anyway


def test_a_kept_version_becomes_current_again_with_its_card(tmp_path: Path) -> None:
    first = version(tmp_path, "1.0.0")
    version(tmp_path, "2.0.0", shards=1)
    assert "# tiny 2.0.0" in (tmp_path / "tiny" / "MODEL_CARD.md").read_text()
    use(tmp_path, "tiny", "1.0.0")
    assert load_manifest(tmp_path, "tiny") == first
    assert "# tiny 1.0.0" in (tmp_path / "tiny" / "MODEL_CARD.md").read_text()
    assert {found.version for found in versions(tmp_path, "tiny")} == {"1.0.0", "2.0.0"}


def test_only_what_no_version_names_is_pruned(tmp_path: Path) -> None:
    first, second = version(tmp_path, "1.0.0"), version(tmp_path, "2.0.0", shards=1)
    assert unused(tmp_path) == {}
    drop(tmp_path, "tiny", "1.0.0")
    alone = {shard.sha256 for shard in first.shards} - {shard.sha256 for shard in second.shards}
    assert set(prune(tmp_path)) == alone
    assert {path.name for path in (tmp_path / "shards").iterdir()} == {shard.sha256 for shard in second.shards}
    assert [found.version for found in versions(tmp_path, "tiny")] == ["2.0.0"]


def test_shards_of_manifests_in_another_format_stay(tmp_path: Path) -> None:
    manifest = version(tmp_path, "1.0.0")
    other = tmp_path / "router"
    other.mkdir()
    sha256 = "ab" * 32
    (tmp_path / "shards" / sha256).write_bytes(b"x")
    (tmp_path / "shards" / "cd").write_bytes(b"not a shard's name")
    assert list(unused(tmp_path)) == [sha256]
    (other / "manifest.json").write_text(f'{{"shards": ["{sha256}"], "of": "{manifest.model}"}}')
    assert unused(tmp_path) == {}


def test_a_manifest_from_before_versions_were_kept_is_kept_too(tmp_path: Path) -> None:
    first = version(tmp_path, "1.0.0")
    for path in (tmp_path / "tiny" / "versions").iterdir():
        path.unlink()
    publish(tmp_path, first.model_copy(update={"version": "2.0.0"}), "card")
    assert {found.version for found in versions(tmp_path, "tiny")} == {"1.0.0", "2.0.0"}


def test_what_cannot_be_chosen_or_forgotten_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownVersion, match="no version of tiny"):
        versions(tmp_path, "tiny")
    manifest = version(tmp_path, "1.0.0")
    with pytest.raises(UnknownVersion, match="current"):
        drop(tmp_path, "tiny", "1.0.0")
    for change in (drop, use):
        with pytest.raises(UnknownVersion, match=r"it has 1\.0\.0"):
            change(tmp_path, "tiny", "3.0.0")
        with pytest.raises(UnknownVersion, match="can't be a version's name"):
            change(tmp_path, "tiny", "../../etc/passwd")
    version(tmp_path, "2.0.0", shards=1)
    (tmp_path / "shards" / manifest.shards[-1].sha256).unlink()
    with pytest.raises(UnknownVersion, match="build it again"):
        use(tmp_path, "tiny", "1.0.0")
