"""Speaks phonemes with a model: Piper's (VITS) and Kokoro's, each with the symbols that it was trained on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import InvalidModel, RuntimeFailure
from orion_py.runtime.graphs import GraphModel, Tensor
from orion_py.senses.speaking.catalogue import ENGLISH, FRENCH, LETTERS, PIPER, SESSION, STYLE, SYMBOLS, Language, Voice
from orion_py.senses.speaking.english import English, to_espeak
from orion_py.senses.speaking.english_guess import Guesser
from orion_py.senses.speaking.french import French
from orion_py.senses.speaking.lexicon import Lexicon
from orion_py.senses.speaking.phonemes import Pronounce, phonemes_of

_PIPER_NOISE, _PIPER_WIDTH = 0.667, 0.8
"""How much chance there is in Piper's sound, and in its lengths, as its makers set it."""
_SILENCE_S = 0.16
_PEAK = 0.97
_FLOOR = 0.004
"""The loudness, of the largest that there can be, below which the ends of a sound are silence."""

Samples = NDArray[np.float32]


class Speaker:
    """A voice whose model is loaded. ``open`` makes one."""

    def __init__(
        self, voice: Voice, model: GraphModel, symbols: Mapping[str, Any], pronounce: Pronounce, style: Samples
    ) -> None:
        self.voice, self.rate = voice, int(symbols["rate"])
        self._graph, self._ids, self._pronounce, self._style = model.graph(SESSION), symbols["ids"], pronounce, style

    @staticmethod
    async def open(voice: Voice, model: GraphModel) -> Speaker:
        """Raises InvalidModel where the model's files aren't such a voice's."""
        try:
            symbols = json.loads(await model.file(SYMBOLS))
            ids, rate = symbols["ids"], symbols["rate"]
            if not (isinstance(rate, int) and 8000 <= rate <= 96_000 and isinstance(ids, dict)):
                raise ValueError("it has no rate or no ids")
            if not all(isinstance(number, int) and 0 <= number < 1000 for number in ids.values()):
                raise ValueError("an id is no small number")
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidModel(f"{SYMBOLS} of {voice.model} can't be read: {error}.") from error
        style = np.zeros((1, STYLE), np.float32)
        if voice.name:
            data = await model.file(f"{voice.name}.bin")
            if not data or len(data) % (4 * STYLE):
                raise InvalidModel(f"{voice.name}.bin of {voice.model} isn't a voice: it has {len(data)} bytes.")
            style = np.frombuffer(data, "<f4").reshape(-1, STYLE)
        return Speaker(voice, model, symbols, await _pronounce_of(voice.language, model), style)

    async def speak(self, words: str, speed: float = 1.0) -> Samples:
        """A sentence in words as sound, F32 [n] from -1 to 1 at ``rate``, with a pause behind it. Raises as
        ``Graph.run``, and RuntimeFailure for a sound that isn't one."""
        said = phonemes_of(words, self._pronounce)
        pause = np.zeros(round(self.rate * _SILENCE_S), np.float32)
        if not any(sound.isalpha() for sound in said):
            return pause  # another script than the voice's
        found = await (self._piper(said, speed) if self.voice.model == PIPER else self._kokoro(said, speed))
        if not found.size or not np.isfinite(found).all():
            raise RuntimeFailure(f"{self.voice.model} made no sound of a sentence.", model=self.voice.model)
        return np.concatenate([_safe(_trimmed(found)), pause])

    async def _piper(self, said: str, speed: float) -> Samples:
        symbols = [self._ids[letter] for letter in to_espeak(said) if letter in self._ids]
        # Between all symbols, at the beginning and before the end stands the one for nothing.
        ids = [
            self._ids["^"],
            *(number for symbol in symbols for number in (self._ids["_"], symbol)),
            self._ids["_"],
            self._ids["$"],
        ]
        inputs: dict[str, Tensor] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([_PIPER_NOISE, 1 / speed, _PIPER_WIDTH], np.float32),
        }
        return np.asarray((await self._graph.run(inputs, ["output"]))["output"], np.float32).reshape(-1)

    async def _kokoro(self, said: str, speed: float) -> Samples:
        symbols = [self._ids[letter] for letter in said if letter in self._ids][: len(self._style) - 1]
        inputs: dict[str, Tensor] = {
            "tokens": np.array([[0, *symbols, 0]], np.int64),
            "style": self._style[len(symbols)][None],
            "speed": np.array([speed], np.float32),
        }
        return np.asarray((await self._graph.run(inputs, ["audio"]))["audio"], np.float32).reshape(-1)


_PRONOUNCED: WeakKeyDictionary[GraphModel, dict[Language, Pronounce]] = WeakKeyDictionary()
"""What reads words, by the model in memory whose files it was made of: a page sends an answer sentence by sentence, and
to open the lexicons for each takes time."""


async def _pronounce_of(language: Language, model: GraphModel) -> Pronounce:
    made = _PRONOUNCED.setdefault(model, {})
    if language not in made:
        if language == "fr":
            made[language] = French(Lexicon(await model.file(FRENCH))).phonemes
        else:
            guesser = Guesser(await model.file(LETTERS))
            made[language] = English(Lexicon(await model.file(ENGLISH)), guesser.phonemes).phonemes
    return made[language]


def _trimmed(samples: Samples) -> Samples:
    """Without the silence at both ends, but for a few hundredths of a second."""
    loud = np.flatnonzero(np.abs(samples) > _FLOOR)
    if not loud.size:
        return samples
    return samples[max(0, loud[0] - 400) : loud[-1] + 1200]


def _safe(samples: Samples) -> Samples:
    """Quieter where it would be cut off at its peaks."""
    peak = float(np.abs(samples).max())
    return samples if peak <= _PEAK else np.asarray(samples * np.float32(_PEAK / peak), np.float32)
