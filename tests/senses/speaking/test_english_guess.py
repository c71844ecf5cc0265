"""A network reads the letters of a word that no lexicon has."""

from __future__ import annotations

import numpy as np
import pytest

from model_foundry.sharding.graph_folder import tensor_file
from orion_py.errors import InvalidModel
from orion_py.senses.speaking.english_guess import NAMES, Guesser

SHAPES = {
    "enc_emb": (29, 4), "enc_w_ih": (24, 4), "enc_w_hh": (24, 8), "enc_b_ih": (24,), "enc_b_hh": (24,),
    "dec_emb": (74, 4), "dec_w_ih": (24, 4), "dec_w_hh": (24, 8), "dec_b_ih": (24,), "dec_b_hh": (24,),
    "fc_w": (74, 8), "fc_b": (74,),
}  # fmt: skip


def network(**changes: np.ndarray) -> bytes:
    """One that always says the likeliest of ``fc_b``."""
    arrays = {name: np.zeros(SHAPES[name], np.float32) for name in NAMES}
    return tensor_file(arrays | changes)


def says(index: int) -> np.ndarray:
    bias = np.zeros(74, np.float32)
    bias[index] = 1
    return bias


def test_it_stops_at_the_end_or_after_thirty_phonemes() -> None:
    assert Guesser(network(fc_b=says(3))).phonemes("word") == ""
    assert Guesser(network(fc_b=says(5))).phonemes("word") == "ˈɑ" * 30
    assert Guesser(network(fc_b=says(73))).phonemes("word") == "ʒ" * 30


def test_letters_decide() -> None:
    """The state is the last letter's: a gate that forgets, and weights that copy the embedding."""
    rng = np.random.default_rng(1)
    arrays = {name: rng.normal(size=SHAPES[name]).astype(np.float32) for name in NAMES}
    guesser = Guesser(tensor_file(arrays))
    found = {guesser.phonemes(word) for word in ("cat", "dog", "tree", "zebra")}
    assert len(found) > 1


def test_another_file_is_refused() -> None:
    with pytest.raises(InvalidModel, match="fc_b"):
        Guesser(network(fc_b=np.zeros(73, np.float32)))
    with pytest.raises(InvalidModel, match="enc_emb"):
        Guesser(tensor_file({"fc_b": np.zeros(74, np.float32)}))
