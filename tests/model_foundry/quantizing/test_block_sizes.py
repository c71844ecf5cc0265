"""Blocks of 64 and 128: smaller on the wire, and computed with as exactly as blocks of 32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model_foundry.errors import InexactScale, UnknownScheme
from model_foundry.measuring.fidelity import validate
from model_foundry.quantizing.plan import QuantizationPlan
from model_foundry.quantizing.quantize import quantize
from model_foundry.quantizing.round_to_nearest import round_to_nearest
from model_foundry.quantizing.scheme import Scheme
from model_foundry.sharding.restore import restore
from model_foundry.sharding.stored import matrix_bytes, weight_bytes
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel

TEXT = {"prose": "the cat sat on a mat, saw a rat, and ran off at noon"}


def quiet(what: str, done: int, total: int) -> None: ...


def test_larger_blocks_take_the_bytes_that_their_scheme_says() -> None:
    weights = np.random.default_rng(1).normal(0, 1, (8, 256)).astype(np.float32)
    for text in ("q4", "q4-b64", "q4-b128", "q3-symmetric-b128", "q8-affine-b64"):
        scheme = Scheme.parse(text)
        matrix = round_to_nearest(weights, scheme)
        assert scheme.describes(matrix)
        bits_per_weight = scheme.bits + (16 if scheme.symmetric else 32) / scheme.block
        assert matrix_bytes(matrix) == bits_per_weight * weights.size / 8
        assert Scheme.parse(str(scheme)) == scheme
    with pytest.raises(InexactScale, match="at a time"):
        round_to_nearest(weights, Scheme.parse("q4-b64")).scaled(np.ones((1, 8), np.int32))
    with pytest.raises(UnknownScheme, match="-b64 or -b128"):
        Scheme.parse("q4-b48")


@pytest.mark.parametrize("scheme", ["q4-affine-b64", "q4-symmetric-b64", "q8-affine-b64", "q3-affine-b64"])
def test_a_model_with_larger_blocks_runs_as_its_reference_says(scheme: str, tmp_path: Path) -> None:
    tiny = imported(tmp_path, TinyModel(ffn=128, tied=False))
    plan = QuantizationPlan.of(Scheme.parse(scheme), "rtn", [f"head={scheme}"])
    model = quantize(tiny, plan, "", quiet)
    same_bits = QuantizationPlan.of(Scheme.parse(scheme.removesuffix("-b64")), "rtn")
    assert weight_bytes(model) < weight_bytes(quantize(tiny, same_bits, "", quiet))
    manifest = built(tmp_path, model)
    back = restore(manifest, tmp_path / "shards")
    np.testing.assert_array_equal(back.layers[1].down.weight.dequantized(), model.layers[1].down.weight.dequantized())
    variants = [variant.id for variant in manifest.variants]
    reports = {r.variant: r for r in validate(manifest, tmp_path / "shards", model, variants, TEXT, quiet, threads=1)}
    for variant in ("wasm-exact", "webgpu-q4"):
        assert reports[variant].passed, variant
        assert reports[variant].total.mean_kl < 1e-6
    # A random model's perplexity means nothing; int8 has to be near, no more.
    assert reports["wasm-int8"].total.mean_kl < 0.02


def test_the_token_table_keeps_its_blocks(tmp_path: Path) -> None:
    plan = QuantizationPlan.of(Scheme.parse("q4"), "rtn", ["embedding=q8-b64"])
    with pytest.raises(UnknownScheme, match="blocks of 32"):
        quantize(imported(tmp_path, TinyModel()), plan, "", quiet)
