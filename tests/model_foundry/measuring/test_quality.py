"""Figures beside the original: nothing lost where nothing changed, and worse is told from better."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_foundry.building.card import model_card
from model_foundry.building.pipeline import Job, build
from model_foundry.errors import FoundryError
from model_foundry.measuring.fidelity import Thresholds
from model_foundry.measuring.quality import QUANTIZED, WEIGHTS, Baseline, QualityPlan, measure
from model_foundry.model.description import ModelDescription
from model_foundry.quantizing.plan import QuantizationPlan
from model_foundry.quantizing.quantize import quantize
from model_foundry.quantizing.scheme import Scheme
from tests.model_foundry.built import RECIPE, built, imported
from tests.model_foundry.tiny_gguf import TinyModel

TEXTS = {"prose": "the cat sat on a mat, saw a rat, and ran off at noon; then it came back for the other rat"}
LENIENT = Thresholds(perplexity_loss=1000.0, top1_agreement=0.0, mean_kl=1000.0)
STRICT = Thresholds(perplexity_loss=0.0, top1_agreement=1.0, mean_kl=0.0)


def quiet(what: str, done: int, total: int) -> None: ...


@pytest.fixture
def model(tmp_path: Path) -> ModelDescription:
    return imported(tmp_path, TinyModel())


def test_a_model_beside_itself_loses_nothing(model: ModelDescription) -> None:
    report = Baseline(model, TEXTS, quiet).compare(model, STRICT, quiet)
    assert report.passed
    assert report.total.top1_agreement == 1
    assert report.total.mean_kl == 0
    assert report.total.perplexity_loss == 0


def test_fewer_bits_come_out_further_away(model: ModelDescription) -> None:
    baseline = Baseline(model, TEXTS, quiet)

    def distance(bits: int) -> float:
        plan = QuantizationPlan.of(Scheme(bits, symmetric=True), "rtn")
        return baseline.compare(quantize(model, plan, "", quiet), QUANTIZED, quiet).total.mean_kl

    assert distance(8) < distance(4) < distance(2)


def test_stored_weights_and_a_variant_are_measured_on_so_many_steps(model: ModelDescription, tmp_path: Path) -> None:
    manifest = built(tmp_path, model)
    plan = QualityPlan(weights=True, variants=("wasm-exact",), steps=10)
    reports = measure(plan, manifest, tmp_path / "shards", lambda: model, quiet, TEXTS)
    assert [report.variant for report in reports] == [WEIGHTS, "wasm-exact"]
    assert [report.total.steps for report in reports] == [10, 10]
    assert reports[0].total.mean_kl == pytest.approx(0, abs=1e-12)
    assert reports[1].passed


def test_a_text_that_is_too_short_is_refused(model: ModelDescription) -> None:
    with pytest.raises(FoundryError, match="it takes 34"):
        Baseline(model, {"short": "the cat"}, quiet)


@pytest.fixture
def few_bits(model: ModelDescription, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr("model_foundry.measuring.quality.evaluation_texts", lambda: TEXTS)
    plan = QuantizationPlan.of(Scheme(2, symmetric=True), "rtn", ["*=q2-symmetric"])
    quality = QualityPlan(weights=True, variants=(), steps=20, thresholds=STRICT)
    return Job(
        RECIPE,
        lambda progress: model,
        "2 bits",
        transform=lambda original, progress: quantize(original, plan, "", progress),
        quality=quality,
    )


def test_what_is_worse_than_allowed_is_not_published_until_more_is_allowed(few_bits: Job, tmp_path: Path) -> None:
    refused = build(few_bits, tmp_path, quiet)
    assert refused.published is None
    assert not (tmp_path / "tiny" / "manifest.json").exists()
    lenient = QualityPlan(weights=True, variants=(), steps=20, thresholds=LENIENT)
    allowed = build(Job(**{**vars(few_bits), "quality": lenient}), tmp_path, quiet)
    assert allowed.repeated == ()  # what was measured stays measured
    assert allowed.published == tmp_path / "tiny" / "manifest.json"


def test_a_card_says_source_licence_sizes_quality_and_golden_vectors(few_bits: Job, tmp_path: Path) -> None:
    lenient = QualityPlan(weights=True, variants=(), steps=20, thresholds=LENIENT)
    made = build(Job(**{**vars(few_bits), "quality": lenient}), tmp_path, quiet)
    card = (tmp_path / "tiny" / "MODEL_CARD.md").read_text("utf-8")
    manifest = made.manifest
    for shard in manifest.shards:
        assert f"| {shard.size / 1e6:.2f} | `{shard.sha256}` |" in card
    for golden in manifest.golden:
        assert f"| {golden.name} | {len(golden.tokens)} |" in card
    total = made.quality[0].total
    assert f"{total.perplexity:.3f}" in card
    assert f"{total.top1_agreement:.2%}" in card
    for fact in ("Apache-2.0", "tiny.gguf", "0" * 64, "gguf-to-orion", "| Seed | 0 |"):
        assert fact in card
    assert "the download is smaller, the memory in use isn't" in card


def test_a_card_claims_no_figures_that_were_not_measured(model: ModelDescription, tmp_path: Path) -> None:
    card = model_card(built(tmp_path, model), ())
    assert "Not measured in this build." in card
    assert "the memory in use isn't" not in card  # there are 4 and 8 bits only
