"""``foundry agents``: questions put to the agents, rows checked, and programs tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_foundry import cli
from model_foundry.commands import agents
from model_foundry.measuring.stories.solving import Problem, Solved
from model_foundry.measuring.tasks.base import Exercise, Graded
from model_foundry.measuring.usefulness.asking import Answered, Way
from model_foundry.measuring.usefulness.developing import Developed
from model_foundry.measuring.usefulness.rows import Question
from tests.model_foundry.measuring.usefulness.test_rows import ROW, written
from tests.model_foundry.measuring.usefulness.test_verdict import question


class Played:
    """Answers everything with the good answer, or by itself with nothing of use."""

    name = "native"
    engine = None
    asked = 0

    async def ask(self, question: Question, way: Way) -> Answered:
        Played.asked += 1
        return Answered(question.good if way == "agents" else "no idea", "conversation")

    async def close(self) -> None: ...


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(*arguments: Any) -> Played:
        return Played()

    Played.asked = 0
    monkeypatch.setattr(agents.NativeAsked, "start", start)
    monkeypatch.setattr(agents.BrowserAsked, "start", start)
    rows = [question(), question(id="fr", language="fr", text="Combien ?", good="206 os.", agent="logical", hand="bob")]
    monkeypatch.setattr(agents, "read_questions", lambda part: rows)


def test_the_questions_are_put_to_the_agents_and_to_the_model_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ways = ["--way", "both", "--json", "--answers", str(tmp_path / "a.jsonl")]
    command = ["agents", "evaluate", "--model", "full", *ways]
    assert cli.main(command) == 0
    found = json.loads(capsys.readouterr().out)
    shares = {result["way"]: result["all"]["share"] for result in found["results"]}
    assert shares == {"agents": 1.0, "plain": 0.0}
    assert found["results"][0]["model"] == "qwen2.5-coder-0.5b-instruct"
    asked = Played.asked
    assert cli.main(command) == 0
    assert Played.asked == asked, "what is kept isn't asked again"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ([], 2),
        (["--language", "fr"], 1),
        (["--agent", "logical", "--browser"], 1),
        (["--hand", "somebody"], 1),
        (["--limit", "1"], 1),
    ],
)
def test_a_part_of_the_questions_can_be_chosen(
    options: list[str], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["agents", "evaluate", "--markdown", *options]) == 0
    assert f"n {count})" in capsys.readouterr().out.splitlines()[-2] or Played.asked == count


def test_the_table_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["agents", "evaluate"]) == 0
    assert "no faults" in capsys.readouterr().out


def test_rows_are_checked_by_their_own_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = written(tmp_path, ROW | {"bad": "300."})
    assert cli.main(["agents", "check", str(good)]) == 0
    bad = written(tmp_path, ROW | {"good": "300.", "bad": "206."}, name="bob.jsonl")
    assert cli.main(["agents", "check", str(bad)]) == 1
    said = capsys.readouterr().out
    assert "a: its good answer fails: says none of ['206']" in said
    assert "a: its bad answer passes" in said


def test_a_count_is_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["agents", "evaluate", "--limit", "0"])
    assert "isn't a number from 1 up" in capsys.readouterr().err


def test_drafts_and_ends_are_graded_in_pairs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def grade(text: str) -> Graded:
        return Graded("x", "right" in text, {}, {})

    exercises = [Exercise(f"HumanEval/{n}", ({"role": "user", "content": "?"},), 9, grade, None) for n in range(2)]

    async def develop(engine: Any, model: str, wanted: Any, known: dict[str, Developed]) -> Any:
        for exercise in wanted:
            made = known.get(exercise.sample) or Developed(exercise.sample, "wrong", "right", True, 1, 5)
            yield exercise, made, exercise.sample not in known

    monkeypatch.setattr(agents.humaneval, "load", lambda folder: exercises)
    monkeypatch.setattr(agents, "develop", develop)
    command = ["agents", "develop", "--model", "full", "--answers", str(tmp_path / "a.jsonl")]
    assert cli.main(command) == 0
    assert cli.main(command) == 0
    assert "difference: +100.0 points" in capsys.readouterr().out
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 2


def test_problems_are_solved_in_three_ways_and_compared_in_pairs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def solve(engine: Any, model: str, wanted: list[Problem], known: dict[str, Solved]) -> Any:
        for problem in wanted:
            made = known.get(problem.id) or Solved(problem.id, "-1", "", str(problem.answer), [("steps", "-1")] * 4, 90)
            yield problem, made, problem.id not in known

    monkeypatch.setattr(agents, "solve", solve)
    kept = tmp_path / "a.jsonl"
    command = ["agents", "stories", "--set", "test", "--language", "fr", "--limit", "8", "--answers", str(kept)]
    assert cli.main(command) == 0
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert "smollm2-135m-instruct, test: step by step: 0 of 8 (0.000, 0.000 to 0.324)" in said
    assert "by vote: 8 of 8" in said
    assert "vote less steps: +100.0 points" in said
    assert "4.0 ways a problem" in said
    assert len(kept.read_text().splitlines()) == 8
