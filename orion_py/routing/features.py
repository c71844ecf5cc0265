"""What the router's head sees of a query: its meaning, its words, and what the keyword rules make of it.

``embedding | keyword scores and shape | hashed words and pairs | hashed character n-grams``. The
encoder says what a query is about; the n-grams tell apart what it is about from what is wanted
("a poem about code"), where the embeddings of both are close. Hashing (Weinberger et al. 2009,
Feature Hashing for Large Scale Multitask Learning) by CRC-32 needs no vocabulary.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from orion_py.routing.keyword import fold, score
from orion_py.routing.text import shortened

LABELS = ("conversation", "code", "logical", "creative", "multilingual", "vision", "speech")
EMBEDDING, SHAPE, WORDS, GRAMS = 512, 14, 4096, 8192
SIZE = EMBEDDING + SHAPE + WORDS + GRAMS
WEIGHT_EMBEDDING, WEIGHT_WORDS, WEIGHT_GRAMS = 4.0, 6.0, 6.0
"""How much of the head's prior each part gets; chosen by cross-validation over the hands that wrote
the examples (``foundry router train``)."""

_MOST_WORDS = 200
_GRAM_LENGTHS = (3, 4, 5)
_TOKEN = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
_SIGNS = frozenset("{}();=<>[]_\\/#")

Floats = NDArray[np.float64]


def features(text: str, embedding: NDArray[np.float32]) -> Floats:
    """[SIZE] for ``text`` and its ``embedding`` [512] of length 1."""
    short = shortened(text)
    tokens = _TOKEN.findall(fold(short))[:_MOST_WORDS]
    result = np.zeros(SIZE)
    result[:EMBEDDING] = WEIGHT_EMBEDDING * embedding
    result[EMBEDDING : EMBEDDING + SHAPE] = _shape(short)
    start = EMBEDDING + SHAPE
    result[start : start + WORDS] = WEIGHT_WORDS * _hashed(_words(tokens), WORDS)
    result[start + WORDS :] = WEIGHT_GRAMS * _hashed(_grams(tokens), GRAMS)
    return result


def _shape(text: str) -> Floats:
    """The keyword rules' scores, and what kind of characters the text is made of."""
    scores, _ = score(text)
    rules = [max(-3.0, min(6.0, scores.get(label, 0.0))) / 3 for label in LABELS]
    count = max(len(text), 1)
    kinds = [
        float(np.log1p(count)) / 5,
        3 * sum(map(str.isdigit, text)) / count,
        5 * sum(c in _SIGNS for c in text) / count,
        sum(map(str.isalpha, text)) / count,
        float("?" in text),
        float(len(text.split()) <= 2),
        sum(c > "\u024f" and c.isalpha() for c in text) / count,
    ]
    return np.array([*rules, *kinds])


def _words(tokens: list[str]) -> Iterable[str]:
    marked = ["^", *tokens, "$"]
    yield from (f"u{token}" for token in tokens)
    yield from (f"b{first} {second}" for first, second in zip(marked, marked[1:], strict=False))


def _grams(tokens: list[str]) -> Iterable[str]:
    text = f" {' '.join(tokens)} "
    for length in _GRAM_LENGTHS:
        yield from (text[start : start + length] for start in range(len(text) - length + 1))


def _hashed(names: Iterable[str], size: int) -> Floats:
    """[size]: the root of each count, the whole of length 1."""
    result = np.zeros(size)
    for name, count in Counter(names).items():
        result[crc32(name.encode()) % size] += count
    np.sqrt(result, out=result)
    norm = float(np.sqrt(result @ result))
    return result / norm if norm else result
