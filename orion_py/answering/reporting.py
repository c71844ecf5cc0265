"""Reports how one request goes, as events: its states, its progress, the pieces of its answer, its fallbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orion_py.answering.deadline import Deadline
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.response import Timing, routing_of
from orion_py.answering.services import Services
from orion_py.answering.state_machine import StateMachine, Transition
from orion_py.cancellation import until_cancelled
from orion_py.errors import Cancelled, ContextOverflow
from orion_py.fetching.progress import fraction_of
from orion_py.generation.transcript import Piece, Transcript
from orion_py.generation.typewriter import Typewriter
from orion_py.protocol import (
    AdvanceEvent,
    FallbackEvent,
    FallbackKind,
    ProgressEvent,
    RevisionEvent,
    SenseEvent,
    StateEvent,
    StateName,
    TokenEvent,
)
from orion_py.routing.base import RoutingDecision

if TYPE_CHECKING:
    from orion_py.senses.scenes.sight import Looked

_HALF = 0.5


class Reporter:
    """Each state's event has ``agent``, ``model`` and ``decision`` once they are known. ``transcript`` holds the
    answer's text, and ``typewriter`` paces its pieces."""

    def __init__(self, request: InferRequest, services: Services) -> None:
        self._request, self._emit, self._clock = request, services.emit, services.clock
        self._arrived = services.clock()
        self.states = StateMachine(services.clock, self._on_transition)
        self.agent: str | None = None
        self.model: str | None = None
        self.decision: RoutingDecision | None = None
        self.hears = False
        """Whether the load under way is that of the ears: it is half of its state, and hearing is the other half."""
        self._listens_since: float | None = None
        self._hearing: tuple[StateName, float] | None = None
        """The state in which the recordings were heard, and how many of its ms that took."""
        self._first_piece: float | None = None
        self.typewriter = Typewriter(self.show, request.options.delay_ms / 1000, services.sleep)
        self.transcript = self._new_transcript()

    @property
    def waited(self) -> float:
        """Seconds since the request arrived."""
        return self._clock() - self._arrived

    @property
    def spoke(self) -> bool:
        """Whether anything of the answer was shown, or is about to be."""
        return self._first_piece is not None or bool(self.transcript.text)

    def _on_transition(self, move: Transition) -> None:
        self._emit(
            StateEvent(
                id=self._request.id,
                previous=move.previous,
                state=move.state,
                ms=move.ms,
                progress=move.progress,
                agent=self.agent,
                model=self.model,
                routing=routing_of(self.decision) if self.decision else None,
            )
        )

    def advance(self, fraction: float) -> None:
        """Notes that ``fraction`` of the state is done; reports it when the progress moves by whole percents."""
        before = self.states.progress()
        after = self.states.advance(fraction)
        if after > before:
            self._emit(AdvanceEvent(id=self._request.id, state=self.states.state, progress=after))

    def looking(self, far: Looked) -> None:
        """The pictures are being looked at, and looking is so ``far``."""
        self._emit(
            SenseEvent(
                id=self._request.id,
                sense="vision",
                picture=far.picture,
                pictures=far.pictures,
                line=far.line,
                lines=far.lines,
            )
        )
        if self.states.state == "routing":  # later states count other things
            self.advance(far.fraction)

    def listening(self, done: float, total: float | None) -> None:
        """``done`` of ``total`` seconds of the recordings are heard."""
        if self._listens_since is None:
            self._listens_since = self._clock()
        self._emit(SenseEvent(id=self._request.id, sense="speech", done=round(done, 1), total=total))
        fraction = done / total if total else 0.0
        loaded = _HALF if self.states.state == "loading_agent" else 0.0
        self.advance(loaded + (1 - loaded) * fraction)

    def heard(self) -> None:
        """All of them are: what follows is another matter."""
        if self._listens_since is not None:
            self._hearing = (self.states.state, (self._clock() - self._listens_since) * 1000)
        self.model = self._listens_since = None

    def on_load(self, event: ProgressEvent) -> None:
        """The progress of any load; the one that this request waits for is its progress."""
        if self.states.state == "loading_agent" and event.model == self.model:
            self.advance(fraction_of(event) * (_HALF if self.hears else 1.0))

    def new_text(self) -> Transcript:
        """An attempt to answer begins: the transcript that it writes into. Nothing of an earlier one was shown."""
        self.transcript = self._new_transcript()
        return self.transcript

    def void(self) -> None:
        """What was shown is void, and another answer follows."""
        if self.transcript.text:
            self._emit(RevisionEvent(id=self._request.id, content="", reason="code", again=True))
        self.transcript, self._first_piece = self._new_transcript(), None

    def _new_transcript(self) -> Transcript:
        return Transcript(self.typewriter.push, clock=self._clock)

    def show(self, piece: Piece) -> None:
        """Sends the next piece of the answer."""
        if self._first_piece is None:
            self._first_piece = self._clock()
        self.transcript.shown += len(piece.text)
        self._emit(
            TokenEvent(
                id=self._request.id,
                text=piece.text,
                index=piece.index,
                tokens=piece.tokens,
                tokens_per_second=piece.tokens_per_second,
            )
        )

    def on_cut(self, again: bool) -> None:
        """The answer was cut back to what the transcript holds; as ``Answer.on_cut``."""
        self.typewriter.cancel()  # what it would still have shown is void
        self._emit(RevisionEvent(id=self._request.id, content=self.transcript.text, again=again))

    def revise(self, text: str) -> None:
        """All that is shown is ``text`` now: a skill checked what it had, and this stands."""
        self.typewriter.cancel()
        self._emit(RevisionEvent(id=self._request.id, content=text, reason="skill", again=True))
        self.transcript.reset(text)
        if self._first_piece is None:
            self._first_piece = self._clock()

    async def type_out(self, limit: Deadline) -> None:
        """Waits until all of the answer is shown; when the time is up, that is over. Raises Cancelled when the person
        stops it."""
        try:
            await until_cancelled(self.typewriter.finish(self._request.cancel), limit.token)
        except Cancelled:
            if not limit.passed:
                raise

    def fallback(self, kind: FallbackKind, before: str, after: str, code: str, reason: str) -> None:
        """Tells a step down."""
        self._emit(FallbackEvent.step(self._request.id, kind, before, after, code, reason))

    def dropped(self, turns: int, of: int) -> None:
        """The oldest ``turns`` of the history didn't fit the prompt."""
        reason = f"The oldest {turns} messages no longer fit the model's context and were left out."
        kept = f"{of - turns} earlier messages"
        self.fallback("context", f"{of} earlier messages", kept, ContextOverflow.code, reason)

    def timing(self) -> Timing:
        arrived, first = self._arrived, self._first_piece
        return Timing(self._phases(), self.waited * 1000, None if first is None else (first - arrived) * 1000)

    def _phases(self) -> dict[str, float]:
        phases: dict[str, float] = dict(self.states.timings())
        if self._hearing is not None:
            state, ms = self._hearing
            phases |= {state: phases.get(state, ms) - ms, "hearing": ms}
        return phases
