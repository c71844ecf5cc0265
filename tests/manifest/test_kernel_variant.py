"""Which models our own kernel is given: all that it computes, without their being made anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from model_foundry.model.description import Linear
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest
from tests.kernel.models import Form, Recipe, Stored
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel
from tests.tiny import manifest

KINDS = gguf.GGMLQuantizationType


def made(folder: Path, **changes: Any) -> Manifest:
    return built(folder, imported(folder, TinyModel(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"architecture": "qwen2", "pre_tokenizer": "qwen2", "biases": True, "tied": False},
        {"architecture": "qwen3", "pre_tokenizer": "qwen2", "head_dim": 32, "head_norms": True},
        {"linear": KINDS.Q8_0},
        {"linear": KINDS.Q5_0},
        {"linear": KINDS.Q4_0, "tied": False},
        {"linear": KINDS.F16},
        {"linear": KINDS.Q4_1, "value": KINDS.Q8_0},
    ],
)
def test_models_that_were_made_before_it_run_on_it(tmp_path: Path, changes: dict[str, Any]) -> None:
    whole = made(tmp_path, **changes)
    variant = kernel_variant(whole)
    assert variant is not None
    assert (variant.engine, variant.backend, variant.exact, variant.max_draft_tokens) == ("kernel", "wasm", False, 8)
    needed = whole.shards_for(variant)
    assert {shard.role for shard in needed} == {shard.role for shard in whole.shards} - {"graph"}


def test_a_variant_that_the_manifest_names_is_taken_as_it_is() -> None:
    named = {"id": "ours", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.01}
    whole = manifest(variants=[named])
    assert kernel_variant(whole) == whole.variants[0]
    assert whole.shards_for(whole.variants[0])


def test_a_model_without_described_tensors_has_none() -> None:
    assert kernel_variant(manifest()) is None


def changed(whole: Manifest, change: Callable[[dict[str, Any]], object]) -> Manifest:
    data = json.loads(whole.model_dump_json())
    change(data)
    return parse_manifest(json.dumps(data))


def tensor(data: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(t for shard in data["shards"] for t in shard["tensors"] if t["name"] == name)
    return found


def without(name: str) -> Callable[[dict[str, Any]], object]:
    def change(data: dict[str, Any]) -> None:
        data["variants"] = data["variants"][1:2]  # the exact one needs no expansion
        for shard in data["shards"]:
            shard["tensors"] = [t for t in shard["tensors"] if t["name"] != name]

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["architecture"].update(hidden_size=48),
        lambda data: data["architecture"].update(ffn_size=100),
        lambda data: data["architecture"].update(head_dim=12),
        lambda data: data["architecture"].update(kv_heads=3),
        lambda data: data["architecture"].update(layers=3),
        lambda data: data["architecture"].update(vocab_size=261),
        lambda data: data["architecture"].update(tied_embeddings=False),
        lambda data: tensor(data, "final_norm").update(shape=[16, 4]),
        lambda data: tensor(data, "final_norm").update(dtype="I32"),
        lambda data: tensor(data, "embedding.q8").update(dtype="I8"),
        lambda data: tensor(data, "layers.0.mlp.up.scale").update(dtype="BF16"),
        without("layers.1.mlp_norm"),
        without("layers.0.attention.qkv.scale"),
    ],
)
def test_what_it_does_not_compute_it_is_not_given(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    whole = made(tmp_path)
    assert kernel_variant(whole) is not None
    assert kernel_variant(changed(whole, change)) is None


def test_norms_behind_have_to_be_there_where_the_model_has_them() -> None:
    stored = Stored.of(Recipe(sizes={"post_norms": True}).model())
    whole = Manifest.model_construct(architecture=stored.architecture, shards=stored.shards, variants=())
    assert kernel_variant(whole) is not None
    without_them = Stored.of(Recipe().model())
    lacking = Manifest.model_construct(architecture=stored.architecture, shards=without_them.shards, variants=())
    assert kernel_variant(lacking) is None


def test_a_model_that_lacks_one_of_its_norms_is_not_computed_without_it(tmp_path: Path) -> None:
    whole = made(tmp_path, architecture="qwen3", pre_tokenizer="qwen2", head_norms=True)
    for name in ("layers.1.attention.query_norm", "layers.0.attention.key_norm"):
        assert kernel_variant(changed(whole, without(name))) is None


@pytest.mark.parametrize(("floats", "runs"), [(("gate",), False), (("gate", "up"), True)])
def test_gate_and_up_are_both_floats_or_both_in_blocks(floats: tuple[str, ...], runs: bool) -> None:
    model = Recipe().model()
    dense = Linear(Form(None).matrix(np.random.default_rng(1), 96, 64), None)
    layers = tuple(replace(layer, **dict.fromkeys(floats, dense)) for layer in model.layers)
    stored = Stored.of(replace(model, layers=layers))
    whole = Manifest.model_construct(architecture=stored.architecture, shards=stored.shards, variants=())
    assert (kernel_variant(whole) is not None) is runs


@pytest.mark.model
def test_the_real_model_runs_on_it_without_its_graphs(lite_manifest: Path) -> None:
    whole = parse_manifest(lite_manifest.read_bytes())
    variant = kernel_variant(whole)
    assert variant is not None
    saved = sum(shard.size for shard in whole.shards) - sum(shard.size for shard in whole.shards_for(variant))
    assert saved > 1_000_000
