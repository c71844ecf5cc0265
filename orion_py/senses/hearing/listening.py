"""Listens while somebody speaks: text that grows with each pass, and the end of each utterance and turn.

Sound comes in as it is recorded; passes of Whisper run over the utterance so far, one at a time. What comes meanwhile
waits, and the next pass hears all of it: a slow device makes fewer passes and loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.senses.hearing.agreement import Agreement
from orion_py.senses.hearing.decoding import LONGEST_SECONDS, SURE_SECONDS
from orion_py.senses.hearing.resampling import RATE, Samples
from orion_py.senses.hearing.segments import joined, segments_of
from orion_py.senses.hearing.spans import SpeechEdges
from orion_py.senses.hearing.transcriber import Ears
from orion_py.senses.hearing.voice import FRAME, FRAME_SECONDS, VoiceProbability

EventKind = Literal["speech_start", "partial", "final", "turn_end"]

_UTTERANCE_SILENCE = round(0.6 / FRAME_SECONDS)
_TURN_SILENCE = round(1.6 / FRAME_SECONDS)
"""Frames of silence after which an utterance is over, and after which nobody goes on."""
_BEFORE = round(0.25 / FRAME_SECONDS)
_FIRST_PASS, _NEXT_PASS = round(0.5 / FRAME_SECONDS), round(0.8 / FRAME_SECONDS)
"""Frames of new speech that are worth a pass: less for the first one, so that the first words come early."""
_LONGEST = int(LONGEST_SECONDS / FRAME_SECONDS)


@dataclass(frozen=True, slots=True)
class Listened:
    """``at``: seconds from the beginning of the stream. ``text``: of a partial or a final the whole utterance, in place
    of what its partials said; of a turn_end all of the turn's utterances. ``settled``: how many characters of a partial
    won't change any more."""

    kind: EventKind
    at: float
    text: str = ""
    settled: int = 0
    language: str | None = None


async def listen(
    ears: Ears,
    sound: AsyncIterator[Samples],
    language: str | None = None,
    cancel: CancelToken | None = None,
    likely: Sequence[str] = (),
) -> AsyncIterator[Listened]:
    """Events of ``sound``, mono at 16 kHz, until it ends; then the utterance under way ends, too. ``likely``: the
    languages of which a short utterance is in one, beside those of the longer ones before it; () for all. Raises what
    ``sound`` raises, and Cancelled."""
    cancel = cancel or CancelToken()
    inbox = _Inbox(sound)
    reading = asyncio.ensure_future(inbox.fill())
    unsubscribe = cancel.subscribe(inbox.close)
    listener = _Listener(ears, language, likely, cancel)
    try:
        while (samples := await inbox.take()) is not None:
            cancel.raise_if_cancelled()
            async for event in listener.hear(samples):
                yield event
        cancel.raise_if_cancelled()
        await reading  # raises what the sound raised
        async for event in listener.finish():
            yield event
    finally:
        unsubscribe()
        reading.cancel()


