"""Measures how faithful a variant is: its decode steps against the reference, teacher forced.

Each text's first tokens go through the prefill session; every following one goes alone through
the decode session, as in a real answer, but from the text itself. Perplexity is over the text's
own next tokens; KL is KL(reference || measured) over the whole vocabulary, in nats.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_foundry.errors import FoundryError
from model_foundry.model.description import ModelDescription
from model_foundry.model.weights import Float32
from model_foundry.progress import Progress
from model_foundry.reference.llama import ReferenceModel
from orion_py.manifest.kernel_variant import kernel_variant, without_relaxed
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.native.runtime import NativeRuntime, NativeSession
from orion_py.native.tokenizer import NativeTokenizer

PREFILLED = 32
"""Tokens of each text that the prefill session takes."""


@dataclass(frozen=True)
class Thresholds:
    """The worst that is allowed. ``perplexity_loss`` is relative: 0.02 is 2 %."""

    perplexity_loss: float
    top1_agreement: float
    mean_kl: float


INT8 = Thresholds(perplexity_loss=0.02, top1_agreement=0.90, mean_kl=0.02)
EXACT = Thresholds(perplexity_loss=0.001, top1_agreement=0.995, mean_kl=0.0001)
KERNEL = Thresholds(perplexity_loss=0.005, top1_agreement=0.95, mean_kl=0.004)
PLAIN_KERNEL = Thresholds(perplexity_loss=0.0005, top1_agreement=0.995, mean_kl=0.0001)
"""Activations in 16 bits, where relaxed SIMD multiplies 8."""


NOISE = 1.645
"""Standard errors past a limit within which a figure may lie there by chance (95 % on one side). It fails
all the same, or few steps would let anything pass; but the message says to measure more."""


@dataclass(frozen=True)
class Steps:
    """What decode steps gave, one entry each: losses in nats, KL, and whether top-1 agrees."""

    reference_loss: NDArray[np.float64]
    loss: NDArray[np.float64]
    kl: NDArray[np.float64]
    agrees: NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """A variant's figures over some decode steps, and their standard errors as if steps were independent."""

    text: str
    steps: int
    reference_perplexity: float
    perplexity: float
    perplexity_loss: float
    top1_agreement: float
    mean_kl: float
    loss_error: float
    agreement_error: float
    kl_error: float

    def passes(self, thresholds: Thresholds) -> bool:
        """Better than the reference passes too: only a loss can be too large."""
        return not self.faults(thresholds)

    def faults(self, thresholds: Thresholds) -> list[str]:
        """What is worse than allowed, in words."""
        loss, agreement, kl = self.cells
        most, least, highest = thresholds.perplexity_loss, thresholds.top1_agreement, thresholds.mean_kl
        checked = (
            (self.perplexity_loss - most, self.loss_error, f"perplexity's loss is {loss}, more than {most:.1%}"),
            (
                least - self.top1_agreement,
                self.agreement_error,
                f"top-1 agreement is {agreement}, less than {least:.1%}",
            ),
            (self.mean_kl - highest, self.kl_error, f"mean KL is {kl}, more than {highest:.4f}"),
        )
        chance = f" (which may be chance: measure more than {self.steps} steps)"
        # Written so that what isn't a number is a fault, too.
        return [said + (chance if past <= NOISE * error else "") for past, error, said in checked if not past <= 0]

    @property
    def cells(self) -> tuple[str, str, str]:
        """Loss, agreement and KL as tables show them."""
        return (
            f"{self.perplexity_loss:+.2%} ± {self.loss_error:.2%}",
            f"{self.top1_agreement:.2%} ± {self.agreement_error:.2%}",
            f"{self.mean_kl:.5f} ± {self.kl_error:.5f}",
        )


@dataclass(frozen=True)
class Report:
    variant: str
    thresholds: Thresholds
    texts: tuple[Score, ...]
    total: Score

    @property
    def passed(self) -> bool:
        return self.total.passes(self.thresholds)

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "passed": self.passed}


def measurable(manifest: Manifest) -> dict[str, Variant]:
    """By their ids all ways to run the model: on our kernel as browsers do, with relaxed SIMD and without, which
    no manifest has to name, then the manifest's own."""
    kernel = kernel_variant(manifest)
    ours = [] if kernel is None else [kernel, without_relaxed(kernel)]
    return {variant.id: variant for variant in (*ours, *manifest.variants)}


def thresholds_of(variant: Variant) -> Thresholds:
    if variant.engine == "kernel":
        return PLAIN_KERNEL if variant.plain else KERNEL
    return EXACT if variant.exact else INT8


