"""Writes down what is recorded beside a ``listen`` request, and tells its caller while somebody speaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from orion_py.cancellation import CancelToken
from orion_py.protocol import Event, FinalText, PartialText, SpeechStart, TurnEnd, WrittenDown

if TYPE_CHECKING:
    from orion_py.senses.hearing.listening import Listened
    from orion_py.senses.hearing.resampling import Samples
    from orion_py.senses.hearing.transcriber import Ears


async def written_down(
    request: str,
    ears: Ears,
    sound: AsyncIterator[Samples],
    language: str | None,
    send: Callable[[Event], None],
    cancel: CancelToken,
    likely: Sequence[str] = (),
) -> WrittenDown:
    """What is said in ``sound``, mono at 16 kHz, until it ends. ``send`` gets the events of ``request``. ``language``:
    None to find it out, that of a short utterance among the ``likely`` ones. Raises InvalidInput for a language that
    nobody knows, RuntimeFailure and Cancelled."""
    from orion_py.senses.hearing.listening import listen  # no start needs it
    from orion_py.senses.hearing.resampling import RATE

    told, samples = _Told(request), 0

    async def counted() -> AsyncIterator[Samples]:
        nonlocal samples
        async for block in sound:
            samples += len(block)
            yield block

    async for event in listen(ears, counted(), ears.language(language), cancel, likely):
        send(told.event(event))
    return {"text": " ".join(told.texts), "language": told.language, "seconds": samples / RATE}


class _Told:
    """Makes the protocol's events of what a listener tells, and keeps what they come to."""

    def __init__(self, request: str) -> None:
        self._request, self._start = request, 0.0
        self.texts: list[str] = []
        self.language: str | None = None

    def event(self, heard: Listened) -> Event:
        if heard.kind == "speech_start":
            self._start = heard.at
            return SpeechStart(id=self._request, at_s=heard.at)
        if heard.kind == "partial":
            return PartialText(id=self._request, text=heard.text, settled=heard.settled)
        if heard.kind == "turn_end":
            return TurnEnd(id=self._request, text=heard.text)
        start, self._start = self._start, heard.at  # a long speech goes on where it was cut
        if heard.text:
            self.texts.append(heard.text)
            self.language = heard.language
        return FinalText(id=self._request, text=heard.text, language=heard.language, start_s=start, end_s=heard.at)
