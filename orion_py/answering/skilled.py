"""Answers a question by a skill: each step is an answer of a model, and the skill says what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from orion_py.answering.by_model import ModelAnswer, Question
from orion_py.answering.deadline import Deadline
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.reporting import Reporter
from orion_py.answering.response import from_steps, statistics
from orion_py.answering.services import Services
from orion_py.answering.step_report import StepReport
from orion_py.cancellation import ended_by
from orion_py.errors import Cancelled, NoSandbox
from orion_py.generation.thoughts import answer_of
from orion_py.language.function_words import french_or_english
from orion_py.protocol import FinishReason, Response, SkillStep, SkillStepEvent
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Embedding
from orion_py.runtime.code_runner import Ran
from orion_py.runtime.tokenizer import ChatMessage
from orion_py.skills.base import Ask, Said, Skill

SEEDS = 2**53
_SPEAKERS: tuple[Literal["user", "assistant"], ...] = ("user", "assistant")
_SAMPLING = ("temperature", "top_p", "top_k", "repetition_penalty")


@dataclass(slots=True)
class SkilledAnswer:
    """Implements ``skills.base.Working`` for one question."""

    question: Question
    request: InferRequest
    services: Services
    report: Reporter
    limit: Deadline
    entries: list[ModelEntry]
    _steps: list[Response] = field(default_factory=list)
    _notes: dict[str, Any] = field(default_factory=dict)
    _programs: int = 0
    _shown_tokens: int = 0
    """Of the model, over all steps that were shown: they share the answer's greatest length."""
    _finish: FinishReason = "stop"
    """How the last step that was shown ended."""

    async def by(self, skill: Skill) -> Response | None:
        """What ``skill`` answers, or None where it can't. Raises as ``ModelAnswer.by``. A person's stop, or the end of
        the time, leaves what is shown."""
        try:
            if not await skill(self):
                return None
        except Cancelled:
            if not (self.limit.passed and self.shown and self._steps):
                raise
        report, question = self.report, self.question
        if report.states.state != "inferencing":
            report.states.to("inferencing")
        if not self.limit.passed:
            await report.type_out(self.limit)
        report.typewriter.flush()
        stream = statistics(report.transcript.stats(), self.request.options)
        return from_steps(
            agent=report.agent or question.decision.agent,
            decision=question.decision,
            notes={**question.brief.notes, **self._notes},
            steps=self._steps,
            content=report.transcript.text,
            time=report.timing(),
            stream=stream,
            finish="timeout" if self.limit.passed else self._finish,
        )

    @property
    def query(self) -> str:
        return self.question.query

    @property
    def french(self) -> bool:
        return french_or_english(self.question.query, self.request.locale).lower().startswith("fr")

    @property
    def history(self) -> Sequence[tuple[str, str]]:
        return [(turn["role"], turn["content"]) for turn in self.request.history]

    @property
    def models(self) -> Sequence[str]:
        return [entry.id for entry in self.entries]

    @property
    def shown(self) -> str:
        return self.report.transcript.text

    @property
    def can_run(self) -> bool:
        return self.request.runs_code or self.services.code_runner is not None

    async def ask(self, ask: Ask) -> Said:
        """As ``Working.ask``: the model answers with all that an answer has: its turn, recovery, loops, the guard."""
        question, options = self.question, self.request.options
        brief = replace(
            question.brief,
            system=ask.system or question.brief.system,
            sampling=_over(question.brief.sampling, ask.sampling),
            max_tokens=ask.max_tokens or question.brief.max_tokens,
            assistant_prefix=ask.prefix,
            stops=ask.stops,
            output_transform=ask.transform,
            asked="",
            asked_beside="",
            skill=None,
            constrain=ask.constrain,
            quotes=question.brief.quotes or bool(ask.system),
        )
        # The length that the caller asked for is the whole answer's; a step has its own.
        most = options.max_tokens if ask.shown or ask.max_tokens is None else None
        if ask.resumes:
            most = max(1, (most or brief.max_tokens) - self._shown_tokens)
        own: dict[str, Any] = {"max_tokens": most, "delay_ms": 0, "granularity": "token"}
        if not ask.shown:
            own |= {name: None for name in _SAMPLING if getattr(ask.sampling, name) is not None}
        if ask.attempt and options.seed is not None:
            own["seed"] = (options.seed + ask.attempt) % SEEDS
        request = replace(
            self.request,
            options=options.model_copy(update=own),
            history=_turns(ask) if ask.alone or ask.examples else self.request.history,
        )
        report = StepReport(
            self.report, request, self.services, shown=ask.shown, known=len(ask.prefix) if ask.resumes else 0
        )
        step = Question(ask.text, question.agent, brief, question.decision)
        response = await ModelAnswer(step, request, self.services, report, self.limit).by(self.entries)
        self._steps.append(response)
        if ask.shown:
            self._finish = response.finish_reason
            self._shown_tokens += response.usage.completion
        if not self.report.spoke and ask.shown:
            self.report.typewriter.flush()
        said = answer_of(response.content)
        return Said(said, response.finish_reason, response.model, response.usage.completion)

    async def run(self, code: str, seconds: float = 5.0) -> Ran:
        request, services, stop = self.request, self.services, self.limit.token
        self._programs += 1
        if request.runs_code:
            return await services.programs.run(request.id, self._programs, code, seconds, services.emit, stop)
        if services.code_runner is None:
            raise NoSandbox("Nothing here runs programs.")
        return await services.code_runner.run(code, seconds, stop)

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding] | None:
        found: list[Embedding] = []
        for text in texts:
            vector = await ended_by(self.services.embed(text), self.limit.token)
            if vector is None:
                return None
            found.append(vector)
        return found

    def say(self, text: str) -> None:
        self._shows(lambda: self.report.transcript.add(text))

    def revise(self, text: str) -> None:
        self._finish = "stop"  # what was cut off, if anything was, is gone
        self._shows(lambda: self.report.revise(text))

    def _shows(self, show: Callable[[], object]) -> None:
        states = self.report.states
        if states.state != "inferencing":
            states.to("inferencing")
        show()

    def step(self, name: SkillStep) -> None:
        self.services.emit(SkillStepEvent(id=self.request.id, step=name))

    def note(self, name: str, value: Any) -> None:
        self._notes[name] = value


def _turns(ask: Ask) -> tuple[ChatMessage, ...]:
    return tuple(
        ChatMessage(role=role, content=text)
        for pair in ask.examples
        for role, text in zip(_SPEAKERS, pair, strict=True)
    )


def _over(own: Any, wishes: Any) -> Any:
    """The agent's sampling under the step's."""
    return replace(own, **{name: value for name in _SAMPLING if (value := getattr(wishes, name)) is not None})