def validate(
    manifest: Manifest,
    shards: Path,
    model: ModelDescription,
    variants: list[str],
    texts: dict[str, str],
    progress: Progress,
    threads: int = 2,
) -> list[Report]:
    """One report for each of ``variants``, ids of ``measurable``. ``model`` is what the reference computes with.

    Raises FoundryError for a text that is too short, and for a variant that there isn't.
    """
    known = measurable(manifest)
    for variant in variants:
        if variant not in known:
            raise FoundryError(f"there is no variant {variant}; known are {', '.join(known)}")
    tokenizer = NativeTokenizer(model.tokenizer.shard_bytes())
    tokens = {name: tokenizer.encode(text) for name, text in texts.items()}
    for name, ids in tokens.items():
        if len(ids) < PREFILLED + 2:
            raise FoundryError(f"the text {name} has {len(ids)} tokens; {PREFILLED + 2} are the least to measure on")
    reference, expected = ReferenceModel(model), {}
    for index, (name, ids) in enumerate(tokens.items()):
        progress("computing the reference", index, len(tokens))
        reference.reset()
        expected[name] = reference.forward(ids)[PREFILLED:-1]
    progress("computing the reference", len(tokens), len(tokens))
    return [
        asyncio.run(_measure(manifest, known[variant], shards, tokens, expected, progress, threads))
        for variant in variants
    ]


async def _measure(
    manifest: Manifest,
    variant: Variant,
    shards: Path,
    tokens: dict[str, list[int]],
    expected: dict[str, Float32],
    progress: Progress,
    threads: int,
) -> Report:
    longest = max(len(ids) for ids in tokens.values())
    session = await NativeRuntime(shards).open(manifest, variant, threads, longest)
    for shard in manifest.shards_for(variant):
        await session.feed(shard)
    await session.build()
    measured: dict[str, Steps] = {}
    for index, (name, ids) in enumerate(tokens.items()):
        progress(f"measuring {variant.id}", index, len(tokens))
        measured[name] = await _steps(session, ids, expected[name])
    progress(f"measuring {variant.id}", len(tokens), len(tokens))
    await session.close()
    return Report(
        variant=variant.id,
        thresholds=thresholds_of(variant),
        texts=tuple(score(name, [steps]) for name, steps in measured.items()),
        total=score("all", list(measured.values())),
    )


async def _steps(session: NativeSession, ids: list[int], expected: Float32) -> Steps:
    """Decode steps over ``ids``; ``expected`` is F32 [steps, vocab]."""
    await session.forward(ids[:PREFILLED], 0)
    rows = []
    for step in range(len(expected)):
        position = PREFILLED + step
        logits = await session.forward([ids[position]], position)
        rows.append(compare(expected[step], logits, ids[position + 1]))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Steps(*columns)


def compare(expected: Float32, measured: Float32, following: int) -> tuple[float, float, float, bool]:
    """One step: the reference's loss, the measured loss, KL, and whether both rank one token first."""
    log_p, log_q = log_softmax(expected), log_softmax(measured)
    kl = float(np.sum(np.exp(log_p) * (log_p - log_q)))
    return -float(log_p[following]), -float(log_q[following]), kl, bool(log_p.argmax() == log_q.argmax())


def score(text: str, parts: list[Steps]) -> Score:
    """The figures over all steps of ``parts``."""
    reference_losses = np.concatenate([part.reference_loss for part in parts])
    losses = np.concatenate([part.loss for part in parts])
    agrees = np.concatenate([part.agrees for part in parts]).astype(np.float64)
    divergences = np.concatenate([part.kl for part in parts])
    reference, perplexity = float(np.exp(reference_losses.mean())), float(np.exp(losses.mean()))
    return Score(
        text=text,
        steps=len(losses),
        reference_perplexity=reference,
        perplexity=perplexity,
        perplexity_loss=perplexity / reference - 1,
        top1_agreement=float(agrees.mean()),
        mean_kl=float(divergences.mean()),
        # The same tokens went through both, so that it is the differences that scatter.
        loss_error=perplexity / reference * _standard_error(losses - reference_losses),
        agreement_error=_standard_error(agrees),
        kl_error=_standard_error(divergences),
    )


def _standard_error(values: NDArray[np.float64]) -> float:
    """Of the mean; 0 for a single value, which says nothing of it."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def log_softmax(logits: Float32) -> NDArray[np.float64]:
    """Of one row, in double precision."""
    shifted = logits.astype(np.float64) - logits.max()
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return result
