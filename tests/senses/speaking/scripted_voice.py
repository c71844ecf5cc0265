"""Models that speak, without a graph: a tone for each symbol."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import InvalidInput
from orion_py.senses.speaking.lexicon import packed
from tests.senses.speaking.test_english_guess import network

LETTERS = {
    letter: number
    for number, letter in enumerate("abcdefghijklmnopqrstuvwxyzəɛɔœøɑɪʊʌæʃʒɜθðŋɹʁɡɥɲˈˌːɚɐᵻɾᵊAIOWYʤʧ .,!?;:", 3)
}
IDS = {"_": 0, "^": 1, "$": 2, **LETTERS, "\u0303": 99}
ENGLISH = packed({"hello": "həlˈO", "world": "wˈɜɹld", "one": "wˈʌn", "two": "tˈu"})
FRENCH = packed({"bonjour": "bɔ̃ʒuʁ", "monde": "mɔ̃d"})


class TalkingModel:
    """A ``GraphModel``; ``runs``: what its session was given. Each symbol is 100 samples."""

    def __init__(self, files: Mapping[str, bytes] | None = None, loudness: float = 0.5) -> None:
        self.runs: list[Mapping[str, Any]] = []
        self.loudness = loudness
        style = np.arange(510 * 256, dtype=np.float32).reshape(510, 256)
        own = {"symbols.json": json.dumps({"rate": 24_000, "ids": IDS}).encode(), "letters.safetensors": network()}
        own |= {"english.lexicon": ENGLISH, "french.lexicon": FRENCH}
        own |= {f"{name}.bin": style.tobytes() for name in ("ff_siwis", "af_heart", "am_michael")}
        self.files = own | dict(files or {})

    def graph(self, session: str) -> TalkingModel:
        assert session == "speaker"
        return self

    async def file(self, name: str) -> bytes:
        if name not in self.files:
            raise InvalidInput(f"there is no {name}")
        return self.files[name]

    async def run(self, inputs: Mapping[str, Any], want: Sequence[str]) -> dict[str, Any]:
        self.runs.append(inputs)
        count = 100 * next(inputs[name].shape[1] for name in ("input", "tokens") if name in inputs)
        return {want[0]: np.sin(np.arange(count) / 5).astype(np.float32)[None] * self.loudness}


class VoiceLender:
    """Lends ``model`` whatever is asked for, and writes down what."""

    def __init__(self, model: TalkingModel) -> None:
        self.model, self.log = model, list[str]()

    @asynccontextmanager
    async def lent(self, model_id: str, cancel: CancelToken) -> AsyncIterator[Any]:
        self.log.append(f"lends {model_id}")
        try:
            yield self.model
        finally:
            self.log.append(f"gets {model_id}")
