"""Runs a task on a subject: samples in, a score with its error out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_foundry.measuring.intervals import Interval, Paired, paired, standard_error, wilson
from model_foundry.measuring.journal import Journal
from model_foundry.measuring.subjects.base import GenerateRequest, ScoreRequest, Subject, encode_pair
from model_foundry.measuring.tasks.base import AnswerTask, ChoiceTask, Graded, Task
from model_foundry.measuring.tasks.rows import sample
from model_foundry.progress import Progress


@dataclass(frozen=True)
class Result:
    """``score`` is the share of samples that passed, ``interval`` Wilson's of 95 %."""

    task: str
    metric: str
    subject: str
    graded: tuple[Graded, ...]
    seconds: float
    chance: float | None = None
    """What guessing gets, where there is something to guess."""

    @property
    def count(self) -> int:
        return len(self.graded)

    @property
    def score(self) -> float:
        return sum(one.passed for one in self.graded) / self.count

    @property
    def interval(self) -> Interval:
        return wilson(sum(one.passed for one in self.graded), self.count)

    def measures(self) -> dict[str, float]:
        """The task's other measures, each a share of the samples."""
        names = self.graded[0].more
        return {name: sum(one.more[name] for one in self.graded) / self.count for name in names}

    def against(self, baseline: Result) -> Paired:
        """This result and another on the same samples. Raises ValueError where they differ."""
        if [one.sample for one in self.graded] != [one.sample for one in baseline.graded]:
            raise ValueError(f"{self.task}: {self.subject} and {baseline.subject} weren't given the same samples")
        return paired([one.passed for one in self.graded], [one.passed for one in baseline.graded])

    def as_json(self) -> dict[str, Any]:
        """``samples`` tell what passed, and the details of each."""
        interval = self.interval
        return {
            "task": self.task,
            "metric": self.metric,
            "n": self.count,
            "score": self.score,
            "stderr": standard_error(sum(one.passed for one in self.graded), self.count),
            "low": interval.low,
            "high": interval.high,
            "chance": self.chance,
            "measures": self.measures(),
            "seconds": round(self.seconds, 1),
            "samples": [{"id": one.sample, "passed": one.passed, **one.more, **one.detail} for one in self.graded],
        }


async def run_task(
    subject: Subject,
    task: Task,
    data: Path,
    limit: int | None,
    seed: int,
    journal: Journal,
    progress: Progress,
    clock: Callable[[], float],
) -> Result:
    """Raises FoundryError for missing data, and whatever the subject raises."""
    began = clock()
    if task.kind == "choice":
        questions = sample(task.load(data), limit, seed)
        graded = await _choose(subject, task, questions, journal, progress)
        return Result(task.name, task.metric, subject.name, graded, clock() - began, task.chance(questions))
    graded = await _answer(subject, task, limit, seed, data, journal, progress)
    return Result(task.name, task.metric, subject.name, graded, clock() - began)


async def _choose(
    subject: Subject, task: ChoiceTask, questions: Sequence[Any], journal: Journal, progress: Progress
) -> tuple[Graded, ...]:
    requests = [_score_request(subject, question) for question in questions]
    graded: list[Graded] = []
    progress(f"{task.name}: {subject.name}", 0, len(questions))
    async for scored in journal.score(subject, requests):
        graded.append(task.grade(questions[len(graded)], scored))
        progress(f"{task.name}: {subject.name}", len(graded), len(questions))
    return tuple(graded)


def _score_request(subject: Subject, question: Any) -> ScoreRequest:
    pairs = [encode_pair(subject.tokenizer, question.context, choice) for choice in question.choices]
    return ScoreRequest(pairs[0][0], tuple(continuation for _, continuation in pairs))


async def _answer(
    subject: Subject,
    task: AnswerTask,
    limit: int | None,
    seed: int,
    data: Path,
    journal: Journal,
    progress: Progress,
) -> tuple[Graded, ...]:
    exercises = sample(task.load(data), limit, seed)
    requests = [
        GenerateRequest(
            tuple(subject.tokenizer.encode(subject.tokenizer.render(exercise.messages))),
            exercise.max_tokens,
            exercise.until,
        )
        for exercise in exercises
    ]
    graded: list[Graded] = []
    progress(f"{task.name}: {subject.name}", 0, len(exercises))
    async for tokens in journal.generate(subject, requests):
        # In a thread: the sandbox waits for a process, and the subject may have something to do meanwhile.
        text = subject.tokenizer.decode(tokens)
        one = await asyncio.to_thread(exercises[len(graded)].grade, text)
        graded.append(Graded(one.sample, one.passed, one.more, {**one.detail, "text": text, "tokens": len(tokens)}))
        progress(f"{task.name}: {subject.name}", len(graded), len(exercises))
    return tuple(graded)
