"""Folders of every family answer as transformers does: the reference, and what is built from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model_foundry.commands.folder import LAYERS, TABLES
from model_foundry.equalizing.equalization import Equalization, LayerExponents, equalized
from model_foundry.graphs.variants import VARIANTS
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.model.description import ModelDescription
from model_foundry.quantizing.round_to_nearest import rounding
from model_foundry.reference.llama import ReferenceModel
from model_foundry.sharding.restore import load_manifest, restore
from orion_py.native.tokenizer import NativeTokenizer
from tests.model_foundry.built import RECIPE, built
from tests.model_foundry.folder_gguf import as_gguf
from tests.model_foundry.folders import FAMILIES, NAMES, changed, expected, plan
from tests.model_foundry.graphs.test_variants import opened

TOLERANCE = {True: 2e-5, False: 0.15}
"""Largest difference of a logit, for variants that compute with the source's weights and for int8."""


def quantized(name: str) -> ModelDescription:
    """By the forms that are stored by default, which loses nothing of these models."""
    return plan(FAMILIES / name).load(RECIPE.source, rounding(LAYERS, TABLES))


def farthest(model: ModelDescription, name: str) -> float:
    """The largest difference of the reference's logits from transformers'."""
    answers = expected(name)
    logits = ReferenceModel(model).forward(answers["tokens"])
    return max(float(np.abs(logits[int(at)] - row).max()) for at, row in answers["logits"].items())


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_has_the_logits_of_transformers(name: str) -> None:
    assert farthest(plan(FAMILIES / name).load(RECIPE.source), name) < 2e-5
    assert farthest(quantized(name), name) < 2e-5


@pytest.mark.parametrize("name", ["llama", "qwen2", "qwen3", "smollm3"])
def test_a_gguf_of_the_same_weights_has_the_logits_of_transformers(tmp_path: Path, name: str) -> None:
    model = import_gguf(GgufFile(as_gguf(name, tmp_path / "x.gguf"), exact=True), 64, RECIPE.source)
    whole = plan(FAMILIES / name).architecture
    # That every fourth layer isn't rotated is the format's; the tiny folder leaves out its second one.
    architecture = model.architecture.model_copy(update={"unrotated": whole.unrotated})
    assert architecture == whole
    assert farthest(replace(model, architecture=architecture), name) < 2e-5


@pytest.mark.parametrize("name", NAMES)
async def test_every_variant_of_a_built_model_has_the_logits_of_transformers(tmp_path: Path, name: str) -> None:
    manifest, answers = built(tmp_path, quantized(name)), expected(name)
    tokens = answers["tokens"]
    for variant in manifest.variants:
        session = await opened(tmp_path, manifest, variant.id)
        first = 0
        for at, row in ((int(at), row) for at, row in answers["logits"].items()):
            prefilled = await session.forward(tokens[first : at + 1], first)
            decoded = await session.forward(tokens[at : at + 1], at)
            for logits in (prefilled, decoded):
                np.testing.assert_allclose(logits, row, atol=TOLERANCE[variant.exact], err_msg=f"{variant.id} {at}")
            first = at + 1


@pytest.mark.parametrize("name", NAMES)
def test_tokens_and_template_are_those_of_transformers(name: str) -> None:
    answers = expected(name)
    tokenizer = NativeTokenizer(plan(FAMILIES / name).tokenizer.shard_bytes())
    assert tokenizer.encode(answers["text"]) == answers["ids"]
    assert tokenizer.decode(answers["ids"]) == answers["text"]
    assert tokenizer.render([{"role": "user", "content": answers["text"]}]) == answers["chat"]


async def test_verified_rows_are_single_steps_in_layers_with_windows_too(tmp_path: Path) -> None:
    session = await opened(tmp_path, built(tmp_path, quantized("gemma3")), "wasm-int8")
    tokens = expected("gemma3")["tokens"]
    await session.forward(tokens[:6], 0)
    alone = np.stack([await session.forward([token], 6 + step) for step, token in enumerate(tokens[6:])])
    rows = [await session.verify(tokens[first : first + 6], first) for first in (6, 12, 18)]
    np.testing.assert_array_equal(np.concatenate(rows), alone)


