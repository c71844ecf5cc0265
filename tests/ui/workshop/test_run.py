"""A custom agent's code and the model: what it asks is limited, what it answers looks like any answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from orion_py.protocol import CodeOutput, Infer
from tests.ui.wire import Wire
from ui.workshop.answers import CodedAnswers
from ui.workshop.run import CALL_TOKENS, CALLS, ID, TOKENS, AgentRun

ECHO = {
    "id": "echo",
    "name": "Echo",
    "prompt": "You echo.",
    "code": "def respond…",
    "max_tokens": 512,
    "temperature": 0.7,
}


class Sandbox:
    def __init__(self) -> None:
        self.data = ""
        self.replies: list[tuple[int, dict[str, Any]]] = []
        self.tell: Callable[[dict[str, Any]], object] = lambda _: None

    def run(self, code: str, on_event: Callable[[dict[str, Any]], object], data: str, **limits: Any) -> None:
        self.data, self.limits, self.tell = data, limits, on_event

    def reply(self, key: int, body: dict[str, Any]) -> None:
        self.replies.append((key, body))

    def stop(self) -> None:
        self.tell({"type": "end", "why": "stopped"})

    def asks(self, key: int, **body: Any) -> None:
        self.tell({"type": "ask", "key": key, "body": json.dumps(body)})


class Bench:
    def __init__(self) -> None:
        self.sandbox, self.wire = Sandbox(), Wire()
        self.pieces: list[str] = []
        self.ends: list[tuple[str, str, str]] = []
        self.run = AgentRun(
            self.sandbox,
            self.wire.ask,
            ECHO,
            lambda text, _stream: self.pieces.append(text),
            lambda why, text, error: self.ends.append((why, text, error)),
        )
        self.run.start("Eggs?", [{"role": "user", "content": "Hi"}], "fr")

    def engine(self, kind: str, request: str = "", **fields: Any) -> None:
        self.wire.says(kind, request, **fields)

    @property
    def sent(self) -> list[Any]:
        return self.wire.sent


def test_the_code_gets_the_question_and_its_limits() -> None:
    bench = Bench()
    assert json.loads(bench.sandbox.data)["locale"] == "fr"
    assert bench.sandbox.limits == {"seconds": 10, "total": 180}


def test_a_call_is_a_request_like_any_other_and_answers_once() -> None:
    bench = Bench()
    bench.sandbox.asks(1, prompt="Say hi", max_tokens=9)
    kind, fields, request = bench.sent[-1]
    asked = Infer(id=request, type=kind, **fields)
    assert request.startswith(ID)
    assert (asked.query, asked.options.system, asked.options.max_tokens) == ("Say hi", "You echo.", 9)
    bench.engine("token", text="h")
    assert bench.sandbox.replies == []
    bench.engine("result", payload={"content": "hi"})
    assert [(key, body["text"], body["done"]) for key, body in bench.sandbox.replies] == [(1, "hi", True)]


def test_a_stream_is_passed_on_as_it_comes() -> None:
    bench = Bench()
    bench.sandbox.asks(1, prompt="Count", stream=True)
    bench.engine("token", text="one ")
    stream = bench.sandbox.replies[0][1]["stream"]
    bench.engine("token", text="two ")
    bench.engine("token", text="three")
    bench.sandbox.asks(2, next=stream)
    bench.sandbox.asks(3, next=stream)
    bench.engine("result", payload={"content": "one two three"})
    assert [body["text"] for _, body in bench.sandbox.replies] == ["one ", "two three", ""]
    assert [body["done"] for _, body in bench.sandbox.replies] == [False, False, True]


def test_calls_and_tokens_have_an_end() -> None:
    bench = Bench()
    for key in range(CALLS + 2):
        bench.sandbox.asks(key, prompt="x", max_tokens=100_000)
    granted = [fields["options"]["max_tokens"] for kind, fields, _ in bench.sent if kind == "infer"]
    assert sum(granted) == TOKENS
    assert max(granted) == CALL_TOKENS
    bench = Bench()
    for key in range(CALLS + 1):
        bench.sandbox.asks(key, prompt="x", max_tokens=1)
    assert len(bench.sent) == CALLS
    assert "limit" in bench.sandbox.replies[-1][1]["error"]


@pytest.mark.parametrize("body", ["{", "[]", '"x"', '{"next": 3}', '{"next": "own-1-1"}'])
def test_nonsense_is_refused(body: str) -> None:
    bench = Bench()
    bench.sandbox.tell({"type": "ask", "key": 7, "body": body})
    assert bench.sandbox.replies[0][0] == 7
    assert bench.sandbox.replies[0][1]["error"]
    assert bench.sent == []


def test_the_engine_gets_what_was_written_emoji_and_long_texts_too() -> None:
    prompt = "😀 " + "я" * 11_000
    bench = Bench()
    for body in (json.dumps({"prompt": prompt}), json.dumps({"prompt": prompt}, ensure_ascii=False)):
        bench.sandbox.tell({"type": "ask", "key": 1, "body": body})
    assert [fields["query"] for _, fields, _ in bench.sent] == [prompt, prompt]


def test_a_system_prompt_past_the_engines_limit_is_refused_and_not_cut() -> None:
    bench = Bench()
    bench.sandbox.asks(1, prompt="x", system="s" * 4000)
    assert bench.sent[0][1]["options"]["system"] == "s" * 4000
    bench.sandbox.asks(2, prompt="x", system="s" * 4001)
    assert len(bench.sent) == 1
    assert "4000" in bench.sandbox.replies[-1][1]["error"]


def test_what_the_engine_refuses_the_code_is_told() -> None:
    bench = Bench()
    bench.sandbox.asks(1, prompt="x")
    bench.engine("error", error={"code": "blocked_by_guard", "message": "Not that."})
    assert bench.sandbox.replies == [(1, {"error": "Not that."})]


def test_a_run_that_ends_cancels_what_it_waited_for() -> None:
    bench = Bench()
    bench.sandbox.asks(1, prompt="x")
    request = bench.sent[-1][2]
    bench.sandbox.tell({"type": "out", "stream": "stdout", "text": "so far"})
    bench.sandbox.tell({"type": "end", "why": "time"})
    assert bench.sent[-1][:2] == ("cancel", {"request": request})
    assert bench.ends == [("time", "so far", "")]


# in the conversation


class Answers:
    """The engine has said that the code is to be run."""

    def __init__(self, **asked: Any) -> None:
        self.sandbox, self.wire = Sandbox(), Wire()
        self.coded = CodedAnswers(self.sandbox, self.wire.ask)
        fields = {name: ECHO[name] for name in ("code", "prompt", "max_tokens", "temperature")}
        asked = {"type": "agent.code", "id": "r1", "agent": "echo", **fields, **asked}
        self.coded.begin(asked, "Eggs?", [], "fr")

    @property
    def sent(self) -> list[Any]:
        return self.wire.sent

    @property
    def outputs(self) -> list[CodeOutput]:
        told = [fields for kind, fields, _ in self.sent if kind == "agent.output"]
        return [CodeOutput(id=str(number), **fields) for number, fields in enumerate(told)]


def test_what_the_code_prints_and_returns_goes_to_the_engine_in_order() -> None:
    answers = Answers()
    answers.sandbox.tell({"type": "out", "stream": "stdout", "text": "Eggs"})
    answers.sandbox.tell({"type": "out", "stream": "stderr", "text": "warning"})
    answers.sandbox.tell({"type": "end", "why": "done", "value": "!"})
    assert [(o.request, o.text, o.end) for o in answers.outputs] == [("r1", "Eggs", None), ("r1", "!", "done")]
    assert json.loads(answers.sandbox.data) == {"query": "Eggs?", "history": [], "locale": "fr"}


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ({"why": "time"}, "time"),
        ({"why": "output"}, "failed"),
        ({"why": "done", "error": "KeyError"}, "failed"),
        ({"why": "crash"}, "failed"),
        ({"why": "done", "value": " "}, "done"),
    ],
)
def test_how_the_code_ended_the_engine_is_told(end: dict[str, str], told: str) -> None:
    answers = Answers()
    answers.sandbox.tell({"type": "end", **end})
    assert [o.end for o in answers.outputs] == [told]


def test_the_model_is_asked_as_the_engine_said() -> None:
    answers = Answers(temperature=0)
    answers.sandbox.asks(1, prompt="x")
    kind, fields, request = answers.sent[-1]
    assert (kind, fields["options"]["temperature"], fields["locale"]) == ("infer", 0, "fr")
    answers.wire.says("result", request, payload={"content": "Hi."})
    assert answers.sandbox.replies == [(1, {"text": "Hi.", "done": True, "stream": request})]


@pytest.mark.parametrize("kind", ["result", "error", "cancelled"])
def test_an_answer_that_has_ended_stops_its_code(kind: str) -> None:
    answers = Answers()
    answers.coded.receive({"type": kind, "id": "r1"})
    answers.sandbox.tell({"type": "out", "stream": "stdout", "text": "late"})
    assert answers.sent == []


def test_a_stopped_answer_says_nothing_more() -> None:
    answers = Answers()
    answers.coded.stop()
    answers.sandbox.tell({"type": "out", "stream": "stdout", "text": "late"})
    assert answers.sent == []


def test_code_that_reads_along_gets_all_that_was_said_since_it_cannot_be_taken_back() -> None:
    bench = Bench()
    bench.sandbox.asks(1, prompt="hello", stream=True)
    bench.sandbox.asks(2, prompt="hello")
    assert [fields["options"].get("cut_loops", True) for _, fields, _ in bench.sent] == [False, True]
