"""An equalization changes the weights and not the function, and makes activations easier to quantize."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_foundry.equalizing.calibration import TEXT, BlockStatistics, calibrate, choose
from model_foundry.equalizing.equalization import Equalization, LayerExponents, equalized, load_equalization
from model_foundry.errors import InexactScale, UnknownRecipe
from model_foundry.measuring.texts import evaluation_texts
from model_foundry.model.description import Linear, ModelDescription
from model_foundry.recipes import FOLDER, load_recipe
from model_foundry.reference.llama import ReferenceModel
from model_foundry.sharding.restore import load_manifest, restore
from tests.model_foundry.built import built, imported
from tests.model_foundry.graphs.test_variants import EXACT, TOKENS, opened
from tests.model_foundry.tiny_gguf import TinyModel

SOME = Equalization(
    layers=(
        LayerExponents(qkv=(1, -2), mlp=(0, 3), down=(2, 0, -1)),
        LayerExponents(qkv=(0, 1), mlp=(-1, 0), down=(0, 1, 1)),
    ),
    head=(2, -1),
)


def logits(model: ModelDescription) -> np.ndarray:
    return ReferenceModel(model).forward(TOKENS)


@pytest.mark.parametrize("tied", [True, False])
def test_the_function_stays_the_same(tmp_path: Path, tied: bool) -> None:
    model = imported(tmp_path, TinyModel(tied=tied))
    # Powers of two round nothing; only sums may be made in another order.
    np.testing.assert_allclose(logits(equalized(model, SOME)), logits(model), atol=1e-6)


def test_a_bias_of_scaled_rows_is_scaled_too(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    bias = np.random.default_rng(1).normal(0, 1, 96).astype(np.float32)
    layers = tuple(replace(layer, up=Linear(layer.up.weight, bias)) for layer in model.layers)
    model = replace(model, layers=layers)
    np.testing.assert_allclose(logits(equalized(model, SOME)), logits(model), atol=1e-6)


@pytest.mark.parametrize("variant", EXACT)
async def test_exact_variants_of_an_equalized_model_are_exact(tmp_path: Path, variant: str) -> None:
    model = imported(tmp_path, TinyModel())
    session = await opened(tmp_path, built(tmp_path, equalized(model, SOME)), variant)
    np.testing.assert_allclose(await session.forward(TOKENS, 0), logits(model)[-1], atol=2e-5)
    np.testing.assert_allclose(await session.forward(TOKENS[8:9], 8), logits(model)[8], atol=2e-5)


def test_an_equalized_model_reads_back_from_its_shards(tmp_path: Path) -> None:
    model = equalized(imported(tmp_path, TinyModel()), SOME)
    built(tmp_path, model)
    back = restore(load_manifest(tmp_path, "tiny"), tmp_path / "shards")
    np.testing.assert_array_equal(logits(back), logits(model))


def test_a_scale_that_float16_cannot_hold_is_refused(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    scale = np.full_like(model.embedding.scale, 6e-8)
    tiny = replace(model, embedding=replace(model.embedding, scale=scale))
    with pytest.raises(InexactScale):
        equalized(tiny, SOME)


def test_an_equalization_of_another_shape_is_refused(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    for wrong in (SOME.model_copy(update={"head": (1, 2, 3)}), SOME.model_copy(update={"layers": SOME.layers[:1]})):
        with pytest.raises(UnknownRecipe, match="another shape"):
            equalized(model, wrong)


def test_a_faulty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"layers": [], "head": [99]}')
    for name in ("x.json", "none.json"):
        with pytest.raises(UnknownRecipe):
            load_equalization(tmp_path / name)


def quantization_error(inputs: np.ndarray, weight: np.ndarray) -> float:
    """The relative squared error of int8 inputs and weights, by doing it."""
    high, low = np.maximum(inputs.max(1), 0), np.minimum(inputs.min(1), 0)
    step = ((high - low) / 255)[:, None]
    zero = np.round(-low[:, None] / step)
    x = (np.clip(np.round(inputs / step) + zero, 0, 255) - zero) * step
    rows = (np.abs(weight).max(1) / 127)[:, None]
    w = np.round(weight / rows) * rows
    exact = inputs @ weight.T
    return float(np.mean(np.square(x @ w.T - exact).sum(1) / np.square(exact).sum(1)))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), outlier=st.sampled_from([8.0, 30.0, 100.0]))
def test_chosen_exponents_tame_an_outlier_as_predicted(seed: int, outlier: float) -> None:
    random = np.random.default_rng(seed)
    inputs = random.normal(0, 1, (60, 128)).astype(np.float32)
    inputs[:, 32:64] *= outlier
    weight = random.normal(0, 1, (64, 128)).astype(np.float32)
    weight[:, 32:64] /= outlier
    statistics = BlockStatistics.of(inputs, weight)
    exponents = np.array(choose(statistics), np.int32)
    assert exponents[1] - np.delete(exponents, 1).max() >= 2
    power = np.exp2(np.repeat(exponents, 32)).astype(np.float32)
    before, after = quantization_error(inputs, weight), quantization_error(inputs / power, weight * power)
    assert after < before / 3
    predicted = statistics.error(exponents) / statistics.error(np.zeros(4, np.int32))
    assert after / before == pytest.approx(predicted, rel=0.35)


def test_inputs_without_outliers_are_left_alone() -> None:
    random = np.random.default_rng(0)
    inputs, weight = random.normal(0, 1, (2, 64, 96)).astype(np.float32)
    assert choose(BlockStatistics.of(inputs, weight)) == (0, 0, 0)


def test_calibration_covers_every_map(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    chosen = calibrate(model, "the cat sat on a mat, saw a rat", lambda *_: None)
    assert [(len(layer.qkv), len(layer.mlp), len(layer.down)) for layer in chosen.layers] == [(2, 2, 3)] * 2
    assert len(chosen.head) == 2
    np.testing.assert_allclose(logits(equalized(model, chosen)), logits(model), atol=1e-6)


def test_the_calibration_text_is_not_what_is_measured_on() -> None:
    lines = {line for line in TEXT.read_text("utf-8").splitlines() if len(line) > 20}
    assert lines
    for text in evaluation_texts().values():
        assert not lines & set(text.splitlines())


def test_the_lite_recipes_equalization_is_there() -> None:
    recipe = load_recipe("lite")
    assert recipe.equalization_file == FOLDER / "lite.equalization.json"
    assert len(load_equalization(recipe.equalization_file).layers) == 30
