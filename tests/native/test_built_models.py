"""A model that was built here and isn't listed can be asked for; it changes nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from orion_py.native.built_models import with_built_models
from orion_py.registry.load import parse_registry
from tests.model_foundry.built import built
from tests.model_foundry.importing.test_families import quantized

ROOT = Path(__file__).parents[2]


def test_a_built_model_that_is_not_listed_gets_an_entry(tmp_path: Path) -> None:
    manifest = built(tmp_path, quantized("gemma"))
    text = (ROOT / "models.json").read_text("utf-8")
    before, after = parse_registry(text), parse_registry(with_built_models(text, tmp_path))
    assert after.models[: len(before.models)] == before.models
    assert after.agents == before.agents
    entry = after.model("tiny")
    assert (entry.family, entry.licence, entry.manifest) == ("gemma", "Apache-2.0", "models/tiny/manifest.json")
    assert entry.download_bytes == sum(shard.size for shard in manifest.shards)
    assert entry.memory_bytes > entry.download_bytes


def test_listed_models_other_manifests_and_faulty_registries_stay_as_they_are(tmp_path: Path) -> None:
    text = (ROOT / "models.json").read_text("utf-8")
    for name in ("smollm2-135m-instruct", "broken"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}")
    assert parse_registry(with_built_models(text, tmp_path)) == parse_registry(text)
    for faulty in ("no json", "[]", '{"models": 3}', json.dumps({"models": [{}]})):
        assert with_built_models(faulty, tmp_path) == faulty
