"""Has a model answer, and goes on where it fails: what is tried is ``answering.recovery``'s matter."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from orion_py.agents.base import Agent, Brief
from orion_py.answering.beginning import begin
from orion_py.answering.deadline import Deadline
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.recovery import Plan, Situation, next_attempt
from orion_py.answering.reporting import Reporter
from orion_py.answering.response import from_model, statistics
from orion_py.answering.services import Services
from orion_py.answering.taking_in import taken_in
from orion_py.cancellation import ended_by
from orion_py.errors import Cancelled, OrionError, OutOfMemory, RuntimeFailure, WorkerDied
from orion_py.generation.answer import Answer
from orion_py.generation.prompt import Prompt
from orion_py.opening.ladder import Step
from orion_py.protocol import Response
from orion_py.registry.models import ModelEntry
from orion_py.resilience.remedies import AnswerRemedy
from orion_py.routing.base import RoutingDecision
from orion_py.runtime.loaded_model import LoadedModel


@dataclass(frozen=True, slots=True)
class Question:
    """``agent`` answers ``query`` as ``brief`` says."""

    query: str
    agent: Agent
    brief: Brief
    decision: RoutingDecision


class ModelAnswer:
    """One answer. It holds one model at most, that model's turn, and what it has answered so far."""

    def __init__(
        self, question: Question, request: InferRequest, services: Services, report: Reporter, limit: Deadline
    ) -> None:
        self._question, self._request, self._services = question, request, services
        self._report, self._limit = report, limit
        self._entries: dict[str, ModelEntry] = {}
        self._place = AsyncExitStack()
        """The turn of the model that is tried, and its place at the breaker."""
        self._entry: ModelEntry | None = None
        """Whose place it is."""
        self._model: LoadedModel | None = None
        """Lent last; a replacement may be on its way."""
        self._failed = False
        """Whether that model is no longer to be used."""
        self._begun: tuple[Prompt, Answer, float] | None = None
        """The answer of the model that is tried, and when it began, in the clock's seconds."""
        self._computing = False

    async def by(self, models: Sequence[ModelEntry]) -> Response:
        """The answer of the first of ``models`` that gives one. Raises what the last attempt did."""
        self._entries = {entry.id: entry for entry in models}
        plan = Plan(tuple(self._entries))
        try:
            while True:
                try:
                    return await self._attempt(plan)
                except OrionError as error:
                    plan = await self._recover(plan, error)
        except Cancelled:
            self._report.typewriter.cancel()
            raise
        finally:
            await self._leave()

    async def _attempt(self, plan: Plan) -> Response:
        entry = self._entry or await self._enter(self._entries[plan.models[0]], last=len(plan.models) == 1)
        if not plan.ended:
            model = await self._ready(entry)
            prompt, answer, _ = self._begun or await self._begin(entry, model)
            with self._services.log.timed("inference", model=entry.id) as facts:
                await self._compute(answer, model)
                facts.update(backend=model.label, tokens=len(answer.tokens), prompt=prompt.length)
        return await self._end(entry)

    async def _recover(self, plan: Plan, error: OrionError) -> Plan:
        """Applies what helps against ``error``, and says what to try then. Where nothing does it raises ``error``."""
        situation = await self._situation(error)
        while (recovery := next_attempt(plan, error, situation)) is not None:
            if await self._apply(recovery.remedy, plan, error):
                return recovery.plan
            situation = replace(situation, useless=situation.useless | {recovery.remedy})
        raise error

    async def _situation(self, error: OrionError) -> Situation:
        """Tells the breakers and the kept prompts of a model that failed in the midst of the answer."""
        computing, self._computing = self._computing, False
        situation = Situation(computing, self._report.spoke, time_up=self._limit.passed)
        if not (computing and isinstance(error, RuntimeFailure) and self._entry and self._model and self._begun):
            return situation
        services, entry, since = self._services, self._entry.id, self._begun[2]
        restored = await services.prefixes.reject(self._model)
        services.breakers.failed(entry, self._model.label, error, services.clock() - since)
        blamed = services.breakers.model(entry).state == "open"
        return replace(situation, restored=restored, blamed=blamed)

    async def _apply(self, remedy: AnswerRemedy, plan: Plan, error: OrionError) -> bool:
        """Whether ``remedy`` did anything."""
        services, report = self._services, self._report
        entry = self._entries[plan.models[0]]
        match remedy:
            case "keep_text":
                if self._begun is None:
                    return False
                answer = self._begun[1]
                answer.cut_off()
                return bool(answer.text)
            case "next_rung" | "new_worker":
                return await self._replace(entry, remedy, error)
            case "earlier_version":
                await self._leave()
                if not await services.versions.auto_rollback(entry, error):
                    return False
            case "next_model":
                await self._leave()
                report.fallback("model", entry.id, plan.models[1], error.code, error.message)
        report.states.to("fallback")
        return True

    async def _replace(self, entry: ModelEntry, remedy: AnswerRemedy, error: OrionError) -> bool:
        """Ends the model that failed. Another one goes on with the answer: by the ladder's next step, if there is one,
        or as this one did."""
        models, failed = self._services.models, self._model
        assert failed is not None, "it failed as it computed"
        before, self._failed = failed.label, True
        step: Step | None = Step("worker", before)
        if remedy == "new_worker":
            await models.discard(entry.id, failed)
        elif isinstance(error, OutOfMemory):
            step = await models.step_down(entry, failed)
        else:
            step = await models.step_past(entry, failed)
        if step is None:
            return False
        self._report.states.to("fallback")
        self._report.fallback(step.kind, before, step.label, error.code, error.message)
        return True

    async def _enter(self, entry: ModelEntry, *, last: bool) -> ModelEntry:
        """Waits for the model's turn. Raises CircuitOpen where it is left alone, and Cancelled."""
        services, report = self._services, self._report
        report.model = entry.id
        await self._place.enter_async_context(services.models.turn(entry.id, self._limit.token))
        report.states.to("loading_agent")
        services.background.on_model_needed(entry.id)
        self._place.enter_context(services.breakers.model(entry.id).entered(though_slow=last))
        self._entry = entry
        return entry

    async def _leave(self) -> None:
        """Gives back the model and its turn, and shows what waits to be shown. Safe to call twice."""
        self._report.typewriter.flush()
        entry, model = self._entry, self._model
        # Who asks may keep this request, and it is one with its callbacks: it mustn't keep the model in memory.
        self._entry = self._model = self._begun = None
        self._failed = self._computing = False
        if entry is not None and model is not None:
            await self._services.models.release(model)
            if model.closed:
                await self._services.models.discard(entry.id, model)
        place, self._place = self._place, AsyncExitStack()
        await place.aclose()

    async def _ready(self, entry: ModelEntry) -> LoadedModel:
        """The model in memory. Raises as ``ModelManager.acquire``."""
        if self._model is not None and not self._failed:
            return self._model
        states, services = self._report.states, self._services
        if states.state != "loading_agent":
            states.to("loading_agent")
        stop_listening = services.loads.subscribe(self._report.on_load)
        try:
            with services.log.timed("load", model=entry.id) as facts:
                self._model = await services.models.acquire(entry, self._limit.token)
                facts["backend"] = self._model.label
        finally:
            stop_listening()
        self._failed = False
        if self._begun is not None:
            states.to("inferencing")
        return self._model

    async def _begin(self, entry: ModelEntry, model: LoadedModel) -> tuple[Prompt, Answer, float]:
        """The prompt, and the answer with nothing of it computed. Raises as ``beginning.begin`` and
        ``taking_in.taken_in``."""
        report, question, request = self._report, self._question, self._request
        embedded = await taken_in(request, model, self._services, report, self._limit.token)
        text = report.new_text()
        prompt, answer = begin(request, self._services, question.query, question.brief, entry, model, text, embedded)
        if prompt.dropped_turns:
            report.dropped(prompt.dropped_turns, len(request.history))
        most = answer.max_tokens  # a callback that knew the answer would keep it, and the tokenizer, in memory
        answer.on_token, answer.on_cut = lambda count: report.advance(count / most), report.on_cut
        report.states.to("inferencing")
        self._begun = prompt, answer, self._services.clock()
        answer.open()
        await ended_by(self._services.prefixes.restore(model, prompt.segments), self._limit.token)
        return self._begun

    async def _compute(self, answer: Answer, model: LoadedModel) -> None:
        """Runs the answer to its end, from where it stands."""
        services, limit = self._services, self._limit
        left = None if limit.seconds is None else limit.seconds - self._report.waited
        self._computing = True
        if model.closed:
            raise WorkerDied  # it had to be ended since, and what a closed one says would be "cancelled"
        await answer.run(model, limit.token, services.clock, services.config.inference_timeout_s, left)
        self._computing = False

    async def _end(self, entry: ModelEntry) -> Response:
        """Shows all of the answer, and what it amounts to."""
        services, report, question, model = self._services, self._report, self._question, self._model
        assert model is not None, "it answered"
        assert self._begun is not None, "it answered"
        prompt, answer, _ = self._begun
        if report.states.state != "inferencing":
            report.states.to("inferencing")  # the time was up as another model was opened
        agent = report.agent or question.decision.agent
        if not model.closed:
            services.prefixes.confirm(model)
            if self._prompt_may_stay(agent):
                services.prefixes.answered(model, agent, question.brief.system)
            await model.measure_memory()
        await report.type_out(self._limit)
        report.typewriter.flush()
        if not model.closed:
            services.breakers.answered(entry.id, model.label, answer.pace_s)
        services.measures.paced(self._request.id, answer.pace_s)
        stream = statistics(report.transcript.stats(), self._request.options)
        brief, decision = question.brief, question.decision
        return from_model(agent, decision, brief, model, prompt, answer, report.timing(), stream)

    def _prompt_may_stay(self, agent: str) -> bool:
        """Whether the prompt is the agent's alone, and the agent hasn't been deleted or changed meanwhile."""
        agents, question = self._services.agents, self._question
        own = self._request.options.system is None and not question.brief.quotes
        return own and agent in agents.ids and agents.get(agent) is question.agent
