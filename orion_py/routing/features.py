"""Computes the features of a query that the router's head sees: meaning, words, keyword rules.

``embedding | keyword scores and shape | hashed words and pairs | hashed character n-grams``. The
encoder says what a query is about; the n-grams tell apart what it is about from what is wanted
("a poem about code"), where the embeddings of both are close. Hashing (Weinberger et al. 2009,
Feature Hashing for Large Scale Multitask Learning) needs no vocabulary.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

import numpy as np

from orion_py.routing.encoder import shortened
from orion_py.routing.keyword import fold, score
from orion_py.routing.keyword_words import RULED

if TYPE_CHECKING:
    from numpy.typing import NDArray

EMBEDDING, SHAPE, WORDS, GRAMS = 512, 14, 4096, 8192
SIZE = EMBEDDING + SHAPE + WORDS + GRAMS
WEIGHT_EMBEDDING, WEIGHT_WORDS, WEIGHT_GRAMS = 4.0, 6.0, 6.0
"""How much of the head's prior each part gets; chosen by cross-validation over the hands that wrote
the examples (``foundry router train``)."""

_MOST_WORDS = 200
_GRAM_LENGTHS = (3, 4, 5)
_TOKEN = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
_SIGNS = frozenset("{}();=<>[]_\\/#")

_MIX = 2654435761
"""Knuth's multiplier, The Art of Computer Programming, section 6.4."""

Floats: TypeAlias = "NDArray[np.float64]"
Hashes: TypeAlias = "NDArray[np.uint32]"


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
    rules = [max(-3.0, min(6.0, scores.get(label, 0.0))) / 3 for label in RULED]
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


def _words(tokens: list[str]) -> Hashes:
    """A hash for each word and for each pair of neighbours, the ends of the text counting as words."""
    words = np.array([crc32(token.encode()) for token in ["^", *tokens, "$"]], np.uint32)
    return np.concatenate([words[1:-1], words[:-1] * _MIX + words[1:]])


def _grams(tokens: list[str]) -> Hashes:
    """A hash for each run of 3, 4 and 5 bytes of the words with one space between."""
    data = np.frombuffer(f" {' '.join(tokens)} ".encode(), np.uint8).astype(np.uint32)
    return np.concatenate([_rolled(data, length) for length in _GRAM_LENGTHS])


def _rolled(data: Hashes, length: int) -> Hashes:
    """A multiplicative hash, modulo 2³², of each run of ``length``, the length being part of it."""
    count = max(len(data) - length + 1, 0)
    hashes = np.full(count, length, np.uint32)
    for place in range(length):
        hashes = (hashes ^ data[place : place + count]) * _MIX
    return hashes ^ (hashes >> np.uint32(15))


def _hashed(hashes: Hashes, size: int) -> Floats:
    """[size]: the root of each count, the whole of length 1."""
    result = np.sqrt(np.bincount(hashes % np.uint32(size), minlength=size))
    norm = float(np.sqrt(result @ result))
    return np.asarray(result / norm) if norm else np.asarray(result)
