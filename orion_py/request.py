"""The life of one request, from its arrival to its one end."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial

from orion_py.agents.base import Agent, Brief
from orion_py.answer_stream import AnswerStream
from orion_py.errors import (
    Cancelled,
    CircuitOpen,
    ContextOverflow,
    InvalidManifest,
    LoadError,
    OrionError,
    RuntimeFailure,
    UnknownModel,
)
from orion_py.generation.answer import Answer
from orion_py.generation.patience import Patience, patience_for
from orion_py.generation.prompt import Prompt, build_prompt
from orion_py.generation.sampling import Sampler, SamplingParams, SamplingWishes
from orion_py.generation.streamer import Piece, TokenStreamer
from orion_py.generation.typewriter import Typewriter
from orion_py.loading.loaded_model import LoadedModel
from orion_py.loading.progress import fraction_of
from orion_py.protocol import (
    AdvanceEvent,
    FallbackEvent,
    FallbackKind,
    GuardEvent,
    InferOptions,
    ProgressEvent,
    Response,
    RevisionEvent,
    StateEvent,
    TokenEvent,
)
from orion_py.registry.models import ModelEntry
from orion_py.response import Timing, from_agent, from_model, routing_of, statistics
from orion_py.routing.base import RoutingDecision
from orion_py.safety.normalise import visible
from orion_py.safety.output import OutputGuard, secrets_in
from orion_py.safety.validation import validate_query
from orion_py.services import Request, Services
from orion_py.state_machine import StateMachine, Transition

REPLACEMENTS = 2
"""How often one answer goes on with a new worker before its failure is the user's to see."""


