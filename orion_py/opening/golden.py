"""Compares a backend's logits with what the reference implementation computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orion_py.errors import GoldenMismatch
from orion_py.manifest.manifest import Golden
from orion_py.runtime.base import Logits
from orion_py.runtime.loaded_model import LoadedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """``kl``: the largest divergence seen, in nats."""

    kl: float
    checked: int


def divergence(golden: Golden, logits: Logits) -> float:
    """KL(golden || measured) in nats, over the softmax of the golden's highest ids alone.

    Infinity when a logit isn't finite or the vocabulary is too small.
    """
    ids = np.array([token for token, _ in golden.top])
    if ids.max() >= logits.shape[0]:
        return float("inf")
    measured = logits[ids].astype(np.float64)
    if not np.isfinite(measured).all():
        return float("inf")
    expected = np.array([logit for _, logit in golden.top], dtype=np.float64)
    log_p, log_q = _log_softmax(expected), _log_softmax(measured)
    return float(max(0.0, np.sum(np.exp(log_p) * (log_p - log_q))))


def _log_softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = values - values.max()
    return shifted - float(np.log(np.exp(shifted).sum()))


async def check_golden(model: LoadedModel, limit: int | None = None) -> GoldenResult:
    """Runs the golden vectors (the ``limit`` shortest) through prefill and one decode step.

    Raises GoldenMismatch when one is further off than the variant's tolerance.
    """
    vectors = sorted(model.manifest.golden, key=lambda g: len(g.tokens))[:limit]
    tolerance, worst = model.variant.tolerance_kl, 0.0
    for golden in vectors:
        runs = [await model.forward(golden.tokens, 0)]
        if len(golden.tokens) > 1:
            # The same last token once more, as a decode step on the prompt's own KV rows.
            runs.append(await model.forward(golden.tokens[-1:], len(golden.tokens) - 1))
        for phase, logits in zip(("prefill", "decode"), runs, strict=False):
            kl = divergence(golden, logits)
            worst = max(worst, kl)
            if not kl <= tolerance:
                raise GoldenMismatch(
                    f"{model.label}: {phase} of golden vector {golden.name} is {kl:.3g} nats off, "
                    f"and at most {tolerance:.3g} are allowed.",
                    golden=golden.name,
                    phase=phase,
                    kl=kl if np.isfinite(kl) else None,
                )
    return GoldenResult(kl=worst, checked=len(vectors))
