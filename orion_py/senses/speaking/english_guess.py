"""Guesses how an English word that no lexicon has is pronounced, letter by letter, with a small recurrent network.

The network is that of g2p-en 2.1.0 (https://github.com/Kyubyong/g2p, Apache-2.0), trained on the CMU dictionary: a GRU
reads the letters, another one writes ARPAbet phonemes, the likeliest each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import InvalidModel
from orion_py.manifest.tensor_file import read_tensors

NAMES = (
    "enc_emb", "enc_w_ih", "enc_w_hh", "enc_b_ih", "enc_b_hh",
    "dec_emb", "dec_w_ih", "dec_w_hh", "dec_b_ih", "dec_b_hh", "fc_w", "fc_b",
)  # fmt: skip
"""The tensors, F32: embeddings [letters or phonemes, width]; of each GRU the weights [3 states, …], gates reset,
update, new; the last layer."""
_FIRST_LETTER, _END_OF_WORD = 3, 2
_BEGIN, _END, _FIRST_PHONEME = 2, 3, 4
_VOWELS_TEXT = "AA:ɑ AE:æ AH:ʌ AO:ɔ AW:W AY:I EH:ɛ ER:ɜɹ EY:A IH:ɪ IY:i OW:O OY:Y UH:ʊ UW:u"
_VOWELS = _VOWELS_TEXT.split()
_REDUCED = {"AH": "ə", "ER": "əɹ"}
"""Vowels that are others without stress."""
_CONSONANTS_TEXT = (
    "B:b CH:ʧ D:d DH:ð F:f G:ɡ HH:h JH:ʤ K:k L:l M:m N:n NG:ŋ P:p R:ɹ S:s SH:ʃ T:t TH:θ UW:u V:v W:w Y:j Z:z ZH:ʒ"
)
_CONSONANTS = _CONSONANTS_TEXT.split()
_MOST = 30
"""Phonemes of a word."""


def _phonemes() -> tuple[str, ...]:
    """What the network writes, in the order of its outputs: ARPAbet's symbols sorted, vowels with their stress."""
    found: dict[str, str] = {}
    for entry in _VOWELS:
        name, said = entry.split(":")
        for stress, mark in enumerate(("", "ˈ", "ˌ")):
            found[f"{name}{stress}"] = mark + (_REDUCED.get(name, said) if stress == 0 else said)
    found |= dict(entry.split(":") for entry in _CONSONANTS)
    return tuple(found[name] for name in sorted(found))


_PHONEMES = _phonemes()


class Guesser:
    """``data``: a safetensors file of NAMES. Raises InvalidModel for another."""

    def __init__(self, data: bytes) -> None:
        self._of: Mapping[str, NDArray[Any]] = read_tensors(data, "letters.safetensors")
        states = self._of["enc_w_hh"].shape[-1] if "enc_w_hh" in self._of else 0
        width = self._of["enc_emb"].shape[-1] if "enc_emb" in self._of else 0
        gru = ((3 * states, width), (3 * states, states), (3 * states,), (3 * states,))
        outputs = _FIRST_PHONEME + len(_PHONEMES)
        wanted = ((_FIRST_LETTER + 26, width), *gru, (outputs, width), *gru, (outputs, states), (outputs,))
        for name, shape in zip(NAMES, wanted, strict=True):
            if name not in self._of or self._of[name].shape != shape or self._of[name].dtype != np.float32:
                raise InvalidModel(f"The network that reads letters has no tensor {name} of the shape {shape}.")

    def phonemes(self, word: str) -> str:
        """Of a word in letters a to z, in Kokoro's symbols, the stress before its vowel."""
        state = np.zeros(self._of["enc_w_hh"].shape[-1], np.float32)
        letters = [_FIRST_LETTER + ord(letter) - ord("a") for letter in word if "a" <= letter <= "z"]
        for letter in (*letters, _END_OF_WORD):
            state = self._step("enc", letter, state)
        said, last = [], _BEGIN
        for _ in range(_MOST):
            state = self._step("dec", last, state)
            last = int(np.argmax(self._of["fc_w"] @ state + self._of["fc_b"]))
            if last < _FIRST_PHONEME:
                break
            said.append(_PHONEMES[last - _FIRST_PHONEME])
        return "".join(said)

    def _step(self, part: str, symbol: int, state: NDArray[np.float32]) -> NDArray[np.float32]:
        """One step of a GRU (Cho et al. 2014, with PyTorch's order of the gates)."""
        of = self._of
        into = of[f"{part}_w_ih"] @ of[f"{part}_emb"][symbol] + of[f"{part}_b_ih"]
        kept = of[f"{part}_w_hh"] @ state + of[f"{part}_b_hh"]
        reset_in, update_in, new_in = np.split(into, 3)
        reset_kept, update_kept, new_kept = np.split(kept, 3)
        reset, update = _sigmoid(reset_in + reset_kept), _sigmoid(update_in + update_kept)
        new = np.tanh(new_in + reset * new_kept)
        return np.asarray((1 - update) * new + update * state, np.float32)


def _sigmoid(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-values)))
