"""Serves one request, from its arrival to its one end."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from orion_py.agents.base import Agent, Brief
from orion_py.answering.ability import Obstacle, obstacle
from orion_py.answering.beginning import begin
from orion_py.answering.coded import brief_of
from orion_py.answering.deadline import Deadline
from orion_py.answering.deciding import coded, models_for, routed, validated
from orion_py.answering.options import attached
from orion_py.answering.response import Timing, from_agent, from_model, routing_of, statistics
from orion_py.answering.services import Request, Services
from orion_py.answering.state_machine import StateMachine, Transition
from orion_py.cancellation import ended_by, until_cancelled
from orion_py.errors import (
    Cancelled,
    CircuitOpen,
    ContextOverflow,
    DeadlineExceeded,
    InvalidManifest,
    LoadError,
    OrionError,
    OutOfMemory,
    QueueTimeout,
    RuntimeFailure,
    WorkerDied,
)
from orion_py.fetching.progress import fraction_of
from orion_py.generation.answer import Answer
from orion_py.generation.prompt import Prompt
from orion_py.generation.transcript import Piece, Transcript
from orion_py.generation.typewriter import Typewriter
from orion_py.opening.ladder import Step
from orion_py.protocol import (
    AdvanceEvent,
    AgentDefinition,
    FallbackEvent,
    FallbackKind,
    ProgressEvent,
    Response,
    RevisionEvent,
    StateEvent,
    TokenEvent,
)
from orion_py.registry.models import ModelEntry
from orion_py.routing.base import RoutingDecision
from orion_py.runtime.loaded_model import LoadedModel

REPLACEMENTS = 2
"""How often one answer goes on with a new worker before its failure is the user's to see."""


