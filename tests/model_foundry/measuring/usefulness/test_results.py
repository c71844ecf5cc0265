"""Shares have their n and interval, by agent, language and hand; agents are compared with the plain prompt."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from model_foundry.measuring.tasks.base import Exercise, Graded
from model_foundry.measuring.usefulness.asking import Answered, Way
from model_foundry.measuring.usefulness.developing import Developed, Gain, develop, developed, fenced
from model_foundry.measuring.usefulness.results import Judged, Results, faults_in
from model_foundry.measuring.usefulness.table import as_markdown, show
from model_foundry.measuring.usefulness.verdict import Verdict
from orion_py.errors import RuntimeFailure
from orion_py.protocol import InferOptions
from tests.model_foundry.measuring.usefulness.test_verdict import question


def results(way: Way, useful: int, of: int = 10) -> Results:
    judged = [
        Judged(
            question(id=str(n), language="en" if n % 2 else "fr"),
            Answered("text", "code", finish="loop" if n == 0 else "stop"),
            Verdict(() if n < useful else ("loops", "says none of ['a']")),
        )
        for n in range(of)
    ]
    return Results("tiny", way, "native", judged)


def test_shares_are_counted_by_what_is_asked_for() -> None:
    found = results("agents", 6)
    assert found.by()[()].as_json() == {"useful": 6, "n": 10, "share": 0.6, "low": 0.3127, "high": 0.8318}
    assert {key: share.count for key, share in found.by("agent", "language").items()} == {
        ("conversation", "en"): 5,
        ("conversation", "fr"): 5,
    }
    assert found.looped == 5  # four that the rules saw, and one that the engine ended


def test_agents_are_compared_with_the_plain_prompt_on_the_same_questions() -> None:
    gain = results("agents", 6).against(results("plain", 3))
    assert gain is not None
    assert (gain.only_first, gain.only_second, round(gain.difference, 2)) == (3, 0, 0.3)
    assert results("agents", 6).against(Results("tiny", "plain", "native", [])) is None


def test_the_commonest_faults_are_told_without_what_is_a_rows_own() -> None:
    assert faults_in(results("agents", 6).judged) == [("loops", 4), ("says none of", 4)]


def test_the_table_is_one_a_person_and_docs_can_read() -> None:
    found = [results("agents", 6), results("plain", 3)]
    text = as_markdown(found)
    assert "| conversation | en | 0.60 (0.23 to 0.88, n 5) |" in text
    assert "| looped |  | 5 of 10 | 8 of 10 |" in text
    assert "the agents are useful in +30.0 points" in text
    out = io.StringIO()
    show(found, Console(file=out, width=200))
    assert "loops (4)" in out.getvalue()


def test_programs_get_every_answer_with_its_faults() -> None:
    found = results("agents", 1, 2).as_json()
    assert found["all"]["n"] == 2
    assert [row["faults"] for row in found["answers"]] == [[], ["loops", "says none of ['a']"]]


@pytest.mark.parametrize(
    ("notes", "first", "final", "mended"),
    [
        ({}, "text", "text", False),
        ({"developer": {"first": "a", "final": "b", "mended": True, "tests": ["t"]}}, "a", "b", True),
        ({"developer": {"first": "a", "ran": False}}, "a", "a", False),
    ],
)
def test_an_answer_tells_its_draft_and_its_end(notes: dict, first: str, final: str, mended: bool) -> None:
    found = developed("HumanEval/0", "text", notes, 9)
    whole = fenced(first) if notes else first
    assert (found.first, found.final, found.mended) == (whole, fenced(final) if notes else final, mended)


def test_a_gain_is_told_with_its_interval() -> None:
    lines = Gain([True, False, False, True], [True, True, False, False]).sentences()
    assert lines[0].startswith("single try: 0.500 (0.150 to 0.850, n 4)")
    assert "1 mended rightly, 1 spoilt" in lines[2]


async def test_each_problem_is_put_to_the_code_agent_once() -> None:
    class Engine:
        def __init__(self) -> None:
            self.asked: list[str] = []

        async def infer(self, query: str, options: InferOptions) -> Any:
            self.asked.append(query)
            assert (options.force_agent, options.temperature) == ("code", 0)
            if query == "bad":
                raise RuntimeFailure("no")
            return SimpleNamespace(content="text", notes={}, usage=SimpleNamespace(completion=3))

    def exercise(sample: str, text: str) -> Exercise:
        return Exercise(sample, ({"role": "user", "content": text},), 9, lambda text: Graded("x", True, {}, {}), None)

    engine, known = Engine(), {"0": Developed("0", "a", "b", True, 1, 2)}
    problems = [exercise("0", "known"), exercise("1", "good"), exercise("2", "bad")]
    found = [(made.sample, made.final, new) async for _, made, new in develop(engine, "tiny", problems, known)]  # type: ignore[arg-type]
    assert found == [("0", "b", False), ("1", "text", True), ("2", "", True)]
    assert engine.asked == ["good", "bad"]
