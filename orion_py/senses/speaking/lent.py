"""Speaks with models that are lent for it, sentence by sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import InvalidInput
from orion_py.runtime.graphs import GraphModel

if TYPE_CHECKING:
    from orion_py.senses.speaking.catalogue import Voice
    from orion_py.senses.speaking.voices import Samples

Lend = Callable[[str, CancelToken], AbstractAsyncContextManager[GraphModel]]
"""Lends a graph model by its id, as ``residency.senses.Senses.lent`` does."""
MOST_TEXT = 20_000
"""Characters: some 25 minutes of sound."""


@dataclass(frozen=True, slots=True)
class Wish:
    """``language``: "en", "fr", or None: that of the text. ``voice``: an id, or None: the language's first.
    ``speed``: 1 is the voice's own."""

    text: str
    language: str | None = None
    voice: str | None = None
    speed: float = 1.0
    likely: str = "en"
    """The language where the text doesn't tell its own."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sentence: ``text`` as it was written, ``samples`` F32 [n] from -1 to 1, ``rate`` of them a second."""

    index: int
    text: str
    samples: Samples
    rate: int
    last: bool


class LentVoice:
    """Borrows its model for each text, from whoever owns all models in memory."""

    def __init__(self, lend: Lend) -> None:
        self._lend = lend

    async def speak(self, wish: Wish, cancel: CancelToken) -> AsyncGenerator[Sound, None]:
        """The sentences of a text as sound, the first as soon as it is there. Raises InvalidInput for a language or a
        voice that there isn't and for a text without words, RuntimeFailure, Cancelled, and as ``Lend``."""
        from orion_py.senses.speaking.phonemes import utterances  # a start needn't wait for it
        from orion_py.senses.speaking.voices import Speaker

        voice = chosen(wish)
        said = utterances(wish.text, voice.language)
        if not said:
            raise InvalidInput("There is nothing to read aloud in this text: it holds no words.")
        async with self._lend(voice.model, cancel) as model:
            speaker = await Speaker.open(voice, model)
            for index, utterance in enumerate(said):
                cancel.raise_if_cancelled()
                # A run that is under way isn't waited for: it ends with the model as that is given back.
                samples = await until_cancelled(speaker.speak(utterance.words, wish.speed), cancel)
                yield Sound(index, utterance.text, samples, speaker.rate, index == len(said) - 1)

    async def prepare(self, wish: Wish, cancel: CancelToken) -> Voice:
        """Brings the voice for a text that isn't there yet into memory, and what it reads words by. Raises InvalidInput
        for a language or a voice that there isn't, Cancelled, and as ``Lend``."""
        from orion_py.senses.speaking.voices import Speaker

        voice = _named(wish)
        async with self._lend(voice.model, cancel) as model:
            await Speaker.open(voice, model)
        return voice


def chosen(wish: Wish) -> Voice:
    """The voice that speaks. Raises InvalidInput for what nothing here speaks."""
    from orion_py.senses.speaking.catalogue import FASTEST, SLOWEST

    if not wish.text.strip():
        raise InvalidInput("There is nothing to read aloud: the text is empty.")
    if len(wish.text) > MOST_TEXT:
        raise InvalidInput(f"The text has {len(wish.text)} characters; at most {MOST_TEXT} are read aloud at once.")
    if not SLOWEST <= wish.speed <= FASTEST:
        raise InvalidInput(
            f"A voice speaks {SLOWEST:g} to {FASTEST:g} times as fast as usual, not {wish.speed:g} times."
        )
    return _named(wish)


def _named(wish: Wish) -> Voice:
    from orion_py.senses.speaking.catalogue import LANGUAGES, VOICES
    from orion_py.senses.speaking.phonemes import language_of

    language = None if wish.language is None else wish.language.lower().partition("-")[0]
    if language is not None and language not in LANGUAGES:
        raise InvalidInput(f"No voice speaks {wish.language!r}; there are voices for {' and '.join(LANGUAGES)}.")
    if wish.voice is not None:
        found = [voice for voice in VOICES if voice.id == wish.voice]
        if not found:
            raise InvalidInput(f"There is no voice {wish.voice!r}; there are {', '.join(each.id for each in VOICES)}.")
        if language is not None and found[0].language != language:
            raise InvalidInput(f"The voice {wish.voice} doesn't speak {language!r} but {found[0].language!r}.")
        return found[0]
    spoken = language or language_of(wish.text, wish.likely)
    return next(voice for voice in VOICES if voice.language == spoken)
