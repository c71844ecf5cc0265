"""Serves one request, from its arrival to its one end."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orion_py.agents.base import Agent, Brief, SeeingAgent
from orion_py.agents.wary import distrustful
from orion_py.answering.ability import Obstacle, can_hear, obstacle
from orion_py.answering.by_model import ModelAnswer, Question
from orion_py.answering.coded import brief_of
from orion_py.answering.deadline import Deadline
from orion_py.answering.deciding import (
    coded,
    looking_back,
    models_for,
    noticed,
    routed,
    seen_by_model,
    validated,
    warn_of_weakness,
)
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.looking import seen
from orion_py.answering.options import attached
from orion_py.answering.reporting import Reporter
from orion_py.answering.response import from_agent
from orion_py.answering.services import Services
from orion_py.answering.skilled import SkilledAnswer
from orion_py.answering.taking_in import sees
from orion_py.cancellation import ended_by
from orion_py.errors import (
    Cancelled,
    CircuitOpen,
    ContextOverflow,
    DeadlineExceeded,
    LoadError,
    OrionError,
    QueryTooLong,
    QueueTimeout,
    RuntimeFailure,
    UnknownModel,
)
from orion_py.generation.transcript import Piece
from orion_py.protocol import AgentDefinition, Response
from orion_py.routing.base import RoutingDecision
from orion_py.senses.hearing.lent import Hearing

if TYPE_CHECKING:
    from orion_py.senses.scenes.sight import Scenes


@dataclass(slots=True)
class RequestRun:
    """Serves one request. Every step is a state event; every way out is a terminal state."""

    request: InferRequest
    services: Services
    _report: Reporter = field(init=False)
    _limit: Deadline = field(init=False)
    """What stops the request: the person, or its time limit."""
    _obstacle: Obstacle | None = None

    def __post_init__(self) -> None:
        self._report = Reporter(self.request, self.services)

    async def run(self) -> Response:
        """The answer. Raises InvalidInput, LoadError, RuntimeFailure, UnknownAgent, UnknownModel,
        Unavailable (DeadlineExceeded among them) or Cancelled; whatever else goes wrong is a bug, and
        comes out as a RuntimeFailure."""
        self._limit = Deadline(self.request.cancel, self.request.options.timeout, self.services.sleep)
        states = self._report.states
        try:
            response = await self._answered()
            states.to("success")
            return response
        except Cancelled as stopped:
            if self._limit.passed:
                raise self._too_late() from None
            states.to("cancelled")
            stopped.partial = self._report.transcript.partial
            raise
        except OrionError:
            states.to("error")
            raise
        except Exception as error:
            states.to("error")
            self.services.log.critical("bug", error=type(error).__name__, message=str(error))
            raise RuntimeFailure(f"The engine failed: {type(error).__name__}: {error}") from error
        finally:
            self._limit.close()

    async def _answered(self) -> Response:
        states, services = self._report.states, self.services
        states.to("validating")
        hearing = self._hearing()
        query = validated(self.request, services, may_be_empty=hearing is not None)
        async with self._turn():
            states.to("routing")
            decision = await self._routed(query)
            looking = looking_back(query, decision, self.request, services)
            if looking is not None:
                self.request = looking
                decision = await self._routed(query)
            if hearing is not None:
                return await self._of_recordings(hearing, query, decision)
            definition = coded(decision, self.request, services)
            response = None if definition else await self._respond(query, self._able(decision))
        if definition is not None:
            response = await self._by_code(definition, decision)
        if response is None:
            async with self._turn():
                response = await self._respond(query, self._able(decision))
        if looking is not None:
            response = response.model_copy(update={"notes": response.notes | {"pictures": looking.options.images}})
        return response

    def _hearing(self) -> Hearing | None:
        """What hears the question's recordings; None where it has none, or nothing can hear them here."""
        services = self.services
        able = can_hear(services.agents, services.registry, services.config)
        return services.hearing if self.request.options.audio and able else None

    async def _routed(self, query: str) -> RoutingDecision:
        decision = await ended_by(routed(query, self.request, self.services), self._limit.token)
        self._report.decision = decision
        return decision

    async def _of_recordings(self, hearing: Hearing, prompt: str, decision: RoutingDecision) -> Response:
        """Hears first. What is said is the answer, or is answered as if it had been typed."""
        from orion_py.answering.recordings import Recordings  # a start needn't wait for it

        recordings = Recordings(hearing, self.request, self.services, self._report, self._limit)
        if recordings.wants_words(prompt):
            return await recordings.written(decision)
        self.request = await recordings.heard(prompt)
        self._report.states.to("routing")
        try:
            query = validated(self.request, self.services)
            decision = recordings.without_ears(await self._routed(query))
            response = await self._respond(query, self._able(decision))
        except (QueryTooLong, ContextOverflow) as error:
            return await recordings.too_long(decision, error)
        return response.model_copy(update={"notes": response.notes | recordings.notes})

    def _too_late(self) -> OrionError:
        """The error of a request whose time was up before anything was said."""
        states, seconds = self._report.states, self._limit.seconds or 0.0
        phase = states.state
        states.to("error")
        if phase == "validating":
            return QueueTimeout(f"No turn came within {seconds:g} s.", waited_s=seconds)
        return DeadlineExceeded(f"There was no answer within {seconds:g} s.", seconds=seconds, phase=phase)

    def _turn(self) -> AbstractAsyncContextManager[None]:
        """The request's place in the queue; its time-out counts while it waits, too."""
        request = self.request
        return self.services.queue.slot(request.id, self._limit.token, request.priority)

    async def _by_code(self, definition: AgentDefinition, decision: RoutingDecision) -> Response | None:
        """What the agent's own code answers. None: it failed, all that it said is void, and its prompt answers."""
        services, request, report = self.services, self.request, self._report
        report.agent = definition.id
        report.states.to("inferencing")
        try:
            say, stop = report.transcript.add, self._limit.token
            failure = await services.code_runs.run(request.id, request.options, definition, services.emit, say, stop)
            if failure is None:
                await report.type_out(self._limit)
                brief = brief_of(report.transcript.text)
                return from_agent(definition.id, decision, brief, request.options.seed or 0, report.timing())
        finally:
            report.typewriter.cancel()
        report.void()
        report.fallback("code", "its own code", "its prompt", failure.code, failure.message)
        report.states.to("fallback")
        return None

    def _able(self, decision: RoutingDecision) -> RoutingDecision:
        """``decision``, once it is settled who answers: an agent without a model leaves it to the first."""
        services, options, locale, report = self.services, self.request.options, self.request.locale, self._report
        report.agent = decision.agent
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
            self._obstacle, report.agent = found, first
            if decision.agent != first:
                report.fallback("agent", decision.agent, first, found.code, found.why)
        return decision

    async def _respond(self, query: str, decision: RoutingDecision) -> Response:
        request, services, token = self.request, self.services, self._limit.token
        agent = services.agents.get(self._report.agent or decision.agent)
        model_sees = self._obstacle is None and await ended_by(seen_by_model(agent, request, services), token)
        scenes = await self._scenes(agent, model_sees)
        brief = await self._prepared(agent, query, scenes, model_sees)
        if self._obstacle is not None and self._obstacle.refused:
            refusal = replace(brief, assistant_prefix=self._obstacle.why, answered_by="engine")
            return self._without_model(refusal, decision)
        if self._obstacle is not None and self._obstacle.why:
            brief = replace(brief, assistant_prefix=f"{self._obstacle.why}\n\n{brief.assistant_prefix}")
        if brief.answered_by:
            return self._without_model(brief, decision)
        brief = await self._wary(brief, query)
        models = await ended_by(models_for(agent, request, services), token)
        if model_sees and scenes is None:
            models = [entry for entry in models if sees(entry)]  # no other would know anything of the pictures
        if models:
            warn_of_weakness(agent, models[0], request, services)
        question = Question(query, agent, brief, decision)
        # Who can't take back what came gets no skill: one may put other text in its place.
        takes_back = request.options.cut_loops
        if brief.skill is not None and takes_back and scenes is None and not request.embedded:
            skilled = SkilledAnswer(question, request, services, self._report, self._limit, models)
            response = await skilled.by(brief.skill)
            if response is not None:
                return response
        return await ModelAnswer(question, request, services, self._report, self._limit).by(models)

    async def _scenes(self, agent: Agent, model_sees: bool) -> Scenes | None:
        """What detectors see in the question's pictures, where ``agent`` takes any. A model that sees can do
        without."""
        sight = self.services.sight
        if (
            not self.request.options.images
            or sight is None
            or not isinstance(agent, SeeingAgent)
            or self._obstacle is not None
        ):
            return None
        try:
            return await seen(sight, self.request, self.services, self._report, self._limit.token)
        except (UnknownModel, LoadError, RuntimeFailure, CircuitOpen) as error:
            if not model_sees:
                raise
            self.services.log.info("without detectors", code=error.code)
            return None

    async def _wary(self, brief: Brief, query: str) -> Brief:
        """``brief``, with a word of warning to the model where the message wants it to obey somebody else."""
        kind = await ended_by(noticed(query, self.request, self.services), self._limit.token)
        return distrustful(brief, query, self.request.locale) if kind == "injection" else brief

    async def _prepared(self, agent: Agent, query: str, scenes: Scenes | None, model_sees: bool) -> Brief:
        """What ``agent`` makes of the question, and of its pictures if it takes any."""
        request, options = self.request, self.request.options
        if scenes is not None and isinstance(agent, SeeingAgent):
            return await agent.prepare_seen(query, request.locale, options, scenes, model_sees)
        return await ended_by(agent.prepare(query, request.locale, options), self._limit.token)

    def _without_model(self, brief: Brief, decision: RoutingDecision) -> Response:
        """Returns the answer that the agent worked out without a model."""
        self._report.states.to("inferencing")
        self._report.show(Piece(brief.assistant_prefix, 0, 0, None))
        seed = self.request.options.seed or 0
        return from_agent(self._report.agent or decision.agent, decision, brief, seed, self._report.timing())
