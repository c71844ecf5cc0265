"""Questions are put to the engine as a person's are, or to its model alone; what was answered is kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.usefulness import asking
from model_foundry.measuring.usefulness.asking import (
    PLAIN_AGENT,
    PLAIN_SYSTEM,
    Answered,
    BrowserAsked,
    NativeAsked,
    answers,
    options_for,
)
from model_foundry.measuring.usefulness.kept import KeptAnswers, Lines
from orion_py.engine.engine import Engine
from orion_py.errors import RuntimeFailure
from tests.model_foundry.measuring.usefulness.test_verdict import question
from tests.tiny import World, says
from tests.tiny_engine import engine


async def native(monkeypatch: pytest.MonkeyPatch, model: str = "tiny") -> NativeAsked:
    made = await engine(World(says("two")))

    async def start(config: Any, ports: Any) -> Engine:
        return made

    monkeypatch.setattr(asking.Engine, "start", start)
    monkeypatch.setattr(asking, "native_ports", lambda root: None)
    # The tiny model's context is as small.
    monkeypatch.setattr(asking, "PLAIN_AGENT", PLAIN_AGENT.model_copy(update={"max_tokens": 8}))
    return await NativeAsked.start(Path(), model, 1)


async def test_a_question_goes_the_persons_way_or_to_the_model_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = await native(monkeypatch)
    found = await asked.ask(question(text="hello"), "agents")
    assert (found.text, found.agent, found.tokens, found.finish) == ("two", "conversation", 3, "stop")
    plain = await asked.ask(question(text="hello"), "plain")
    assert (plain.agent, plain.error) == ("plain", "")
    await asked.close()


async def test_a_model_that_is_not_built_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EvaluationFailed, match=r"huge isn't built here \(built: tiny\)"):
        await native(monkeypatch, "huge")


async def test_a_failure_is_an_answer_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = await native(monkeypatch)

    async def infer(*arguments: Any, **more: Any) -> Any:
        raise RuntimeFailure("no")

    monkeypatch.setattr(asked.engine, "infer", infer)
    assert await asked.ask(question(), "agents") == Answered("", error="runtime_failure")


def test_a_plain_answer_is_greedy_and_nothing_mends_it() -> None:
    plain = options_for("lite", question(language="fr"), "plain")
    assert (plain["system"], plain["cut_loops"], plain["force_agent"]) == (PLAIN_SYSTEM.fr, False, "plain")
    assert PLAIN_AGENT.temperature == 0
    agents = options_for("lite", question(), "agents")
    assert set(agents) == {"model", "seed"}
    assert options_for("lite", question(), "plain")["seed"] == agents["seed"]
    assert options_for("lite", question(id="other"), "agents")["seed"] != agents["seed"]


CHILD = """
import json, sys
for line in sys.stdin:
    fields = json.loads(line)
    if fields["query"] == "end": break
    if fields["query"] == "fail": reply = {"error": "no"}
    else: reply = {"content": fields["query"] + "!", "agent": "code", "usage": {"completion": 4},
                   "finish_reason": "stop", "loops": 1, "timings": {"total": 5.0}}
    print(json.dumps(reply), flush=True)
"""


async def test_the_browser_answers_line_by_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import asyncio

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    asked = BrowserAsked(process, "lite")
    assert await asked.ask(question(text="hi"), "agents") == Answered("hi!", "code", 4, "stop", 1, 5.0)
    assert (await asked.ask(question(text="fail"), "plain")).error == "no"
    with pytest.raises(EvaluationFailed, match="ended before it answered"):
        await asked.ask(question(text="end"), "agents")
    await asked.close()


async def test_the_browser_is_driven_from_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = await BrowserAsked.start(tmp_path, "lite", 1)
    await started.close()
    monkeypatch.setattr(asking, "ROOT", tmp_path)
    with pytest.raises(EvaluationFailed, match="from a checkout"):
        await BrowserAsked.start(tmp_path, "lite", 1)


async def test_what_was_answered_is_not_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked, kept = await native(monkeypatch), KeptAnswers(tmp_path / "deep" / "answers.jsonl")
    kept.keep("tiny", "agents", "native", "q", Answered("206"))
    kept.keep("tiny", "agents", "native", "failed", Answered("", error="no"))
    known = kept.of("tiny", "agents", "native")
    assert known == {"q": Answered("206")}
    assert kept.of("tiny", "plain", "native") == {}
    both = [question(), question(id="other", text="hello")]
    found = [(one.id, answer.text, new) async for one, answer, new in answers(asked, both, "agents", known)]
    assert found == [("q", "206", False), ("other", "two", True)]


def test_lines_that_are_none_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"a": 1}\n[2]\n{"cut o')
    assert list(Lines(path).rows()) == [{"a": 1}]
    assert list(Lines(None).rows()) == []
    Lines(None).add({"a": 1})
    path.write_text(json.dumps({"model": "m", "way": "agents", "computed": "native", "id": "q", "answer": {"odd": 1}}))
    assert KeptAnswers(path).of("m", "agents", "native") == {}
