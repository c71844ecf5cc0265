"""Transcribes sound of any length: finds speech, cuts it into windows, writes each down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import InvalidInput, UnreadableSound
from orion_py.runtime.graphs import Graph, GraphModel
from orion_py.senses.hearing.decoding import Decoded, Whisper
from orion_py.senses.hearing.resampling import RATE, Samples
from orion_py.senses.hearing.segments import Segment, joined, segments_of
from orion_py.senses.hearing.tokens import WhisperTokens
from orion_py.senses.hearing.voice import VoiceProbability
from orion_py.senses.hearing.windows import SpeechWindows, Window

WHISPER, VAD = "whisper-base", "silero-vad"
"""The models, by their ids."""
_SURE = 2
"""Windows that have to be in one language until it is taken for the whole sound's."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """``language``: ISO 639-1, None where nobody spoke. ``seconds``: how long the sound is; ``speech``: how much of it
    was heard as speech."""

    language: str | None
    segments: tuple[Segment, ...]
    seconds: float
    speech: float

    @property
    def text(self) -> str:
        return joined(self.segments)


@dataclass(frozen=True, slots=True)
class Heard:
    """Progress: ``seconds`` of the sound are done, and ``new`` was said in the last of them."""

    seconds: float
    new: tuple[Segment, ...]


class Ears:
    """The loaded models of hearing. ``open`` makes one."""

    def __init__(self, whisper: Whisper, vad: Graph) -> None:
        self.whisper, self.vad = whisper, vad

    @staticmethod
    async def open(whisper: GraphModel, vad: GraphModel, uniform: Callable[[], float]) -> Ears:
        """Raises InvalidModel where the files aren't Whisper's."""
        tokens = WhisperTokens(await whisper.file("tokenizer.json"), await whisper.file("generation.json"))
        return Ears(Whisper(whisper.graph("encoder"), whisper.graph("decoder"), tokens, uniform), vad.graph("vad"))

    def language(self, wanted: str | None) -> str | None:
        """``wanted`` as Whisper knows it, without a region: fr-CA is French; "auto" and None are found out. Raises
        InvalidInput."""
        if wanted is None or wanted == "auto":
            return None
        code = wanted.lower().partition("-")[0]
        if code not in self.whisper.tokens.languages:
            known = ", ".join(sorted(self.whisper.tokens.languages))
            raise InvalidInput(f"Whisper doesn't know the language {wanted!r}; it knows auto, {known}.")
        return code


async def transcribe(
    ears: Ears,
    blocks: AsyncIterator[Samples],
    language: str | None = None,
    report: Callable[[Heard], None] = lambda heard: None,
    cancel: CancelToken | None = None,
) -> Transcript:
    """What is said in ``blocks``, which are mono sound at 16 kHz in order. ``language``: ISO 639-1, or None to find it
    out. ``report`` hears of each window as it is done. Raises UnreadableSound where there is no sound at all,
    Cancelled."""
    run = _Run(ears, language, report, cancel or CancelToken())
    voice, windows, total = VoiceProbability(ears.vad), SpeechWindows(), 0
    async for block in blocks:
        run.cancel.raise_if_cancelled()
        total += len(block)
        complete = windows.push(block, await voice.push(block))
        await run.write(complete, windows.done)
    if not total:
        raise UnreadableSound("The recording holds no sound: it is 0 seconds long.")
    complete = windows.push(np.zeros(0, np.float32), await voice.finish())
    await run.write(complete, windows.done)
    await run.write(windows.finish(), total / RATE)
    return Transcript(run.spoken, tuple(run.segments), total / RATE, run.speech)


class _Run:
    def __init__(self, ears: Ears, language: str | None, report: Callable[[Heard], None], cancel: CancelToken) -> None:
        self.cancel, self.segments, self.speech = cancel, list[Segment](), 0.0
        self._ears, self._language, self._report = ears, language, report
        self._languages: list[str] = []
        self._before: Sequence[int] = ()

    @property
    def spoken(self) -> str | None:
        """The language of most windows."""
        found = self._languages
        return max(found, key=found.count) if found else None

    async def write(self, windows: Iterable[Window], reached: float) -> None:
        for window in windows:
            found = await self._ears.whisper.decode(window.samples, self._settled, self._before, self.cancel)
            new = self._segments(found, window)
            self.segments += new
            self._report(Heard(window.start + window.seconds, tuple(new)))
        self._report(Heard(reached, ()))

    @property
    def _settled(self) -> str | None:
        """The language that the next window is written down in; None: it is found out."""
        if self._language is not None or len(self._languages) < _SURE:
            return self._language
        return self._languages[0] if len(set(self._languages)) == 1 else None

    def _segments(self, found: Decoded, window: Window) -> list[Segment]:
        tokens = self._ears.whisper.tokens
        new = [] if found.made_up else segments_of(tokens, found.tokens, window.start, window.seconds)
        if not new:
            return []
        self.speech += window.seconds
        self._languages.append(found.language)
        # What was guessed would be guessed on.
        text = [token for token in found.tokens if not tokens.is_time(token)]
        self._before = text if found.temperature <= 0.4 else ()
        return new