@dataclass(slots=True)
class RequestRun:
    """Serves one request. Every step is a state event; every way out is a terminal state."""

    request: Request
    services: Services
    states: StateMachine = field(init=False)
    _arrived: float = field(init=False)
    _limit: Deadline = field(init=False)
    """What stops the request: the person, or its time limit."""
    _obstacle: Obstacle | None = None
    _first_piece: float | None = None
    _agent: str | None = None
    _speaker: Agent | None = None
    _decision: RoutingDecision | None = None
    _model: str | None = None
    _lent: LoadedModel | None = None
    _transcript: Transcript = field(init=False)
    _typewriter: Typewriter = field(init=False)

    def __post_init__(self) -> None:
        self._arrived = self.services.clock()
        self.states = StateMachine(self.services.clock, self._on_transition)
        delay = self.request.options.delay_ms / 1000
        self._typewriter = Typewriter(self._on_piece, delay, self.services.sleep)
        self._transcript = Transcript(self._typewriter.push, clock=self.services.clock)

    async def run(self) -> Response:
        """The answer. Raises InvalidInput, LoadError, RuntimeFailure, UnknownAgent, UnknownModel,
        Unavailable (DeadlineExceeded among them) or Cancelled; whatever else goes wrong is a bug, and
        comes out as a RuntimeFailure."""
        self._limit = Deadline(self.request.cancel, self.request.options.timeout, self.services.sleep)
        try:
            self.states.to("validating")
            query = validated(self.request, self.services)
            async with self._turn():
                self.states.to("routing")
                decision = self._decision = await ended_by(
                    routed(query, self.request, self.services), self._limit.token
                )
                definition = coded(decision, self.request, self.services)
                response = None if definition else await self._respond(query, self._able(decision))
            if definition is not None:
                response = await self._by_code(definition, decision)
            if response is None:
                async with self._turn():
                    response = await self._respond(query, self._able(decision))
            self.states.to("success")
            return response
        except Cancelled as stopped:
            if self._limit.passed:
                raise self._too_late() from None
            self.states.to("cancelled")
            stopped.partial = self._transcript.partial
            raise
        except OrionError:
            self.states.to("error")
            raise
        except Exception as error:
            self.states.to("error")
            self.services.log.critical("bug", error=type(error).__name__, message=str(error))
            raise RuntimeFailure(f"The engine failed: {type(error).__name__}: {error}") from error
        finally:
            self._limit.close()

    def _too_late(self) -> OrionError:
        """The error of a request whose time was up before anything was said."""
        phase, seconds = self.states.state, self._limit.seconds or 0.0
        self.states.to("error")
        if phase == "validating":
            return QueueTimeout(f"No turn came within {seconds:g} s.", waited_s=seconds)
        return DeadlineExceeded(f"There was no answer within {seconds:g} s.", seconds=seconds, phase=phase)

    def _turn(self) -> AbstractAsyncContextManager[None]:
        """The request's place in the queue; its time-out counts while it waits, too."""
        request = self.request
        return self.services.queue.slot(request.id, self._limit.token, request.priority)

    def _on_transition(self, move: Transition) -> None:
        self.services.emit(
            StateEvent(
                id=self.request.id,
                previous=move.previous,
                state=move.state,
                ms=move.ms,
                progress=move.progress,
                agent=self._agent,
                model=self._model,
                routing=routing_of(self._decision) if self._decision else None,
            )
        )

    def _advance(self, fraction: float) -> None:
        """Of the present state, ``fraction`` is done; told when that moves the progress in whole percent."""
        before = self.states.progress()
        after = self.states.advance(fraction)
        if after > before:
            self.services.emit(AdvanceEvent(id=self.request.id, state=self.states.state, progress=after))

    def _on_load(self, event: ProgressEvent) -> None:
        if self.states.state == "loading_agent" and event.model == self._model:
            self._advance(fraction_of(event))

    async def _acquire(self, entry: ModelEntry) -> LoadedModel:
        stop_listening = self.services.loads.subscribe(self._on_load)
        try:
            with self.services.log.timed("load", model=entry.id) as facts:
                model = await self.services.models.acquire(entry, self._limit.token)
                facts["backend"] = model.label
            return model
        finally:
            stop_listening()

    async def _by_code(self, definition: AgentDefinition, decision: RoutingDecision) -> Response | None:
        """What the agent's own code answers. None: it failed, all that it said is void, and its prompt answers."""
        self._agent = definition.id
        self.states.to("inferencing")
        services, request = self.services, self.request
        try:
            failure = await services.code_runs.run(
                request.id, request.options, definition, services.emit, self._transcript.add, self._limit.token
            )
            if failure is None:
                await self._type_out()
                brief = brief_of(self._transcript.text)
                return from_agent(definition.id, decision, brief, request.options.seed or 0, self._timing())
        finally:
            self._typewriter.cancel()
        if self._transcript.text:
            services.emit(RevisionEvent(id=request.id, content="", reason="code", again=True))
        self._transcript, self._first_piece = Transcript(self._typewriter.push, clock=services.clock), None
        self._say("code", "its own code", "its prompt", failure.code, failure.message)
        self.states.to("fallback")
        return None

    def _able(self, decision: RoutingDecision) -> RoutingDecision:
        """``decision``, once it is settled who answers: an agent without a model leaves it to the first."""
        services, options, locale = self.services, self.request.options, self.request.locale
        self._agent = decision.agent
        found = obstacle(
            services.agents,
            services.registry,
            services.config,
            decision.agent,
            options.model,
            attached(options),
            locale,
        )
        first = services.agents.ids[0]
        if found is not None and (found.refused or decision.agent != first):
            self._obstacle, self._agent = found, first
            if decision.agent != first:
                self._say("agent", decision.agent, first, found.code, found.why)
        return decision

    async def _respond(self, query: str, decision: RoutingDecision) -> Response:
        agent, token = self.services.agents.get(self._agent or decision.agent), self._limit.token
        self._speaker = agent
        brief = await ended_by(agent.prepare(query, self.request.locale, self.request.options), token)
        if self._obstacle is not None and self._obstacle.refused:
            return self._direct(replace(brief, assistant_prefix=self._obstacle.why, answered_by="engine"), decision)
        if self._obstacle is not None and self._obstacle.why:
            brief = replace(brief, assistant_prefix=f"{self._obstacle.why}\n\n{brief.assistant_prefix}")
        if brief.answered_by:
            return self._direct(brief, decision)
        candidates = await ended_by(models_for(agent, self.request, self.services), token)
        while True:
            entry = candidates.pop(0)
            try:
                return await self._answer_with(entry, query, brief, decision, last=not candidates)
            except OrionError as error:
                if not self._may_fall_back(error):
                    raise
                if isinstance(error, RuntimeFailure) and await self.services.versions.auto_rollback(entry, error):
                    candidates.insert(0, entry)
                elif candidates:
                    self._say("model", entry.id, candidates[0].id, error.code, error.message)
                else:
                    raise
                self.states.to("fallback")

    def _may_fall_back(self, error: OrionError) -> bool:
        """Another model can't go on where one broke off: its tokens are others."""
        cured = (LoadError, RuntimeFailure, CircuitOpen, InvalidManifest)
        return isinstance(error, cured) and self._first_piece is None

    async def _answer_with(
        self, entry: ModelEntry, query: str, brief: Brief, decision: RoutingDecision, *, last: bool
    ) -> Response:
        self._model = entry.id
        async with self.services.models.turn(entry.id, self._limit.token):
            return await self._in_turn(entry, query, brief, decision, last=last)

    async def _in_turn(
        self, entry: ModelEntry, query: str, brief: Brief, decision: RoutingDecision, *, last: bool
    ) -> Response:
        self.states.to("loading_agent")
        self.services.background.on_model_needed(entry.id)
        with self.services.breakers.model(entry.id).entered(though_slow=last):
            return await self._answer(entry, query, brief, decision)

    async def _answer(self, entry: ModelEntry, query: str, brief: Brief, decision: RoutingDecision) -> Response:
        model = self._lent = await self._acquire(entry)
        try:
            prompt, answer = self._begin(entry, query, brief, model)
            self.states.to("inferencing")
            answer.open()
            await ended_by(self.services.prefixes.restore(model, prompt.segments), self._limit.token)
            with self.services.log.timed("inference", model=entry.id) as facts:
                model = await self._decode(answer, entry, model)
                facts.update(backend=model.label, tokens=len(answer.tokens), prompt=prompt.length)
            self.services.prefixes.believe(model)
            if self._prompt_may_stay(brief):
                self.services.prefixes.answered(model, self._agent or decision.agent, brief.system)
            await model.weigh()
            await self._type_out()
        except Cancelled:
            self._typewriter.cancel()
            raise
        finally:
            self._typewriter.flush()
            lent = self._lent  # not ``model``: a replacement may have failed since
            await self.services.models.release(lent)
            if lent.closed:
                await self.services.models.discard(entry.id, lent)
            # Who asks may keep this request, and it is one with its callbacks: it mustn't keep the model in memory.
            self._lent = None
        self.services.breakers.answered(entry.id, model.label, answer.pace_s)
        self.services.measures.paced(self.request.id, answer.pace_s)
        stream = statistics(self._transcript.stats(), self.request.options)
        return from_model(self._agent or decision.agent, decision, brief, model, prompt, answer, self._timing(), stream)

    def _prompt_may_stay(self, brief: Brief) -> bool:
        """Whether the prompt is the agent's alone, and the agent hasn't been deleted or changed meanwhile."""
        agents, name = self.services.agents, self._agent or ""
        own = self.request.options.system is None and not brief.quotes
        return own and name in agents.ids and agents.get(name) is self._speaker

    def _begin(self, entry: ModelEntry, query: str, brief: Brief, model: LoadedModel) -> tuple[Prompt, Answer]:
        self._transcript = Transcript(self._typewriter.push, clock=self.services.clock)
        prompt, answer = begin(self.request, self.services, query, brief, entry, model, self._transcript)
        if prompt.dropped_turns:
            self._say_dropped(prompt.dropped_turns, len(self.request.history))
        most = answer.max_tokens  # a callback that knew the answer would keep it, and the tokenizer, in memory
        answer.on_token, answer.on_cut = lambda count: self._advance(count / most), self._on_cut
        return prompt, answer

    def _on_cut(self, again: bool) -> None:
        self._typewriter.cancel()  # what it would still have shown is void
        self.services.emit(RevisionEvent(id=self.request.id, content=self._transcript.text, again=again))

    def _on_piece(self, piece: Piece) -> None:
        if self._first_piece is None:
            self._first_piece = self.services.clock()
        self._transcript.shown += len(piece.text)
        self.services.emit(
            TokenEvent(
                id=self.request.id,
                text=piece.text,
                index=piece.index,
                tokens=piece.tokens,
                tokens_per_second=piece.tokens_per_second,
            )
        )

    async def _decode(self, answer: Answer, entry: ModelEntry, model: LoadedModel) -> LoadedModel:
        """Runs the answer to its end; when the worker dies, a new one goes on where it stopped."""
        services, token, begun = self.services, self._limit.token, self.services.clock()
        for replacement in range(REPLACEMENTS + 1):
            try:
                if model.closed:
                    raise WorkerDied  # it had to be ended since, and what a closed one says would be "cancelled"
                await answer.run(model, token, services.clock, services.config.inference_timeout_s, self._left())
                break
            except Cancelled:
                if not self._limit.passed:
                    raise
                answer.cut_off()
                if not answer.text:
                    raise
                break
            except OutOfMemory as error:
                below = await services.models.step_down(entry, model)
                if below is None or replacement == REPLACEMENTS:
                    raise
                model = await self._another(entry, model.label, below, error)
            except RuntimeFailure as error:
                restored = await services.prefixes.doubt(model)
                services.breakers.failed(entry.id, model.label, error, services.clock() - begun)
                hopeless = services.breakers.model(entry.id).state == "open"
                if replacement == REPLACEMENTS or hopeless or not error.retryable:
                    raise
                before = model.label
                if restored:  # by these rows, perhaps, and not by what computes
                    await services.models.discard(entry.id, model)
                step = None if restored else await services.models.step_past(entry, model, error)
                model = await self._another(entry, before, step or Step("worker", before), error)
        return model

    async def _another(self, entry: ModelEntry, before: str, step: Step, error: OrionError) -> LoadedModel:
        """What computes the rest of the answer, once it is in memory. Raises as ``ModelManager.acquire``."""
        self.states.to("fallback")
        self._say(step.kind, before, step.label, error.code, error.message)
        self.states.to("loading_agent")
        model = self._lent = await self._acquire(entry)
        self.states.to("inferencing")
        return model

    def _left(self) -> float | None:
        """Seconds until the request's time is up."""
        seconds = self._limit.seconds
        return None if seconds is None else seconds - (self.services.clock() - self._arrived)

    async def _type_out(self) -> None:
        """The answer is there; when the time is up, what isn't shown yet is shown at once."""
        try:
            await until_cancelled(self._typewriter.finish(self.request.cancel), self._limit.token)
        except Cancelled:
            if not self._limit.passed:
                raise

    def _say(self, kind: FallbackKind, from_: str, to: str, code: str, reason: str) -> None:
        self.services.emit(FallbackEvent.step(self.request.id, kind, from_, to, code, reason))

    def _say_dropped(self, dropped: int, of: int) -> None:
        reason = f"The oldest {dropped} messages no longer fit the model's context and were left out."
        kept = f"{of - dropped} earlier messages"
        self._say("context", f"{of} earlier messages", kept, ContextOverflow.code, reason)

    def _direct(self, brief: Brief, decision: RoutingDecision) -> Response:
        """The answer that the agent worked out by itself, without any model."""
        self.states.to("inferencing")
        self._on_piece(Piece(brief.assistant_prefix, 0, 0, None))
        seed = self.request.options.seed or 0
        return from_agent(self._agent or decision.agent, decision, brief, seed, self._timing())

    def _timing(self) -> Timing:
        arrived, first = self._arrived, self._first_piece
        total = (self.services.clock() - arrived) * 1000
        return Timing(self.states.timings(), total, None if first is None else (first - arrived) * 1000)
