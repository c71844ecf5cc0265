"""Chooses the sentences of a text that say most: by centrality, position and novelty.

Centrality is a sentence's mean similarity with all others, as in LexRank's degree (Erkan and Radev, 2004); novelty is
maximal marginal relevance (Carbonell and Goldstein, 1998): what is chosen already counts against what is like it.
Similarity is the cosine of the sentence encoder's vectors, or of word counts weighted by rarity (tf-idf) where the
encoder isn't in memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from orion_py.runtime.base import Embedding
from orion_py.skills.facts import plain

CENTRALITY, POSITION, REDUNDANCY = 1.0, 0.3, 0.6
"""Weights: the first sentence gets all of ``POSITION``, the last none."""
_COMMON = """the and of to in is a an it that was for on with as at by be this from or are were which but not have has
had they you his her its their our we he she i my le la les un une des du de et en est que qui dans pour sur au aux
avec par ce cette ces il elle ils elles nous vous on se sa son ses leur leurs ne pas plus je tu mon ma mes"""
_STOP_WORDS = frozenset(_COMMON.split())


def chosen(sentences: Sequence[str], count: int, vectors: Sequence[Embedding] | None = None) -> list[int]:
    """The places of the ``count`` sentences that say most, in the text's order. ``vectors``: the encoder's, [n, d]."""
    if count >= len(sentences):
        return list(range(len(sentences)))
    alike = _of_vectors(vectors) if vectors is not None else _cosines(_weighed(sentences))
    most = len(sentences) - 1
    worth = [
        CENTRALITY * (sum(row) - row[place]) / most + POSITION * (1 - place / most) for place, row in enumerate(alike)
    ]
    found: list[int] = []
    while len(found) < count:
        left = [place for place in range(len(sentences)) if place not in found]
        found.append(
            max(left, key=lambda p: worth[p] - REDUNDANCY * max((alike[p][other] for other in found), default=0.0))
        )
    return sorted(found)


def _weighed(sentences: Sequence[str]) -> list[dict[str, float]]:
    counts = [
        Counter(word for word in plain(text).replace("’", "'").split() if word.strip(".,;:!?") not in _STOP_WORDS)
        for text in sentences
    ]
    seen = Counter(word for count in counts for word in count)
    return [
        {word: times * math.log(1 + len(sentences) / seen[word]) for word, times in count.items()} for count in counts
    ]


def _cosines(rows: Sequence[dict[str, float]]) -> list[list[float]]:
    """[n, n]."""
    norms = [math.sqrt(sum(value * value for value in row.values())) or 1.0 for row in rows]
    return [
        [
            sum(value * other.get(word, 0.0) for word, value in row.items()) / (norms[i] * norms[j])
            for j, other in enumerate(rows)
        ]
        for i, row in enumerate(rows)
    ]


def _of_vectors(vectors: Sequence[Embedding]) -> list[list[float]]:
    """[n, n]."""
    import numpy as np  # where there are vectors, the encoder has brought it

    rows = np.asarray(vectors, dtype=np.float32)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    alike: list[list[float]] = (rows @ rows.T).tolist()
    return alike
