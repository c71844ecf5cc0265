"""The life of one request, from its arrival to its one end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from orion_py.agents.base import Agent, Brief
from orion_py.agents.factory import AgentFactory
from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.errors import Cancelled, OrionError, RuntimeFailure
from orion_py.generation.answer import Answer
from orion_py.generation.prompt import Prompt, build_prompt
from orion_py.generation.sampling import Sampler, SamplingParams
from orion_py.generation.streamer import Piece, TokenStreamer
from orion_py.generation.tokenizer import ChatMessage
from orion_py.loading.loaded_model import LoadedModel
from orion_py.loading.manager import ModelManager
from orion_py.protocol import Event, FallbackEvent, InferOptions, Response, Routing, StateEvent, TokenEvent, Usage
from orion_py.registry.models import ModelEntry, Registry
from orion_py.routing.base import Router, RoutingDecision
from orion_py.safety.guard import Guard
from orion_py.safety.validation import validate_query
from orion_py.state_machine import StateMachine, Transition
from orion_py.telemetry.log import Logger
from orion_py.turn import Turn

REPLACEMENTS = 2
"""How often one answer goes on with a new worker before its failure is the user's to see."""


@dataclass(frozen=True, slots=True)
class Request:
    id: str
    query: str
    options: InferOptions
    history: Sequence[ChatMessage]
    locale: str
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class Services:
    """What serving a request takes. ``turn`` makes requests decode one after the other."""

    config: EngineConfig
    clock: Callable[[], float]
    new_seed: Callable[[], int]
    emit: Callable[[Event], None]
    log: Logger
    registry: Registry
    agents: AgentFactory
    router: Router
    guard: Guard
    models: ModelManager
    turn: asyncio.Lock


@dataclass(slots=True)
class RequestRun:
    """Serves one request. Every step is a state event; every way out is a terminal state."""

    request: Request
    services: Services
    states: StateMachine = field(init=False)
    _arrived: float = field(init=False)
    _first_piece: float | None = None
    _agent: str | None = None
    _model: str | None = None

    def __post_init__(self) -> None:
        self._arrived = self.services.clock()
        self.states = StateMachine(self.services.clock, self._on_transition)

    async def run(self) -> Response:
        """The answer. Raises InvalidInput, LoadError, RuntimeFailure, UnknownAgent, UnknownModel or
        Cancelled; whatever else goes wrong is a bug, and comes out as a RuntimeFailure."""
        try:
            self.states.to("validating")
            query = self._validate()
            async with Turn(self.services.turn, self.request.cancel):
                self.states.to("routing")
                decision = await self._route(query)
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
            )
        )

    def _validate(self) -> str:
        query = validate_query(self.request.query, self.services.config.max_query_chars)
        if self.services.config.enable_guardrails:
            for finding in self.services.guard.check(query):
                self.services.log.warn("guard", rule=finding.rule, severity=finding.severity)
        return query

    async def _route(self, query: str) -> RoutingDecision:
        agents, forced = self.services.agents, self.request.options.force_agent
        if forced is not None:
            decision = RoutingDecision(
                agent=agents.get(forced).id, router="forced", reason="The user chose this agent."
            )
        else:
            decision = await self.services.router.route(query, self.request.locale)
            if decision.agent not in agents.ids:
                decision = replace(decision, agent=agents.ids[0])
        self._agent = decision.agent
        return decision

    async def _respond(self, query: str, decision: RoutingDecision) -> Response:
        agent = self.services.agents.get(decision.agent)
        brief = agent.brief(query, self.request.locale)
        entry = self._model_for(agent)
        self._model = entry.id
        self.states.to("loading_agent")
        model = await self.services.models.acquire(entry, self.request.cancel)
        try:
            prompt, answer, streamer = self._begin(query, brief, model)
            self.states.to("inferencing")
            model = await self._decode(answer, entry, model)
            streamer.finish()
        finally:
            self.services.models.release(entry.id)
        return self._response(decision, model, prompt, answer)

    def _model_for(self, agent: Agent) -> ModelEntry:
        wanted = self.request.options.model or agent.models[0]
        return self.services.registry.model(wanted)

    def _begin(self, query: str, brief: Brief, model: LoadedModel) -> tuple[Prompt, Answer, TokenStreamer]:
        options = self.request.options
        max_tokens = options.max_tokens or brief.max_tokens
        history = self.request.history
        prompt = build_prompt(model.tokenizer, brief.system, history, query, model.context, max_tokens)
        if prompt.dropped_turns:
            self._say_dropped(prompt.dropped_turns, len(history))
        seed = options.seed if options.seed is not None else self.services.new_seed()
        streamer = TokenStreamer(options.granularity, self._on_piece, clock=self.services.clock)
        sampling = _override(brief.sampling, options, seed)
        answer = Answer(prompt.tokens, Sampler(sampling, seed), seed, options.stop, streamer.push, max_tokens)
        return prompt, answer, streamer

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
        services, options = self.services, self.request.options
        for replacement in range(REPLACEMENTS + 1):
            try:
                await answer.run(
                    model, self.request.cancel, services.clock, services.config.inference_timeout_s, options.timeout
                )
                break
            except RuntimeFailure as error:
                if replacement == REPLACEMENTS or not error.retryable:
                    raise
                self.states.to("fallback")
                self._say_replaced(model, error)
                await services.models.discard(entry.id, model)
                self.states.to("loading_agent")
                model = await services.models.reacquire(entry, self.request.cancel)
                self.states.to("inferencing")
        return model

    def _say_replaced(self, model: LoadedModel, error: OrionError) -> None:
        self.services.emit(
            FallbackEvent.step(self.request.id, "worker", model.label, model.label, error.code, error.message)
        )

    def _say_dropped(self, dropped: int, of: int) -> None:
        self.services.emit(
            FallbackEvent.step(
                self.request.id,
                "context",
                f"{of} earlier messages",
                f"{of - dropped} earlier messages",
                "context_overflow",
                f"The oldest {dropped} messages no longer fit the model's context and were left out.",
            )
        )

    def _response(self, decision: RoutingDecision, model: LoadedModel, prompt: Prompt, answer: Answer) -> Response:
        return Response(
            content=answer.text,
            agent=decision.agent,
            routing=Routing(
                agent=decision.agent,
                router=decision.router,
                reason=decision.reason,
                confidence=decision.confidence,
                probabilities=decision.probabilities,
                runner_up=decision.runner_up,
            ),
            finish_reason=answer.finish,
            usage=Usage(prompt=len(prompt.tokens), cached=answer.cached, completion=len(answer.tokens)),
            timings=self._timings(answer),
            tokens_per_second=answer.tokens_per_second,
            backend=model.label,
            model=model.manifest.model,
            model_version=model.manifest.version,
            seed=answer.seed,
        )

    def _timings(self, answer: Answer) -> dict[str, float]:
        phases = self.states.timings()
        timings = {
            "validating": phases.get("validating", 0.0),
            "routing": phases.get("routing", 0.0),
            "loading": phases.get("loading_agent", 0.0),
            "prefill": answer.prefill * 1000,
            "decode": answer.decode * 1000,
            "engine": (answer.decode - answer.waiting) * 1000,
            "total": (self.services.clock() - self._arrived) * 1000,
        }
        if self._first_piece is not None:
            timings["first_token"] = (self._first_piece - self._arrived) * 1000
        return {name: round(ms, 3) for name, ms in timings.items()}


def _override(sampling: SamplingParams, options: InferOptions, seed: int) -> SamplingParams:
    names = ("temperature", "top_p", "top_k", "repetition_penalty")
    wanted = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return replace(sampling, seed=seed, **wanted)