@dataclass(slots=True)
class RequestRun:
    """Serves one request. Every step is a state event; every way out is a terminal state."""

    request: Request
    services: Services
    states: StateMachine = field(init=False)
    _arrived: float = field(init=False)
    _first_piece: float | None = None
    _agent: str | None = None
    _decision: RoutingDecision | None = None
    _model: str | None = None
    _lent: LoadedModel | None = None
    _streamer: TokenStreamer = field(init=False)
    _typewriter: Typewriter = field(init=False)

    def __post_init__(self) -> None:
        self._arrived = self.services.clock()
        self.states = StateMachine(self.services.clock, self._on_transition)
        delay = self.request.options.delay_ms / 1000
        self._typewriter = Typewriter(self._on_piece, delay, self.services.sleep)
        self._streamer = TokenStreamer(clock=self.services.clock)

    async def run(self) -> Response:
        """The answer. Raises InvalidInput, LoadError, RuntimeFailure, UnknownAgent, UnknownModel or
        Cancelled; whatever else goes wrong is a bug, and comes out as a RuntimeFailure."""
        try:
            self.states.to("validating")
            query = self._validate()
            async with self._turn():
                self.states.to("routing")
                decision = self._decision = self._able(await self._route(query))
                response = await self._respond(query, decision)
            self.states.to("success")
            return response
        except Cancelled:
            self.states.to("cancelled")
            raise
        except OrionError:
            self.states.to("error")
            raise
        except Exception as error:
            self.states.to("error")
            self.services.log.critical("bug", error=type(error).__name__, message=str(error))
            raise RuntimeFailure(f"The engine failed: {type(error).__name__}: {error}") from error

    def _turn(self) -> AbstractAsyncContextManager[None]:
        """The request's place in the queue; its time-out counts while it waits, too."""
        request = self.request
        return self.services.queue.slot(request.id, request.cancel, request.priority, request.options.timeout)

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
        stop_listening = self.services.on_load(self._on_load)
        try:
            with self.services.log.timed("load", model=entry.id) as facts:
                model = await self.services.models.acquire(entry, self.request.cancel)
                facts["backend"] = model.label
            return model
        finally:
            stop_listening()

    def _validate(self) -> str:
        query = validate_query(self.request.query, self.services.config.max_query_chars)
        if self.services.config.enable_guardrails:
            screening = self.services.guard.check(query)
            rules = [finding.rule for finding in screening.findings]
            if rules:
                self.services.log.warn("guard", decision=screening.decision, rules=rules)
            if screening.decision == "warn" and screening.category is not None:
                self.services.emit(GuardEvent(id=self.request.id, category=screening.category, rules=rules))
            query = visible(query)
        return query

    async def _route(self, query: str) -> RoutingDecision:
        agents, forced = self.services.agents, self.request.options.force_agent
        if forced is not None:
            decision = RoutingDecision(
                agent=agents.get(forced).id, router="forced", reason="The user chose this agent."
            )
        else:
            decision = await self.services.router.route(query, self.request.locale, _attached(self.request.options))
            if decision.agent not in agents.ids:
                decision = replace(decision, agent=agents.ids[0])
        return decision

    def _able(self, decision: RoutingDecision) -> RoutingDecision:
        """``decision``, once it is settled who answers: an agent without a model leaves it to the first."""
        agents, locale = self.services.agents, self.request.locale
        self._agent = decision.agent
        if not self.request.options.model and not agents.available(decision.agent):
            self._agent = agents.ids[0]
            why = agents.why_not(decision.agent, locale)
            self._say("agent", decision.agent, self._agent, UnknownModel.code, why)
        return decision

    async def _respond(self, query: str, decision: RoutingDecision) -> Response:
        agent = self.services.agents.get(self._agent or decision.agent)
        brief = await agent.prepare(query, self.request.locale, self.request.options)
        if self._agent != decision.agent and (why := self.services.agents.why_not(decision.agent, self.request.locale)):
            if not self.services.agents.is_textual(decision.agent):
                # Or the model that stands in would describe an image that it never saw.
                return self._direct(replace(brief, opening=why, direct="engine"), decision)
            brief = replace(brief, opening=f"{why}\n\n{brief.opening}")
        if brief.direct:
            return self._direct(brief, decision)
        candidates = await self._candidates(agent)
        while True:
            entry = candidates.pop(0)
            try:
                return await self._answer_with(entry, query, brief, decision, last=not candidates)
            except OrionError as error:
                if not self._may_fall_back(error):
                    raise
                if isinstance(error, RuntimeFailure) and await self.services.step_back(entry, error):
                    candidates.insert(0, entry)
                elif candidates:
                    self._say("model", entry.id, candidates[0].id, error.code, error.message)
                else:
                    raise
                self.states.to("fallback")

    async def _candidates(self, agent: Agent) -> list[ModelEntry]:
        """What may answer, in the order to try: the agent's models, then the first agent's, the larger
        ones behind as long as they aren't in memory. A model that was asked for by name is the only one."""
        registry, agents = self.services.registry, self.services.agents
        if self.request.options.model:
            return [registry.model(self.request.options.model)]
        last_resort = agents.get(agents.ids[0]).models
        ids = dict.fromkeys((*registry.usable(agent.models), *registry.usable(last_resort)))
        return await self.services.order([registry.model(model_id) for model_id in ids or agent.models])

    def _may_fall_back(self, error: OrionError) -> bool:
        """Another model can't go on where one broke off: its tokens are others."""
        cured = (LoadError, RuntimeFailure, CircuitOpen, InvalidManifest)
        return isinstance(error, cured) and self._first_piece is None

    async def _answer_with(
        self, entry: ModelEntry, query: str, brief: Brief, decision: RoutingDecision, *, last: bool
    ) -> Response:
        self._model = entry.id
        self.states.to("loading_agent")
        self.services.before_load(entry.id)
        with self.services.breakers.model(entry.id).entered(though_slow=last):
            return await self._answer(entry, query, brief, decision)

    async def _answer(self, entry: ModelEntry, query: str, brief: Brief, decision: RoutingDecision) -> Response:
        model = self._lent = await self._acquire(entry)
        try:
            prompt, answer, streamer = self._begin(query, brief, model)
            self.states.to("inferencing")
            answer.open(brief.opening)
            with self.services.log.timed("inference", model=entry.id) as facts:
                model = await self._decode(answer, entry, model)
                facts.update(backend=model.label, tokens=len(answer.tokens), prompt=len(prompt.tokens))
            streamer.finish()
            answer.text = streamer.text
            await self._typewriter.finish(self.request.cancel)
        except Cancelled:
            self._streamer.cancel()
            self._typewriter.cancel()
            raise
        finally:
            self._typewriter.flush()
            await self.services.models.release(self._lent)  # not ``model``: a replacement may have failed since
        self.services.breakers.answered(entry.id, model.label, answer.pace_s)
        self.services.measures.paced(self.request.id, answer.pace_s)
        stream = statistics(self._streamer.stats(), self.request.options)
        return from_model(self._agent or decision.agent, decision, brief, model, prompt, answer, self._timing(), stream)

    def _begin(self, query: str, brief: Brief, model: LoadedModel) -> tuple[Prompt, Answer, AnswerStream]:
        options = self.request.options
        max_tokens = options.max_tokens or brief.max_tokens
        history = self.request.history
        prompt = build_prompt(model.tokenizer, brief.system, history, query, model.context, max_tokens, brief.opening)
        if prompt.dropped_turns:
            self._say_dropped(prompt.dropped_turns, len(history))
        seed = options.seed if options.seed is not None else self.services.new_seed()
        self._streamer = TokenStreamer(options.granularity, self._typewriter.push, clock=self.services.clock)
        streamer = AnswerStream(self._streamer, partial(self._guarded, brief), self._on_revision)
        sampling = self._sampling(brief, seed)
        stops = (*options.stop, *brief.stops, *model.manifest.stop_strings)

        def on_text(text: str, tokens: int) -> None:
            streamer.push(text, tokens)
            self._advance(tokens / max_tokens)

        answer = Answer(prompt.tokens, Sampler(sampling, seed), seed, stops, on_text, max_tokens, brief.shaper)
        answer.patience, answer.on_cut = self._patience(query, brief), streamer.cut
        wanted = options.speculation
        answer.speculate = self.services.config.enable_speculation if wanted is None else wanted
        return prompt, answer, streamer

    def _sampling(self, brief: Brief, seed: int) -> SamplingParams:
        """The model's own, under the agent's wishes, under the caller's."""
        own = self.services.registry.model(self._model).sampling if self._model else None
        params = SamplingParams(**({} if own is None else own.model_dump()), seed=seed)
        return _wishes(self.request.options).over(brief.sampling.over(params))

    def _patience(self, query: str, brief: Brief) -> Patience | None:
        """What of the answer is a loop; None where the caller wants all of it as it comes."""
        if not self.request.options.cut_loops:
            return None
        turn_before = [turn["content"] for turn in self.request.history[-2:]]
        return patience_for(query, "\n".join([brief.system, *turn_before]))

    def _guarded(self, brief: Brief, streamer: TokenStreamer) -> OutputGuard:
        screens = self.services.config.enable_guardrails
        return OutputGuard(streamer, secrets=secrets_in(brief.system), screens=screens)

    def _on_revision(self, content: str, again: bool) -> None:
        self._typewriter.cancel()  # what it would still have shown is void
        self.services.emit(RevisionEvent(id=self.request.id, content=content, again=again))

    def _on_piece(self, piece: Piece) -> None:
        if self._first_piece is None:
            self._first_piece = self.services.clock()
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
        services, options, begun = self.services, self.request.options, self.services.clock()
        for replacement in range(REPLACEMENTS + 1):
            try:
                await answer.run(
                    model, self.request.cancel, services.clock, services.config.inference_timeout_s, options.timeout
                )
                break
            except RuntimeFailure as error:
                services.breakers.failed(entry.id, model.label, error, services.clock() - begun)
                hopeless = services.breakers.model(entry.id).state == "open"
                if replacement == REPLACEMENTS or hopeless or not error.retryable:
                    raise
                self.states.to("fallback")
                self._say("worker", model.label, model.label, error.code, error.message)
                await services.models.discard(entry.id, model)
                self.states.to("loading_agent")
                model = self._lent = await self._acquire(entry)
                self.states.to("inferencing")
        return model

    def _say(self, kind: FallbackKind, from_: str, to: str, code: str, reason: str) -> None:
        self.services.emit(FallbackEvent.step(self.request.id, kind, from_, to, code, reason))

    def _say_dropped(self, dropped: int, of: int) -> None:
        reason = f"The oldest {dropped} messages no longer fit the model's context and were left out."
        kept = f"{of - dropped} earlier messages"
        self._say("context", f"{of} earlier messages", kept, ContextOverflow.code, reason)

    def _direct(self, brief: Brief, decision: RoutingDecision) -> Response:
        """The answer that the agent worked out by itself, without any model."""
        self.states.to("inferencing")
        self._on_piece(Piece(brief.opening, 0, 0, None))
        seed = self.request.options.seed or 0
        return from_agent(self._agent or decision.agent, decision, brief, seed, self._timing())

    def _timing(self) -> Timing:
        arrived, first = self._arrived, self._first_piece
        total = (self.services.clock() - arrived) * 1000
        return Timing(self.states.timings(), total, None if first is None else (first - arrived) * 1000)


def _wishes(options: InferOptions) -> SamplingWishes:
    return SamplingWishes(options.temperature, options.top_p, options.top_k, options.repetition_penalty)


def _attached(options: InferOptions) -> list[str]:
    return ["image"] * bool(options.images) + ["audio"] * (options.audio is not None)
