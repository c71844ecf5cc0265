"""A public model is built from its folder by one command; where the network doesn't reach it, that says what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from build_support import models, paths, public_folders
from build_support.errors import SourceUnavailable
from build_support.public_folders import FOLDERS, PublicFolder, fetched, place_of
from build_support.server import StaticServer
from tests.model_foundry.seeing.folder import SMOLVLM

FILES = ("config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json")
NAME = "seer"


def silent(what: str) -> None: ...


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StaticServer]:
    """A hub that has the tiny model, and a clone whose table names it."""
    here = tmp_path / "hub" / "someone" / "seer" / "resolve" / "v1"
    shutil.copytree(SMOLVLM, here)
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "WORK", tmp_path / "work")
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    monkeypatch.setattr(models, "_makers", lambda name: [])
    template = "chat_template.jinja" if (SMOLVLM / "chat_template.jinja").is_file() else "chat_template.json"
    source = PublicFolder("someone/seer", "v1", "Apache-2.0", (*FILES, template, "model.safetensors"))
    monkeypatch.setitem(FOLDERS, NAME, source)
    with StaticServer(tmp_path / "hub") as server:
        monkeypatch.setattr(public_folders, "HUB", server.url.rstrip("/"))
        yield server


def test_one_command_fetches_and_builds_it_and_the_next_does_nothing(hub: StaticServer) -> None:
    assert models.check_names([NAME]) == [NAME]
    manifest = models.build(NAME)
    assert manifest == paths.MODELS / NAME / "manifest.json"
    assert models.made(NAME)
    served = models.files(manifest)
    assert {f"{NAME}/manifest.json", f"{NAME}-eyes/manifest.json"} <= set(served)
    assert all(path.is_file() for path in served.values())
    asked = len(hub.requests())
    assert models.build(NAME) == manifest
    assert len(hub.requests()) == asked


def test_a_model_whose_encoder_was_damaged_is_built_again() -> None:
    manifest = models.build(NAME)
    encoder = json.loads((paths.MODELS / f"{NAME}-eyes" / "manifest.json").read_text("utf-8"))
    weights = next(shard["sha256"] for shard in encoder["shards"] if shard["role"] == "weights")
    (paths.MODELS / "shards" / weights).write_bytes(b"damaged")
    assert not models.intact(manifest)
    models.build(NAME)
    assert models.intact(manifest)


def test_a_download_that_broke_off_goes_on_where_it_was(hub: StaticServer) -> None:
    size = (SMOLVLM / "model.safetensors").stat().st_size
    hub.faults.truncate("*/model.safetensors", after=size // 2)
    with pytest.raises(SourceUnavailable, match="couldn't be downloaded"):
        fetched(NAME, silent)
    hub.faults.clear()
    folder = fetched(NAME, silent)
    assert (folder / "model.safetensors").read_bytes() == (SMOLVLM / "model.safetensors").read_bytes()
    assert [request.status for request in hub.requests("*/model.safetensors")][-1] == 206


def test_without_the_network_it_says_where_to_put_the_files_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_folders, "HUB", "http://127.0.0.1:9")
    with pytest.raises(SourceUnavailable, match=r"seer couldn't be downloaded from .*someone/seer") as refused:
        models.build(NAME)
    assert str(place_of(NAME)) in refused.value.remedy
    assert "model.safetensors" in refused.value.remedy
    shutil.copytree(SMOLVLM, place_of(NAME), dirs_exist_ok=True)
    assert models.intact(models.build(NAME)), "put there by hand"


def test_a_folder_that_the_hub_no_longer_has_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FOLDERS, NAME, PublicFolder("someone/gone", "v1", "Apache-2.0", FILES))
    with pytest.raises(SourceUnavailable, match="answers 404 for someone/gone"):
        fetched(NAME, silent)


def test_files_that_changed_since_they_were_fetched_are_refused() -> None:
    folder = fetched(NAME, silent)
    (folder / "config.json").write_text("{}", "utf-8")
    with pytest.raises(SourceUnavailable, match=r"config\.json of seer isn't what was fetched at first"):
        fetched(NAME, silent)
