"""Puts problems to the logical agent, and keeps what each of its ways came to.

One answer gives all that is compared: the first working, step by step; the program; and what most draws agreed on.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.intervals import Paired, paired, wilson
from model_foundry.measuring.stories.generating import PARTS, stories
from model_foundry.measuring.tasks import gsm8k
from model_foundry.measuring.tasks.rows import read_rows
from orion_py.engine.engine import Engine
from orion_py.errors import OrionError
from orion_py.protocol import InferOptions
from orion_py.skills.story import answer_of, value

AGENT = "logical"
GSM8K = "gsm8k"
SETS = (*PARTS, GSM8K)
WAYS = ("steps", "program", "vote")


@dataclass(frozen=True, slots=True)
class Problem:
    """``answer``: the right one."""

    id: str
    language: str
    text: str
    answer: Decimal


@dataclass(frozen=True, slots=True)
class Solved:
    """What each of ``WAYS`` came to, as the agent writes numbers; "": nothing. ``draws``: each way that it tried, and
    what that came to."""

    sample: str
    steps: str
    program: str
    vote: str
    draws: list[tuple[str, str]]
    tokens: int
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def problems(name: str, data: Path) -> list[Problem]:
    """The problems of one of ``SETS``; ``data`` has GSM8K's. Raises EvaluationFailed."""
    for part in PARTS:
        if part == name:
            return [Problem(one.id, one.language, one.text, one.answer) for one in stories(part)]
    found = []
    for number, row in enumerate(read_rows(data, GSM8K)):
        answer = gsm8k.value(str(row.get("expected", str(row.get("answer", "")).rpartition("####")[2])).strip())
        text = row.get("prompt", row.get("question"))
        if answer is None or not isinstance(text, str):
            raise EvaluationFailed(f"row {number} of GSM8K isn't a problem with a number for an answer")
        found.append(Problem(str(row.get("id", number)), "en", text.strip(), answer))
    return found


async def solve(
    engine: Engine, model: str, asked: Sequence[Problem], known: Mapping[str, Solved]
) -> AsyncIterator[tuple[Problem, Solved, bool]]:
    """Each problem with what came of it, and whether it is new. The seed depends on the problem alone. A failed answer
    solves nothing, and says why."""
    for problem in asked:
        if problem.id in known:
            yield problem, known[problem.id], False
            continue
        options = InferOptions(model=model, force_agent=AGENT, seed=zlib.crc32(problem.id.encode()))
        try:
            response = await engine.infer(problem.text, options, locale=problem.language)
        except OrionError as error:
            yield problem, Solved(problem.id, "", "", "", [], 0, error.code), True
            continue
        french = problem.language == "fr"
        yield problem, solved(problem.id, response.content, response.notes, response.usage.completion, french), True


def solved(sample: str, content: str, notes: Mapping[str, Any], tokens: int, french: bool) -> Solved:
    """What an answer and its notes say. Without a vote the answer's last number counts for the steps and for all."""
    facts = notes.get("story")
    if facts is None:
        found = answer_of(content, french)
        last = "" if found is None else str(found)
        return Solved(sample, last, "", last, [("steps", last)], tokens)
    draws = facts["draws"]
    program = next((draw["answer"] for draw in draws if draw["way"] == "program"), None)
    ways = [(draw["way"], draw["answer"] or "") for draw in draws]
    return Solved(sample, ways[0][1], program or "", facts["answer"], ways, tokens)


def right(problem: Problem, said: str) -> bool:
    found = value(said, problem.language == "fr") if said else None
    try:
        return found is not None and abs(found - problem.answer) < Decimal("0.005")
    except InvalidOperation:
        return False


@dataclass(frozen=True, slots=True)
class Shares:
    """Which problems each way solved, in the same order; ``draws``: the ways tried, over all problems."""

    solved: Mapping[str, Sequence[bool]]
    draws: int

    @classmethod
    def of(cls, found: Sequence[tuple[Problem, Solved]]) -> Shares:
        by_way: dict[str, list[bool]] = {way: [] for way in WAYS}
        for problem, one in found:
            for way, said in zip(WAYS, (one.steps, one.program, one.vote), strict=True):
                by_way[way].append(right(problem, said))
        return cls(by_way, sum(len(one.draws) for _, one in found))

    @property
    def paired(self) -> Paired:
        """The vote against the steps."""
        return paired(self.solved["vote"], self.solved["steps"])

    def sentences(self) -> list[str]:
        """The shares with Wilson's intervals of 95 %, and the paired difference with Newcombe's and McNemar's p."""
        count = len(self.solved["steps"])
        lines = []
        for way, label in zip(WAYS, ("step by step", "by program", "by vote"), strict=True):
            passed = sum(self.solved[way])
            reach = wilson(passed, count)
            lines.append(f"{label}: {passed} of {count} ({passed / count:.3f}, {reach.low:.3f} to {reach.high:.3f})")
        difference = self.paired
        low, high = difference.interval.low, difference.interval.high
        lines.append(
            f"vote less steps: {100 * difference.difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}, "
            f"p {difference.p_value:.3f}; won {difference.only_first}, lost {difference.only_second}), "
            f"{self.draws / count:.1f} ways a problem"
        )
        return lines
