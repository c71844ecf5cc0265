"""Every variant's graphs compute what the reference computes: in chunks, token by token, in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest

from model_foundry.graphs.variants import VARIANTS
from model_foundry.graphs.weights import StoredWeights
from model_foundry.model.description import Linear, ModelDescription
from model_foundry.model.weights import Affine, Matrix, Symmetric
from model_foundry.reference.llama import ReferenceModel
from model_foundry.sharding.content_folder import ContentFolder
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard
from orion_py.native.runtime import NativeRuntime, NativeSession
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel

TOKENS = [7, 200, 33, 259, 5, 90, 91, 17, 140, 62, 8, 77, 3, 250, 41]
EXACT = [plan.id for plan in VARIANTS if plan.exact]
ALL = [plan.id for plan in VARIANTS]
LOGIT_TOLERANCE = {True: 2e-5, False: 0.25}
"""Largest difference of a logit; tiny models have logits of about 1 and no redundancy to hide in."""


async def opened(folder: Path, manifest: Manifest, variant: str) -> NativeSession:
    chosen = manifest.variant(variant)
    session = await NativeRuntime(folder / "shards").open(manifest, chosen, 1, 48)
    for shard in manifest.shards_for(chosen):
        await session.feed(shard)
    await session.build()
    return session


async def check(folder: Path, model: ModelDescription, variant: str) -> None:
    """Prefill, prefill on a past, single steps, and a tail taken back, all against the reference."""
    manifest = built(folder, model)
    session = await opened(folder, manifest, variant)
    expected = ReferenceModel(model).forward(TOKENS)
    tolerance = LOGIT_TOLERANCE[manifest.variant(variant).exact]
    for first, end in ((0, 6), (6, 11), (11, 12), (12, 13), (4, 9), (9, 15)):
        logits = await session.forward(TOKENS[first:end], first)
        np.testing.assert_allclose(logits, expected[end - 1], atol=tolerance, err_msg=f"{first}:{end}")
    await session.close()


@pytest.mark.parametrize("variant", ALL)
async def test_a_variant_computes_the_reference(tmp_path: Path, variant: str) -> None:
    await check(tmp_path, imported(tmp_path, TinyModel()), variant)


@pytest.mark.parametrize("variant", ALL)
async def test_a_head_of_its_own_is_used(tmp_path: Path, variant: str) -> None:
    await check(tmp_path, imported(tmp_path, TinyModel(tied=False, seed=5)), variant)


@pytest.mark.parametrize("variant", EXACT)
async def test_a_qwen2_file_with_mixed_types_runs(tmp_path: Path, variant: str) -> None:
    kinds = gguf.GGMLQuantizationType
    tiny = TinyModel(architecture="qwen2", biases=True, linear=kinds.Q5_0, value=kinds.Q4_1, tied=False)
    await check(tmp_path, imported(tmp_path, tiny), variant)


QWEN3 = TinyModel(architecture="qwen3", pre_tokenizer="qwen2", head_dim=32, head_norms=True, seed=5)


@pytest.mark.parametrize("variant", ALL)
async def test_norms_of_queries_and_keys_are_computed(tmp_path: Path, variant: str) -> None:
    await check(tmp_path, imported(tmp_path, QWEN3), variant)


@pytest.mark.parametrize("variant", EXACT)
async def test_biases_are_added(tmp_path: Path, variant: str) -> None:
    model = imported(tmp_path, TinyModel())
    bias = np.random.default_rng(3).normal(0, 1, 128).astype(np.float32)
    layers = tuple(replace(layer, qkv=Linear(layer.qkv.weight, bias)) for layer in model.layers)
    await check(tmp_path, replace(model, layers=layers), variant)


@pytest.mark.parametrize("variant", EXACT)
async def test_every_query_head_may_have_its_own_key_head(tmp_path: Path, variant: str) -> None:
    await check(tmp_path, imported(tmp_path, TinyModel(kv_heads=4)), variant)


def requantized(matrix: Matrix, bits: int, affine: bool) -> Matrix:
    """A random matrix of that shape, in that form."""
    n, k = matrix.shape
    random = np.random.default_rng(bits + 10 * affine)
    step = 2.0 / 2**bits * k**-0.5
    scale = (random.uniform(0.5, 1, (n, k // 32)) * step).astype(np.float16)
    quants = random.integers(0, 2**bits, (n, k))
    if affine:
        return Affine(bits, quants.astype(np.uint8), scale, (-scale * 2 ** (bits - 1)).astype(np.float16))
    return Symmetric(bits, (quants - 2 ** (bits - 1)).astype(np.int8), scale)


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize("tied", [True, False])
async def test_every_width_and_form_of_weights_runs(tmp_path: Path, variant: str, tied: bool) -> None:
    model = imported(tmp_path, TinyModel(layers=2, tied=tied))
    forms = iter(
        [(2, True), (3, False), (4, False), (5, True), (8, True), (2, False), (3, True), (5, False), (6, True)]
    )

    def drawn(linear: Linear) -> Linear:
        return Linear(requantized(linear.weight, *next(forms, (6, False))))

    layers = tuple(
        replace(
            layer,
            qkv=drawn(layer.qkv),
            attention_output=drawn(layer.attention_output),
            gate=drawn(layer.gate),
            up=drawn(layer.up),
            down=drawn(layer.down),
        )
        for layer in model.layers
    )
    head = None if model.head is None else requantized(model.head, 6, False)
    table = requantized(model.embedding, 4 if tied else 5, tied)
    await check(tmp_path, replace(model, layers=layers, embedding=table, head=head), variant)


@pytest.mark.parametrize("tiny", [TinyModel(), TinyModel(architecture="qwen2", biases=True, tied=False, seed=5), QWEN3])
async def test_verified_rows_are_single_steps_to_the_bit(tmp_path: Path, tiny: TinyModel) -> None:
    manifest = built(tmp_path, imported(tmp_path, tiny))
    session = await opened(tmp_path, manifest, "wasm-int8")
    most = manifest.variant("wasm-int8").prefill.verifies
    text = [int(token) for token in np.random.default_rng(8).integers(0, 260, 40)]
    start = 7
    await session.forward(text[:start], 0)
    alone = [await session.forward([token], start + step) for step, token in enumerate(text[start:])]
    position = start
    for count in (2, most, 1, 3, most, 5):
        rows = await session.verify(text[position : position + count], position)
        assert rows.shape == (count, manifest.architecture.vocab_size)
        np.testing.assert_array_equal(rows, alone[position - start : position - start + count])
        position += count
    # What was rejected leaves nothing behind: a step after other drafts is what it was.
    await session.verify([text[20], 1, 2, 3], 20)
    np.testing.assert_array_equal(await session.forward([text[21]], 21), alone[21 - start])


async def test_a_prompt_after_verified_rows_reads_them(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    session = await opened(tmp_path, built(tmp_path, model), "wasm-int8")
    await session.forward(TOKENS[:4], 0)
    await session.verify(TOKENS[4:9], 4)
    logits = await session.forward(TOKENS[9:], 9)
    np.testing.assert_allclose(logits, ReferenceModel(model).forward(TOKENS)[-1], atol=LOGIT_TOLERANCE[False])


@pytest.mark.parametrize("variant", ["wasm-int8", "wasm-exact"])
@pytest.mark.parametrize("tiny", [TinyModel(layers=4), TinyModel(layers=3, tied=False, seed=5)])
async def test_stages_compute_what_one_graph_does_to_the_bit(tmp_path: Path, variant: str, tiny: TinyModel) -> None:
    staged = built(tmp_path, imported(tmp_path, tiny))
    assert len(staged.variant(variant).prefill.stages) == (3 if tiny.layers == 4 else 2)
    sessions = [await opened(tmp_path, manifest, variant) for manifest in (staged, in_one_graph(staged, tmp_path))]
    for first, end in ((0, 6), (6, 11), (4, 15)):
        ours, whole = [await session.forward(TOKENS[first:end], first) for session in sessions]
        np.testing.assert_array_equal(ours, whole)
    if staged.variant(variant).prefill.verifies:
        ours, whole = [await session.verify(TOKENS[3:9], 3) for session in sessions]
        np.testing.assert_array_equal(ours, whole)
    ours, whole = [await session.forward([7], 9) for session in sessions]
    np.testing.assert_array_equal(ours, whole)


def in_one_graph(manifest: Manifest, folder: Path) -> Manifest:
    """The same with one graph for every prefill, as versions from before there were stages have it."""
    shards, variants = list(manifest.shards), []
    for plan, variant in zip(VARIANTS, manifest.variants, strict=True):
        weights = StoredWeights(manifest.shards, variant.expansions, variant.widenings)
        data = plan.prefill.build("decoder", manifest.architecture, weights, range(manifest.architecture.layers))
        sha256 = ContentFolder(folder / "shards").put(data)
        if sha256 not in {shard.sha256 for shard in shards}:
            shards.append(Shard(sha256=sha256, size=len(data), role="graph"))
        prefill = variant.prefill.model_copy(update={"graph": sha256, "stages": ()})
        variants.append(variant.model_copy(update={"prefill": prefill}))
    return manifest.model_copy(update={"shards": tuple(shards), "variants": tuple(variants)})


async def test_int8_is_close_in_distribution(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel(layers=3))
    session = await opened(tmp_path, built(tmp_path, model), "wasm-int8")
    expected = ReferenceModel(model).forward(TOKENS)[-1]
    await session.forward(TOKENS[:-1], 0)
    measured = await session.forward(TOKENS[-1:], len(TOKENS) - 1)
    p, q = np.exp(expected - expected.max()), np.exp(measured - measured.max())
    p, q = p / p.sum(), q / q.sum()
    assert float(np.sum(p * np.log(p / q))) < 3e-3


async def test_the_context_may_be_filled_to_its_end(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    manifest = built(tmp_path, model)
    tokens = [(7 * n) % 260 for n in range(48)]
    expected = ReferenceModel(model).forward(tokens)[-1]
    for variant in EXACT:
        session = await opened(tmp_path, manifest, variant)
        await session.forward(tokens[:-1], 0)
        np.testing.assert_allclose(await session.forward(tokens[-1:], 47), expected, atol=2e-5)
