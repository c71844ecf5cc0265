"""Measures what a build costs in quality: its weights, and the variants that run them, beside the original.

Teacher forced over the texts of ``model_foundry.measuring.texts``, the original computed by the numpy
reference. *Weights* are measured by that same reference: what a quantization alone costs. A variant
is measured in native onnxruntime (``model_foundry.measuring.fidelity``): what its kernels add is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_foundry.errors import FoundryError
from model_foundry.measuring.fidelity import PREFILLED, Report, Steps, Thresholds, compare, score, validate
from model_foundry.measuring.texts import evaluation_texts
from model_foundry.model.description import ModelDescription
from model_foundry.model.weights import Float32
from model_foundry.progress import Progress
from model_foundry.reference.llama import ReferenceModel
from model_foundry.sharding.restore import restore
from orion_py.manifest.manifest import Manifest
from orion_py.native.tokenizer import NativeTokenizer

STEPS = 128
"""Of each text, where weights are compared."""
WHOLE = 2**20
"""As many as a text has."""
WEIGHTS = "weights"
"""What a report on the weights has in the place of a variant's id."""
QUANTIZED = Thresholds(perplexity_loss=0.15, top1_agreement=0.75, mean_kl=0.15)
"""The worst that a quantized model may be before it is refused."""


@dataclass(frozen=True)
class QualityPlan:
    """``weights``: measure what the shards hold. ``thresholds`` None: those of each variant's own kind."""

    weights: bool
    variants: tuple[str, ...]
    steps: int = STEPS
    thresholds: Thresholds | None = None

    @property
    def key(self) -> str:
        """What decides the figures; thresholds don't."""
        return f"{self.weights} {','.join(self.variants)} {self.steps}"

    def thresholds_for(self, report: Report) -> Thresholds:
        return self.thresholds or report.thresholds


def measure(
    plan: QualityPlan,
    manifest: Manifest,
    shards: Path,
    original: Callable[[], ModelDescription],
    progress: Progress,
    texts: dict[str, str] | None = None,
) -> tuple[Report, ...]:
    """One report for the weights, if wanted, and one for each variant.

    Raises FoundryError for a text that is too short to measure on.
    """
    model = original()
    short = _shortened(model, texts or evaluation_texts(), plan.steps)
    reports: list[Report] = []
    if plan.weights:
        reports.append(Baseline(model, short, progress).compare(restore(manifest, shards), QUANTIZED, progress))
    if plan.variants:
        reports += validate(manifest, shards, model, list(plan.variants), short, progress)
    return tuple(reports)


class Baseline:
    """What the original says on the texts, computed once for any number of comparisons."""

    def __init__(self, model: ModelDescription, texts: dict[str, str], progress: Progress) -> None:
        """Raises FoundryError for a text that is too short to measure on."""
        tokenizer = NativeTokenizer(model.tokenizer.shard_bytes())
        self._tokens = {name: tokenizer.encode(text) for name, text in texts.items()}
        for name, ids in self._tokens.items():
            if len(ids) < PREFILLED + 2:
                raise FoundryError(f"the text {name} has {len(ids)} tokens; it takes {PREFILLED + 2} to measure")
        self._logits = _logits(model, self._tokens, "computing the original", progress)

    def compare(self, model: ModelDescription, thresholds: Thresholds, progress: Progress) -> Report:
        """How far ``model`` is from the original."""
        measured = _logits(model, self._tokens, "computing the new weights", progress)
        steps = {name: self._steps(name, measured[name]) for name in self._tokens}
        return Report(
            variant=WEIGHTS,
            thresholds=thresholds,
            texts=tuple(score(name, [part]) for name, part in steps.items()),
            total=score("all", list(steps.values())),
        )

    def _steps(self, name: str, measured: Float32) -> Steps:
        following = self._tokens[name][PREFILLED + 1 :]
        rows = [compare(*pair) for pair in zip(self._logits[name], measured, following, strict=True)]
        return Steps(*(np.array(column) for column in zip(*rows, strict=True)))


def _logits(model: ModelDescription, tokens: dict[str, list[int]], what: str, progress: Progress) -> dict[str, Float32]:
    """F32 [steps, vocab] for each text: what follows its token PREFILLED and each later one but the last."""
    reference, logits = ReferenceModel(model), {}
    for index, (name, ids) in enumerate(tokens.items()):
        progress(what, index, len(tokens))
        reference.reset()
        logits[name] = reference.forward(ids)[PREFILLED:-1]
    progress(what, len(tokens), len(tokens))
    return logits


def _shortened(model: ModelDescription, texts: dict[str, str], steps: int) -> dict[str, str]:
    """``texts`` cut where about so many steps are left to measure; a text may come out a token longer."""
    tokenizer = NativeTokenizer(model.tokenizer.shard_bytes())
    return {name: tokenizer.decode(tokenizer.encode(text)[: PREFILLED + steps + 1]) for name, text in texts.items()}