class _Inbox:
    """What came while nobody looked."""

    def __init__(self, sound: AsyncIterator[Samples]) -> None:
        self._sound, self._waiting, self._ended, self._news = sound, list[Samples](), False, asyncio.Event()

    async def fill(self) -> None:
        try:
            async for samples in self._sound:
                self._waiting.append(samples)
                self._news.set()
        finally:
            self.close()

    def close(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._news.set()

    async def take(self) -> Samples | None:
        """All that is there, once something is; None at the end."""
        await self._news.wait()
        if self._waiting:
            samples = np.concatenate(self._waiting)
            self._waiting.clear()
            if not self._ended:
                self._news.clear()
            return samples
        return None


class _Listener:
    def __init__(self, ears: Ears, language: str | None, likely: Sequence[str], cancel: CancelToken) -> None:
        self._ears, self._language, self._likely, self._cancel = ears, language, list(likely), cancel
        self._voice = VoiceProbability(ears.vad)
        self._edges = SpeechEdges(_UTTERANCE_SILENCE)
        self._samples = np.zeros(0, np.float32)
        self._base = self._frame = 0
        """The frame with which the samples begin, and the next one."""
        self._start: int | None = None
        self._passed = self._quiet = 0
        """The frame up to which the last pass heard, and the frames since somebody spoke."""
        self._agreement = Agreement()
        self._turn: list[str] = []
        self._before: tuple[int, ...] = ()
        self._spoken: str | None = None

    async def hear(self, samples: Samples) -> AsyncIterator[Listened]:
        self._samples = np.concatenate([self._samples, samples])
        for probability in await self._voice.push(samples):
            self._frame += 1
            async for event in self._step(float(probability)):
                yield event
        if self._start is not None and self._worth_a_pass(self._start):
            yield await self._partial(self._start)
        self._forget()

    async def finish(self) -> AsyncIterator[Listened]:
        for edge in self._edges.finish():
            async for event in self._final(edge.frame):
                yield event
        if self._turn:
            yield self._turn_end()

    async def _step(self, probability: float) -> AsyncIterator[Listened]:
        for edge in self._edges.push(probability):
            if edge.speech:
                self._start = max(edge.frame - _BEFORE, self._base)
                self._passed, self._agreement, self._quiet = self._start, Agreement(), 0
                yield Listened("speech_start", self._start * FRAME_SECONDS)
            else:
                async for event in self._final(edge.frame):
                    yield event
        if self._start is not None:
            if self._frame - self._start >= _LONGEST:
                start = self._frame
                async for event in self._final(self._frame):
                    yield event
                self._start, self._passed, self._agreement = start, start, Agreement()
            return
        self._quiet += 1
        if self._turn and self._quiet >= _TURN_SILENCE - _UTTERANCE_SILENCE and not self._edges.begun:
            yield self._turn_end()

    def _worth_a_pass(self, start: int) -> bool:
        return self._frame - self._passed >= (_FIRST_PASS + _BEFORE if self._passed == start else _NEXT_PASS)

    async def _partial(self, start: int) -> Listened:
        text, _ = await self._text(start, self._frame, final=False)
        self._passed = self._frame
        settled, rest = self._agreement.take(text)
        whole = f"{settled} {rest}".strip()
        return Listened("partial", self._frame * FRAME_SECONDS, whole, len(settled), self._spoken)

    async def _final(self, end: int) -> AsyncIterator[Listened]:
        start, self._start, self._quiet = self._start, None, 0
        if start is None:
            return
        text, tokens = await self._text(start, min(end + _BEFORE, self._frame), final=True)
        if text:
            self._turn.append(text)
            self._before = tokens
        yield Listened("final", end * FRAME_SECONDS, text, len(text), self._spoken)

    def _turn_end(self) -> Listened:
        text, self._turn, self._before = " ".join(self._turn), [], ()
        return Listened("turn_end", self._frame * FRAME_SECONDS, text, len(text), self._spoken)

    async def _text(self, start: int, end: int, final: bool) -> tuple[str, tuple[int, ...]]:
        """What is said from frame ``start`` to ``end``, and its tokens."""
        whisper, samples = self._ears.whisper, self._samples[(start - self._base) * FRAME : (end - self._base) * FRAME]
        found = await whisper.decode(
            samples, self._language, self._before, self._cancel, likely=self._likely, brief=not final
        )
        if found.made_up:
            return "", ()
        if self._likely and final and len(samples) / RATE >= SURE_SECONDS and found.language not in self._likely:
            self._likely.append(found.language)
        self._spoken = found.language
        tokens = tuple(token for token in found.tokens if not whisper.tokens.is_time(token))
        return joined(segments_of(whisper.tokens, found.tokens, 0.0, len(samples) / RATE)), tokens

    def _forget(self) -> None:
        needed = self._start if self._start is not None else self._frame - 2 * _UTTERANCE_SILENCE
        drop = max(0, needed - self._base)
        self._samples, self._base = self._samples[drop * FRAME :], self._base + drop
