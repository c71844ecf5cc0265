"""Notices by its meaning what a message is about: one logistic classifier a kind, on the router's sentence encoder.

The rules (``guard.py``) find what is written the usual way. These find the same things in other words, and only note
them: a classifier never refuses anything. Orders to whoever reads a text may be one sentence of many, so that a
message is looked at whole and, for injections, piece by piece. Weights and thresholds are ``learned_weights.py``,
which ``foundry guard train`` writes; without the encoder in memory nothing is noticed.
"""

from __future__ import annotations

import base64
import re
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
BY_PIECE = "injection"
"""The kind that one piece of a message makes."""
MOST_PIECES = 16
"""Of a longer message neighbours are taken together: each takes the encoder some milliseconds."""
LEAST_WORDS = 3
RULE = "meaning."
"""What the name of a finding begins with; the kind follows."""


_END = re.compile(r"(?<=[.!?…])[\"”»')\]]*\s+|\n+")


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

    def noticed(self, whole: Embedding, pieces: Sequence[Embedding] = ()) -> list[str]:
        """The kinds that a message is of, the surest first; [] for an encoder that these weights aren't for.
        ``pieces``: of ``pieces_of`` the message, where it has several."""
        if len(whole) != self.weights.shape[1]:
            return []
        rows = [self.logits(part) for part in (pieces or [whole])]
        own = self.logits(whole)
        logits = [max(row[n] for row in rows) if kind == BY_PIECE else own[n] for n, kind in enumerate(self.kinds)]
        over = [
            (logit - limit, kind)
            for kind, logit, limit in zip(self.kinds, logits, self.threshold, strict=True)
            if logit > limit
        ]
        return [kind for _, kind in sorted(over, reverse=True)]


def pieces_of(text: str) -> list[str]:
    """The sentences of ``text`` that have some words, at most ``MOST_PIECES`` of them, neighbours joined where there
    are more; [] where it is one."""
    found = [piece.strip() for piece in _END.split(text) if len(piece.split()) >= LEAST_WORDS]
    if len(found) < 2:
        return []
    each = -(-len(found) // MOST_PIECES)
    return [" ".join(found[at : at + each]) for at in range(0, len(found), each)]


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
