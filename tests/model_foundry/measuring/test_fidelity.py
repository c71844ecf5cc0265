"""The figures of a validation mean what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from model_foundry.errors import FoundryError
from model_foundry.measuring.fidelity import (
    EXACT,
    INT8,
    KERNEL,
    PLAIN_KERNEL,
    Steps,
    compare,
    measurable,
    score,
    validate,
)
from model_foundry.measuring.texts import evaluation_texts
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel


def test_equal_logits_agree_and_diverge_by_nothing_whatever_is_added_to_all() -> None:
    logits = np.array([0.5, 2.0, -1.0], np.float32)
    reference, loss, kl, agrees = compare(logits, logits + 3, following=1)
    assert reference == pytest.approx(loss, abs=1e-6)
    assert kl == pytest.approx(0, abs=1e-9)
    assert agrees


def test_divergence_and_loss_are_those_of_the_two_distributions() -> None:
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.5, 0.25])
    reference, loss, kl, agrees = compare(np.log(p).astype(np.float32), np.log(q).astype(np.float32), following=0)
    assert reference == pytest.approx(np.log(2), rel=1e-6)
    assert loss == pytest.approx(np.log(4), rel=1e-6)
    assert kl == pytest.approx(float(np.sum(p * np.log(p / q))), rel=1e-5)
    assert not agrees


def test_a_total_counts_every_step_alike() -> None:
    one = Steps(np.array([0.0]), np.array([1.0]), np.array([0.3]), np.array([True]))
    three = Steps(np.zeros(3), np.zeros(3), np.array([0.1, 0.1, 0.1]), np.array([False, True, True]))
    total = score("all", [one, three])
    assert total.steps == 4
    assert total.perplexity == pytest.approx(np.exp(0.25))
    assert total.perplexity_loss == pytest.approx(np.exp(0.25) - 1)
    assert total.top1_agreement == 0.75
    assert total.mean_kl == pytest.approx(0.15)


@pytest.mark.parametrize(("loss", "agrees", "kl"), [(0.03, True, 0.0), (0.0, False, 0.0), (0.0, True, 0.03)])
def test_each_threshold_can_fail_alone(loss: float, agrees: bool, kl: float) -> None:
    steps = Steps(np.zeros(1), np.array([np.log1p(loss)]), np.array([kl]), np.array([agrees]))
    assert not score("all", [steps]).passes(INT8)


def test_a_figure_that_may_be_past_its_limit_by_chance_fails_and_is_called_that() -> None:
    rng = np.random.default_rng(1)
    told = []
    for count in (200, 20_000):
        losses = rng.normal(0.026, 0.2, count)
        losses += 0.026 - losses.mean()
        total = score("all", [Steps(np.zeros(count), losses, np.zeros(count), np.ones(count, bool))])
        assert total.perplexity_loss == pytest.approx(np.expm1(0.026))
        assert total.loss_error == pytest.approx(0.2 / np.sqrt(count) * np.exp(0.026), rel=0.2)
        assert not total.passes(INT8)
        told += total.faults(INT8)
    assert told[0].endswith("more than 2.0% (which may be chance: measure more than 200 steps)")
    assert told[1] == "perplexity's loss is +2.63% ± 0.14%, more than 2.0%"


@pytest.mark.parametrize("broken", [0, 1])
def test_what_isnt_a_number_never_passes(broken: int) -> None:
    columns = [np.zeros(3), np.zeros(3)]
    columns[broken][1] = np.nan
    assert not score("all", [Steps(np.zeros(3), columns[0], columns[1], np.ones(3, bool))]).passes(INT8)


def test_errors_are_those_of_the_mean_and_none_where_nothing_scatters() -> None:
    agrees = np.array([True] * 60 + [False] * 40)
    total = score("all", [Steps(np.ones(100), np.ones(100), np.tile([0.0, 0.04], 50), agrees)])
    assert total.loss_error == 0
    assert total.agreement_error == pytest.approx(np.sqrt(0.6 * 0.4 / 99))
    assert total.kl_error == pytest.approx(0.02 / np.sqrt(99))
    assert total.faults(INT8)[0].startswith("top-1 agreement is 60.00% ± 4.92%, less than 90.0%")


def test_a_good_score_passes() -> None:
    steps = Steps(np.zeros(1), np.array([-0.1]), np.array([0.0]), np.array([True]))
    assert score("all", [steps]).passes(EXACT)


def test_exact_variants_of_a_tiny_model_pass_over_a_text(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    manifest = built(tmp_path, model)
    text = {"text": "the cat sat on a mat, saw a rat, and ran off at noon"}
    reports = validate(manifest, tmp_path / "shards", model, ["wasm-exact", "webgpu-q4"], text, lambda *_: None, 1)
    assert [report.variant for report in reports] == ["wasm-exact", "webgpu-q4"]
    for report in reports:
        assert report.passed
        assert report.total.mean_kl < 1e-9
        assert json.loads(json.dumps(report.as_json()))["passed"] is True


def test_both_builds_of_the_kernel_are_measured_as_browsers_run_them(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    manifest = built(tmp_path, model)
    assert list(measurable(manifest)) == ["kernel", "kernel-plain", *(variant.id for variant in manifest.variants)]
    text = {"text": "the cat sat on a mat, saw a rat, and ran off at noon"}
    reports = validate(manifest, tmp_path / "shards", model, ["kernel", "kernel-plain"], text, lambda *_: None, 2)
    assert [(report.variant, report.thresholds) for report in reports] == [
        ("kernel", KERNEL),
        ("kernel-plain", PLAIN_KERNEL),
    ]
    relaxed, plain = (report.total.mean_kl for report in reports)
    assert 0 < plain < relaxed < 0.01, "16 bits of an activation round less than 8"
    assert reports[1].passed


def test_a_variant_that_there_is_not_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    with pytest.raises(FoundryError, match="no variant webnn; known are kernel, kernel-plain, wasm-int8"):
        validate(built(tmp_path, model), tmp_path / "shards", model, ["webnn"], {"t": "x" * 80}, lambda *_: None)


def test_a_reference_with_other_weights_fails(tmp_path: Path) -> None:
    manifest = built(tmp_path, imported(tmp_path, TinyModel()))
    other = imported(tmp_path, TinyModel(seed=2))
    text = {"text": "the cat sat on a mat, saw a rat, and ran off at noon"}
    (report,) = validate(manifest, tmp_path / "shards", other, ["wasm-exact"], text, lambda *_: None, 1)
    assert not report.passed


def test_a_text_that_is_too_short_is_refused(tmp_path: Path) -> None:
    model = imported(tmp_path, TinyModel())
    with pytest.raises(FoundryError, match="tokens"):
        validate(built(tmp_path, model), tmp_path / "shards", model, ["wasm-exact"], {"t": "short"}, lambda *_: None)


def test_the_evaluation_texts_are_of_several_kinds() -> None:
    texts = evaluation_texts()
    assert {"prose", "dialogue", "french", "code"} <= set(texts)
    assert sum(len(text) for text in texts.values()) > 9000