def test_what_tells_the_families_apart_matters(tmp_path: Path) -> None:
    """The fixtures would notice if one of these were left out."""
    gemma, llama3 = plan(FAMILIES / "gemma").load(RECIPE.source), plan(FAMILIES / "llama3").load(RECIPE.source)
    assert farthest(replace(gemma, embedding_scale=None), "gemma") > 0.1
    for model, update in ((gemma, {"activation": "silu"}), (llama3, {"rope_scaling": None})):
        without = replace(model, architecture=model.architecture.model_copy(update=update))
        assert farthest(without, "gemma" if model is gemma else "llama3") > 0.05
    less = tuple(replace(layer, attention_norm=layer.attention_norm - 1) for layer in gemma.layers)
    assert farthest(replace(gemma, layers=less), "gemma") > 0.5
    qwen2 = plan(FAMILIES / "qwen2").load(RECIPE.source)
    unbiased = tuple(replace(layer, qkv=replace(layer.qkv, bias=None)) for layer in qwen2.layers)
    assert farthest(replace(qwen2, layers=unbiased), "qwen2") > 0.1
    qwen3 = plan(FAMILIES / "qwen3").load(RECIPE.source)
    for norm in ("query_norm", "key_norm"):
        assert (
            farthest(replace(qwen3, layers=tuple(replace(layer, **{norm: None}) for layer in qwen3.layers)), "qwen3")
            > 0.1
        )


def test_what_layers_of_one_model_do_differently_matters() -> None:
    smollm3, gemma3 = (plan(FAMILIES / name).load(RECIPE.source) for name in ("smollm3", "gemma3"))
    for model, name, update in (
        (smollm3, "smollm3", {"unrotated": None}),
        (smollm3, "smollm3", {"unrotated": (0,)}),
        (gemma3, "gemma3", {"windows": (10, 0)}),
        (gemma3, "gemma3", {"windows": (9, 9)}),
        (gemma3, "gemma3", {"local_rope_theta": None}),
    ):
        otherwise = replace(model, architecture=model.architecture.model_copy(update=update))
        assert farthest(otherwise, name) > 0.02, update
    for norm in ("attention_post_norm", "mlp_post_norm", "query_norm", "key_norm"):
        less = tuple(replace(layer, **{norm: None}) for layer in gemma3.layers)
        assert farthest(replace(gemma3, layers=less), "gemma3") > 0.05


def test_a_model_with_windows_is_not_built_for_webgpu_unless_its_context_never_leaves_them(tmp_path: Path) -> None:
    assert [variant.backend for variant in built(tmp_path / "a", quantized("gemma3")).variants] == ["wasm", "wasm"]
    short = plan(FAMILIES / "gemma3", 9).load(RECIPE.source, rounding(LAYERS, TABLES))
    variants = built(tmp_path / "b", short).variants
    assert [variant.id for variant in variants] == [variant.id for variant in VARIANTS]


def test_a_built_model_reads_back_with_what_its_family_adds(tmp_path: Path) -> None:
    for name in ("gemma", "qwen2", "qwen3", "smollm3", "gemma3"):
        built(tmp_path / name, quantized(name))
        manifest = load_manifest(tmp_path / name, "tiny")
        assert farthest(restore(manifest, tmp_path / name / "shards"), name) < 2e-5


def test_an_equalized_model_keeps_its_embeddings_scale() -> None:
    one = LayerExponents(qkv=(1,), mlp=(-1,), down=(0, 2))
    equalization = Equalization(layers=(one, one), head=(2,))
    assert farthest(equalized(quantized("gemma"), equalization), "gemma") < 5e-5
    untied = replace(quantized("mistral"), embedding_scale=np.full(32, 2, np.float32))
    after = equalized(untied, equalization).embedding_scale
    assert after is not None
    np.testing.assert_array_equal(after, np.full(32, 2))


def test_the_folder_of_a_sharded_model_reads_as_the_same_model_in_one_file(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    from model_foundry.importing.safetensors_folder import SafetensorsFolder

    sharded = SafetensorsFolder(FAMILIES / "mistral")
    whole = changed(tmp_path / "whole", "mistral")
    for path in whole.glob("*.safetensors*"):
        path.unlink()
    save_file({name: sharded.tensor(name) for name in sharded.tensor_names}, whole / "model.safetensors")
    assert farthest(plan(whole).load(RECIPE.source), "mistral") < 2e-5
