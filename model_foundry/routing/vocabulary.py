"""Chooses which pieces of the encoder's vocabulary are kept, and makes the tokenizer that knows only those.

128,000 pieces serve sixteen languages; the table of all weighs 65 MB. The pieces are in the order
of their frequency in the encoder's training text, so the first ones of each kind are what a query
most likely holds. A word whose piece is gone is cut into smaller pieces.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from orion_py.routing.encoder import SPACE

UNTYPED = "\ufdd0"
"""A code point that is no character."""
SPECIAL = 3
"""``<unk>``, ``<s>`` and ``</s>`` come first and stay."""
LATIN = 54_000
OTHER = 8_000
"""Pieces kept with and without a Latin letter, digits and signs counting as Latin."""


def kept(pieces: Sequence[tuple[str, float]], latin: int = LATIN, other: int = OTHER) -> list[int]:
    """The ids that stay, rising. Single characters of Latin text stay whatever their frequency."""
    chosen = list(range(SPECIAL))
    counts = {True: latin, False: other}
    for index, (text, score) in enumerate(pieces[SPECIAL:], SPECIAL):
        bare = text.replace(SPACE, "")
        if score == 0 and bare.startswith("extra_token_id"):
            continue
        ours = _is_latin(bare)
        if counts[ours] > 0 or (ours and len(bare) <= 1):
            chosen.append(index)
            counts[ours] -= 1
    return chosen


def _is_latin(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return not letters or any(unicodedata.name(c, "").startswith("LATIN") for c in letters)


def tokenizer_definition(pieces: Sequence[tuple[str, float]], ids: Sequence[int]) -> dict[str, Any]:
    """The tokenizer shard: Hugging Face's tokenizer.json with a unigram model (Kudo 2018) over the
    kept pieces, renumbered from 0. The text comes normalised (orion_py.routing.encoder).

    The pieces for the unknown, the beginning and the end can't be typed: as in SentencePiece, no text
    means them. The libraries would take their names for text, and not in the same way.
    """
    pieces = [(f"{UNTYPED}{text}", score) for text, score in pieces[:SPECIAL]] + list(pieces[SPECIAL:])
    return {
        "tokenizer": {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Metaspace",
                "replacement": SPACE,
                "prepend_scheme": "always",
                "split": True,
            },
            "post_processor": None,
            "decoder": {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": True},
            "model": {
                "type": "Unigram",
                "unk_id": 0,
                "vocab": [[pieces[index][0], round(pieces[index][1], 4)] for index in ids],
                "byte_fallback": False,
            },
        },
        "chat_template": "",
        "bos_token": "<s>",
        "eos_token": "</s>",
    }
