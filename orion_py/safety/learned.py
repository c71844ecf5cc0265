"""Notices by its meaning what a message is about: one logistic classifier a kind, on the router's sentence encoder.

The rules (``guard.py``) find what is written the usual way. These find the same things in other words, and only note
them: a classifier never refuses anything. Weights and thresholds are ``learned_weights.py``, which ``foundry guard
train`` writes; without the encoder in memory nothing is noticed.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from orion_py.protocol import GuardCategory
from orion_py.safety import learned_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from orion_py.runtime.base import Embedding

KINDS: dict[str, GuardCategory] = {"injection": "injection", "harm": "violence", "distress": "self_harm"}
"""What is noticed, and the category whose note the page shows."""
RULE = "meaning."
"""What the name of a finding begins with; the kind follows."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """``weights``: [kinds, d], for embeddings of length one; ``bias`` and ``threshold``: a logit a kind."""

    kinds: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: tuple[float, ...]
    threshold: tuple[float, ...]

    def logits(self, embedding: Embedding) -> list[float]:
        """One for each of ``kinds``. ``embedding``: [d], of any length but zero."""
        import numpy as np  # the encoder has brought it

        length = float(np.linalg.norm(embedding)) or 1.0
        found: list[float] = (self.weights @ (embedding / length) + np.array(self.bias)).tolist()
        return found

    def noticed(self, embedding: Embedding) -> list[str]:
        """The kinds that the message is of, the surest first; [] for an encoder that these weights aren't for."""
        if len(embedding) != self.weights.shape[1]:
            return []
        over = [
            (logit - limit, kind)
            for kind, logit, limit in zip(self.kinds, self.logits(embedding), self.threshold, strict=True)
            if logit > limit
        ]
        return [kind for _, kind in sorted(over, reverse=True)]


@lru_cache(maxsize=1)
def shipped() -> Classifier:
    """The classifier of ``learned_weights.py``."""
    import numpy as np

    rows = np.frombuffer(base64.b64decode("".join(learned_weights.WEIGHTS)), np.int8)
    weights = rows.reshape(len(learned_weights.KINDS), -1).astype(np.float32)
    scales = np.array(learned_weights.SCALES, np.float32)[:, None]
    return Classifier(learned_weights.KINDS, weights * scales, learned_weights.BIAS, learned_weights.THRESHOLD)


def leading(kinds: Sequence[str]) -> str:
    """The kind whose note is shown where several are noticed: care comes first."""
    return "distress" if "distress" in kinds else kinds[0]
