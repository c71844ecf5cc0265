"""Weights that are stored as floats: the numbers of the source, or the nearest of 16 bits, on every backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as drawn_arrays
from safetensors.numpy import load_file, save_file

from model_foundry import cli
from model_foundry.errors import UnknownScheme, UnquantizableMatrix
from model_foundry.exporting.hf_folder import write_folder
from model_foundry.importing.hf_folder import as_stored, plan_folder
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.model.description import Linear, ModelDescription
from model_foundry.model.weights import Dense, Float32, Symmetric
from model_foundry.quantizing.plan import QuantizationPlan
from model_foundry.quantizing.quantize import quantize
from model_foundry.quantizing.scheme import Floats, parse_scheme
from model_foundry.reference.llama import ReferenceModel
from model_foundry.sharding.restore import load_manifest, restore
from model_foundry.sharding.shard_matrices import precision
from model_foundry.sharding.stored import weight_bytes
from orion_py.manifest.manifest import Manifest
from tests.model_foundry.built import RECIPE, built, imported
from tests.model_foundry.folders import FAMILIES, NAMES, changed, expected, plan
from tests.model_foundry.graphs.test_variants import TOKENS, check, in_one_graph, opened
from tests.model_foundry.tiny_gguf import TinyModel

IDS = ["wasm-int8", "wasm-exact", "webgpu-exact"]
TINY = {
    "tied": TinyModel(layers=3),
    "untied": TinyModel(tied=False, seed=5),
    "biased": TinyModel(architecture="qwen2", biases=True, tied=False, seed=6),
}


def quiet(what: str, done: int, total: int) -> None: ...


def in_floats(model: ModelDescription, scheme: str, *overrides: str) -> ModelDescription:
    return quantize(model, QuantizationPlan.of(parse_scheme(scheme), "rtn", overrides), "", quiet)


def random(model: ModelDescription) -> ModelDescription:
    """``model`` with matrices of its shapes that lie on no grid, as floats of 32 bits."""
    draw = np.random.default_rng(11)

    def matrix(n: int, k: int) -> Dense:
        return Dense(draw.normal(0, k**-0.5, (n, k)).astype(np.float32))

    def linear(old: Linear) -> Linear:
        return replace(old, weight=matrix(*old.weight.shape))

    layers = tuple(
        replace(
            layer,
            **{f: linear(getattr(layer, f)) for f in ("qkv", "attention_output", "gate", "up", "down")},
        )
        for layer in model.layers
    )
    head = None if model.head is None else matrix(*model.head.shape)
    return replace(model, layers=layers, embedding=matrix(*model.embedding.shape), head=head)


@pytest.mark.parametrize("variant", IDS)
@pytest.mark.parametrize("scheme", ["f16", "f32"])
@pytest.mark.parametrize("tiny", TINY)
async def test_a_variant_computes_the_reference(tmp_path: Path, tiny: str, scheme: str, variant: str) -> None:
    await check(tmp_path, in_floats(random(imported(tmp_path, TINY[tiny])), scheme), variant)


@pytest.mark.parametrize("variant", IDS)
@pytest.mark.parametrize(
    "overrides",
    [
        ("embedding=f16",),
        ("layers.*.mlp.down=f32", "layers.1.*=f16", "layers.0.attention.qkv=q3"),
        ("embedding=f32", "layers.*=f16", "layers.0.mlp.up=q8"),
    ],
)
async def test_floats_and_blocks_go_together(tmp_path: Path, overrides: tuple[str, ...], variant: str) -> None:
    await check(tmp_path, in_floats(random(imported(tmp_path, TINY["tied"])), "q4", *overrides), variant)


async def test_rows_may_have_a_length_that_no_block_divides(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    draw = np.random.default_rng(2)

    def cut(linear: Linear, n: int, k: int) -> Linear:
        return Linear(Dense(draw.normal(0, k**-0.5, (n, k)).astype(np.float32)))

    layers = tuple(
        replace(layer, gate=cut(layer.gate, 75, 64), up=cut(layer.up, 75, 64), down=cut(layer.down, 64, 75))
        for layer in random(model).layers
    )
    architecture = model.architecture.model_copy(update={"ffn_size": 75})
    odd = replace(random(model), architecture=architecture, layers=layers)
    for variant in IDS:
        await check(tmp_path, in_floats(odd, "f16"), variant)
    with pytest.raises(UnquantizableMatrix, match="75"):
        in_floats(odd, "q4")


@pytest.mark.parametrize("name", NAMES)
async def test_every_family_has_the_logits_of_transformers(tmp_path: Path, name: str) -> None:
    manifest = built(tmp_path, in_floats(plan(FAMILIES / name).load(RECIPE.source), "f32"))
    answers = expected(name)
    for variant in (variant.id for variant in manifest.variants if variant.exact):
        session, first = await opened(tmp_path, manifest, variant), 0
        for at, row in ((int(at), row) for at, row in answers["logits"].items()):
            logits = await session.forward(answers["tokens"][first : at + 1], first)
            np.testing.assert_allclose(logits, row, atol=2e-5, err_msg=f"{variant} {at}")
            first = at + 1


async def test_drafts_are_verified_to_the_bit_and_stages_are_one_graph_to_the_bit(tmp_path: Path) -> None:
    manifest = built(tmp_path, in_floats(random(imported(tmp_path, TinyModel(layers=4))), "f16"))
    for variant in ("wasm-int8", "wasm-exact"):
        assert len(manifest.variant(variant).prefill.stages) == 3
        both = (manifest, in_one_graph(manifest, tmp_path))
        staged, whole = [await opened(tmp_path, made, variant) for made in both]
        ours, theirs = await staged.forward(TOKENS[:9], 0), await whole.forward(TOKENS[:9], 0)
        np.testing.assert_array_equal(ours, theirs)
    session = await opened(tmp_path, manifest, "wasm-int8")
    await session.forward(TOKENS[:4], 0)
    rows = await session.verify(TOKENS[4:9], 4)
    for step, row in enumerate(rows):
        np.testing.assert_array_equal(row, await session.forward([TOKENS[4 + step]], 4 + step))


def folder(tmp_path: Path, dtype: str, change: Callable[[dict[str, Float32]], None] | None = None) -> Path:
    """A folder of float32 matrices that lie on no grid, or of what ``dtype`` has of them."""
    tmp_path.mkdir(exist_ok=True)
    write_folder(random(imported(tmp_path, TINY["untied"])), tmp_path / "float", dtype)
    if change:
        tensors = load_file(tmp_path / "float" / "model.safetensors")
        change(tensors)
        save_file(tensors, tmp_path / "float" / "model.safetensors")
    return tmp_path / "float"


def optimized(path: Path, out: Path, *options: str) -> int:
    return cli.main(["optimize", str(path), "--out", str(out), "--licence", "MIT", "--no-quality", *options])


def stored(out: Path) -> tuple[Manifest, dict[str, np.ndarray]]:
    manifest = load_manifest(out, "float")
    tensors: dict[str, np.ndarray] = {}
    for shard in manifest.shards:
        if shard.tensors:
            tensors |= load_file(out / "shards" / shard.sha256)
    return manifest, tensors


def test_32_bits_of_a_float32_folder_are_its_own_bits(tmp_path: Path) -> None:
    source = folder(tmp_path, "float32")
    assert optimized(source, tmp_path / "out", "--bits", "32") == 0
    manifest, tensors = stored(tmp_path / "out")
    theirs = load_file(source / "model.safetensors")
    assert manifest.version == "1.0.0-f32"
    np.testing.assert_array_equal(tensors["embedding.weight"], theirs["model.embed_tokens.weight"])
    np.testing.assert_array_equal(tensors["head.weight"], theirs["lm_head.weight"])
    qkv = np.concatenate([theirs[f"model.layers.1.self_attn.{part}_proj.weight"] for part in "qkv"])
    np.testing.assert_array_equal(tensors["layers.1.attention.qkv.weight"], qkv)
    np.testing.assert_array_equal(tensors["layers.0.mlp.down.weight"], theirs["model.layers.0.mlp.down_proj.weight"])
    assert {array.dtype.name for array in tensors.values()} == {"float32"}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_16_bits_are_the_nearest_halves_whatever_the_source_has(tmp_path: Path, dtype: str) -> None:
    source = folder(tmp_path, dtype)
    assert optimized(source, tmp_path / "out", "--bits", "16") == 0
    manifest, tensors = stored(tmp_path / "out")
    theirs = SafetensorsFolder(source).tensor("model.layers.0.mlp.down_proj.weight")
    ours = tensors["layers.0.mlp.down.weight"]
    assert ours.dtype == np.float16
    np.testing.assert_array_equal(ours, theirs.astype(np.float16))
    assert np.abs(ours.astype(np.float32) - theirs).max() <= np.abs(theirs).max() * 2.0**-11
    matrices = sum(t.length for shard in manifest.shards for t in shard.tensors if t.dtype == "F16")
    assert 2 * sum(array.size for name, array in tensors.items() if name.endswith(".weight")) == matrices


def test_a_bfloat16_matrix_that_is_kept_is_stored_in_32_bits_and_a_float16_one_in_16(tmp_path: Path) -> None:
    for dtype, form in (("bfloat16", "f32"), ("float16", "f16"), ("float32", "f32")):
        source = folder(tmp_path / dtype, dtype)
        assert optimized(source, tmp_path / dtype, "--bits", "4", "--method", "rtn", "--override", "head=keep") == 0
        manifest, tensors = stored(tmp_path / dtype)
        assert precision(manifest.shards) == f"layers q4-affine, embedding q8-symmetric, head {form}"
        np.testing.assert_array_equal(tensors["head.weight"], SafetensorsFolder(source).tensor("lm_head.weight"))


def test_the_output_and_the_card_name_the_precision(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = folder(tmp_path, "float32")
    assert optimized(source, tmp_path, "--bits", "16", "--override", "layers.*.mlp.down=f32", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["precision"] == "layers f16 and f32, embedding f16, head f16"
    assert facts["original_weight_bytes"] == 4 * facts_size(source)
    assert "| Precision on the wire | layers f16 and f32" in (tmp_path / "float" / "MODEL_CARD.md").read_text()
    assert optimized(source, tmp_path) == 0
    assert "layers q4-affine, embedding q8-symmetric" in capsys.readouterr().out.replace("\n", " ")


def facts_size(source: Path) -> int:
    return sum(array.size for array in load_file(source / "model.safetensors").values() if array.ndim == 2)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_weight_beyond_float16_is_refused_with_what_to_do(
    tmp_path: Path, dtype: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(tensors: dict[str, Float32]) -> None:
        tensors["model.layers.1.mlp.up_proj.weight"][3, 4] = 70000

    source = folder(tmp_path, "float32", change)
    if dtype == "bfloat16":
        write_folder(plan_folder(SafetensorsFolder(source), None).load(RECIPE.source), source, dtype)
    assert optimized(source, tmp_path / "out", "--bits", "16") == 1
    said = capsys.readouterr().err.replace("\n", " ")
    assert "layers.1.mlp.up: a weight of 7" in said
    assert "--override 'layers.1.mlp.up=f32'" in said
    assert optimized(source, tmp_path / "out", "--bits", "16", "--override", "layers.1.mlp.up=f32") == 0
    assert optimized(source, tmp_path / "out", "--bits", "32") == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--bits", "16", "--symmetric"), "--symmetric goes with --bits 2 to 8"),
        (("--bits", "32", "--block-size", "64"), "--block-size goes with"),
        (("--bits", "16", "--override", "embedding=f8"), "f16 or f32 for floats"),
        (("--bits", "16", "--override", "layers.9.*=f32"), "no matrix is called"),
        (("--override", "embedding=f16"), "needs --bits"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, options: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert optimized(changed(tmp_path / "float", "llama"), tmp_path / "out", *options) == 1
    assert reason in capsys.readouterr().err.replace("\n", " ")


def test_floats_read_back_as_they_were_and_become_blocks_when_asked(tmp_path: Path) -> None:
    model = in_floats(random(imported(tmp_path, TINY["tied"])), "f16", "layers.0.mlp.down=f32")
    manifest = built(tmp_path, model)
    back = restore(manifest, tmp_path / "shards")
    assert weight_bytes(back) == weight_bytes(model)
    for ours, theirs in zip(back.linears(), model.linears(), strict=True):
        assert isinstance(ours.weight, Dense)
        assert isinstance(theirs.weight, Dense)
        assert ours.weight.dtype == theirs.weight.dtype
        np.testing.assert_array_equal(ours.weight.values, theirs.weight.values)
    assert isinstance(in_floats(back, "q8").layers[0].down.weight, Symmetric)


def test_scaling_for_activations_leaves_floats_alone(tmp_path: Path) -> None:
    model = random(imported(tmp_path, TINY["tied"]))
    mixed = QuantizationPlan.of(parse_scheme("q4"), "awq", ["layers.*.mlp.up=f32"])
    made = quantize(model, mixed, "the thin thing sat and then hid in the thick hay", quiet)
    for ours, theirs in zip(made.layers, model.layers, strict=True):
        assert ours.up.weight is theirs.up.weight
        np.testing.assert_array_equal(ours.mlp_norm, theirs.mlp_norm)


def test_nothing_is_searched_for_where_nothing_is_put_into_blocks() -> None:
    assert QuantizationPlan.of(Floats(16), "k-quant").method == "rtn"
    assert QuantizationPlan.of(Floats(16), "k-quant", ["embedding=q8"]).method == "k-quant"
    assert QuantizationPlan.of(Floats(16), "k-quant").scheme_for("embedding") == Floats(16)
    assert [str(parse_scheme(text)) for text in ("f16", "f32", "q4")] == ["f16", "f32", "q4-affine"]
    with pytest.raises(UnknownScheme, match="f16 or f32"):
        parse_scheme("f64")


@settings(max_examples=50, deadline=None)
@given(drawn_arrays(np.float32, (3, 5), elements=st.floats(-65504, 65504, width=32)))
def test_a_half_is_within_its_rounding_of_the_weight_and_its_own_form(values: Float32) -> None:
    half = Floats(16).of("m", values)
    assert (np.abs(half.values - values) <= np.maximum(np.abs(values) * 2.0**-11, 2.0**-25)).all()
    assert Floats(16).describes(half)
    np.testing.assert_array_equal(Floats(16).of("m", half.values).values, half.values)
    np.testing.assert_array_equal(Floats(32).of("m", values).values.view(np.int32), values.view(np.int32))


def test_the_reference_of_halves_is_within_their_rounding(tmp_path: Path) -> None:
    model = random(imported(tmp_path, TINY["tied"]))
    exact = ReferenceModel(model).forward(TOKENS)
    halves = ReferenceModel(in_floats(model, "f16")).forward(TOKENS)
    difference = np.abs(halves - exact).max()
    assert 0 < difference < 0.01 * np.abs(exact).max()
    np.testing.assert_array_equal(ReferenceModel(in_floats(model, "f32")).forward(TOKENS), exact)


def test_the_type_of_a_source_is_remembered() -> None:
    kinds = {name: as_stored(SafetensorsFolder(FAMILIES / name)) for name in ("llama", "gemma")}
    values = np.ones((1, 32), np.float32)
    made = {name: quantizer("m", values) for name, quantizer in kinds.items()}
    assert {name: matrix.dtype for name, matrix in made.items() if isinstance(matrix, Dense)} == {
        "llama": "F16",
        "gemma": "BF16",
    }
