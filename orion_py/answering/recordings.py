"""Hears a question's recordings: what is said is the answer, the question itself, or what a question is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orion_py.agents.base import Brief
from orion_py.agents.speech import question_on, too_long_in, wants_it_written
from orion_py.answering.ability import NEEDED
from orion_py.answering.deadline import Deadline
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.reporting import Reporter
from orion_py.answering.response import from_agent
from orion_py.answering.services import Services
from orion_py.cancellation import ended_by
from orion_py.errors import Cancelled, NobodySpeaks, OrionError, UnreadableSound
from orion_py.generation.sampling import SamplingWishes
from orion_py.protocol import Response
from orion_py.routing.base import RoutingDecision
from orion_py.runtime.attachments import Sound
from orion_py.senses.hearing.lent import Hearing
from orion_py.senses.hearing.notes import with_subtitles
from orion_py.senses.hearing.transcriber import WHISPER, Heard, Transcript, transcribe

_SPEECH = NEEDED["audio"][0]
_BETWEEN = "\n\n"
"""Two recordings."""


class Recordings:
    """Those of one request. They are heard once."""

    def __init__(
        self, hearing: Hearing, request: InferRequest, services: Services, report: Reporter, limit: Deadline
    ) -> None:
        self._hearing, self._request, self._services = hearing, request, services
        self._report, self._limit = report, limit
        self._found: list[Transcript] = []

    @property
    def notes(self) -> dict[str, Any]:
        """For the Response: what is said in each of them, in their order. In one of several nobody may speak."""
        return {"recordings": [with_subtitles(transcript) for transcript in self._found]}

    def wants_words(self, prompt: str) -> bool:
        """Whether what is said is the whole answer: ``prompt`` asks for it, or the agent for speech was chosen."""
        options = self._request.options
        return options.force_agent == _SPEECH or (
            options.force_agent is None and not options.images and wants_it_written(prompt)
        )

    async def written(self, decision: RoutingDecision) -> Response:
        """What is said as the answer, shown as it is heard. A time limit ends it early. Raises as ``heard``."""
        report, finish = self._report, "stop"
        report.agent, report.decision = _SPEECH, replace(decision, agent=_SPEECH)
        try:
            await self._hear(aloud=True)
        except Cancelled:
            if not self._limit.passed or not report.transcript.text:
                raise
            finish = "timeout"
        await report.type_out(self._limit)
        response = self._response(report.decision, report.transcript.text)
        return response.model_copy(update={"finish_reason": finish})

    async def heard(self, prompt: str) -> InferRequest:
        """The request with what is said in place of the recordings: below ``prompt``, or as the question where that is
        empty. An agent's own code doesn't get it: its prompt answers.

        Raises UnreadableSound, NobodySpeaks, AttachmentMissing, AttachmentBroken, Cancelled, and as
        ``Hearing.ears``.
        """
        report = self._report
        report.agent = _SPEECH
        await self._hear(aloud=False)
        report.agent = report.decision = None
        options = self._request.options.model_copy(update={"audio": []})
        query = question_on(self._text, prompt, self._request.locale)
        return replace(self._request, query=query, options=options, runs_code=False)

    def without_ears(self, decision: RoutingDecision) -> RoutingDecision:
        """``decision`` on a question that has the words in it: nobody has to hear any more."""
        if decision.agent == _SPEECH:
            decision = self._report.decision = replace(decision, agent=self._services.agents.ids[0])
        return decision

    async def too_long(self, decision: RoutingDecision, error: OrionError) -> Response:
        """What is said as the answer, where no model can read that much of it at once: it isn't heard for nothing."""
        report = self._report
        report.fallback("agent", report.agent or decision.agent, _SPEECH, error.code, error.message)
        report.agent, report.model, report.decision = _SPEECH, None, replace(decision, agent=_SPEECH)
        if report.states.state != "inferencing":
            report.states.to("inferencing")
        report.new_text().add(too_long_in(self._request.query or self._text, self._request.locale) + self._text)
        await report.type_out(self._limit)
        return self._response(report.decision, report.transcript.text)

    @property
    def _text(self) -> str:
        return _BETWEEN.join(transcript.text for transcript in self._found if transcript.segments)

    def _response(self, decision: RoutingDecision, text: str) -> Response:
        brief = Brief("", SamplingWishes(), 0, assistant_prefix=text, answered_by=WHISPER, notes=self.notes)
        return from_agent(_SPEECH, decision, brief, self._request.options.seed or 0, self._report.timing())

    async def _hear(self, *, aloud: bool) -> None:
        """``aloud``: what is said is shown as it is heard."""
        await ended_by(self._hear_all(aloud), self._limit.token)

    async def _hear_all(self, aloud: bool) -> None:
        report, services, cancel = self._report, self._services, self._limit.token
        sounds = [await services.attachments.sound(name) for name in self._request.options.audio]
        if any(sound.seconds == 0 for sound in sounds):  # before a model is loaded for it
            raise UnreadableSound("The recording holds no sound: it is 0 seconds long.")
        report.model, report.hears = WHISPER, not aloud
        report.states.to("loading_agent")
        stop_listening = services.loads.subscribe(report.on_load)
        try:
            with services.log.timed("hearing", model=WHISPER) as facts:
                async with self._hearing.ears(cancel) as ears:
                    if aloud:
                        report.states.to("inferencing")
                    progress = _Progress(report, sounds, aloud)
                    for sound in sounds:
                        self._found.append(await transcribe(ears, sound.blocks, None, progress.heard, cancel))
                        progress.ended(self._found[-1])
                facts["seconds"] = round(sum(transcript.seconds for transcript in self._found), 1)
        finally:
            stop_listening()
            report.heard()
        if not any(transcript.segments for transcript in self._found):
            raise NobodySpeaks(f"Nobody speaks in the {'recording' if len(sounds) == 1 else 'recordings'}.")


class _Progress:
    """Tells how many seconds are heard, and ``aloud`` what was said in them."""

    def __init__(self, report: Reporter, sounds: Sequence[Sound], aloud: bool) -> None:
        known = [sound.seconds for sound in sounds if sound.seconds is not None]
        self._report, self._aloud = report, aloud
        self._total = sum(known) if len(known) == len(sounds) else None
        self._before = self._done = 0.0
        """Seconds of the recordings that are done, and of the one under way."""
        self._gap = ""
        """What stands before the words that are shown next."""
        report.listening(0.0, self._total)

    def heard(self, heard: Heard) -> None:
        self._done = max(self._done, self._before + heard.seconds)
        self._report.listening(self._done, self._total)
        for segment in heard.new if self._aloud else ():
            self._report.transcript.add(self._gap + segment.text)
            self._gap = " "

    def ended(self, transcript: Transcript) -> None:
        self._before += transcript.seconds
        self._gap = _BETWEEN if self._gap else ""
