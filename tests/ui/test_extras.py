"""What comes when it is first wanted: the code of an agent that answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ui.chats.conversation import Conversation, Turn
from ui.engine.view_state import ViewState
from ui.extras import Extras

ASKED = {
    "type": "agent.code",
    "id": "a.1",
    "agent": "echo",
    "code": "def respond(request, llm): ...",
    "prompt": "You echo.",
    "max_tokens": 64,
    "temperature": 0.7,
}


class Promise:
    def __init__(self, refused: bool) -> None:
        self._refused = refused

    def then(self, done: Any, failed: Any = None) -> None:
        (failed if self._refused else done)(None)


class Runner:
    def __init__(self) -> None:
        self.posted: list[str] = []

    def post(self, text: str) -> None:
        self.posted.append(text)

    def end(self) -> None: ...


class Page:
    def __init__(self, refused: bool = False) -> None:
        answer = Turn("a", "assistant", "", "streaming")
        answer.request = "a.1"
        self.state = ViewState(Conversation("c", [Turn("q", "user", "Eggs?"), answer]))
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.client = SimpleNamespace(ask=lambda kind, fields: self.sent.append((kind, fields)))
        self.brought: list[str] = []
        self.bridge = SimpleNamespace(bring=lambda name: (self.brought.append(name), Promise(refused))[1])
        self.words = SimpleNamespace(lang="fr")
        self.extras = Extras(self)
        self.runs: list[tuple[str, str, list[Any]]] = []
        self.stopped = 0
        self.replies: list[tuple[int, dict[str, Any]]] = []
        self.extras._sandbox = self._sandbox  # type: ignore[method-assign]

    def _sandbox(self) -> Any:
        def run(code: str, on_event: Any, data: str = "", **limits: Any) -> None:
            self.runs.append((code, data, []))
            self.tell = on_event

        def stop() -> None:
            self.stopped += 1

        def reply(key: int, body: dict[str, Any]) -> None:
            self.replies.append((key, body))

        return SimpleNamespace(run=run, stop=stop, reply=reply)


def test_an_agents_code_is_brought_and_run_with_the_question_when_the_engine_says_so() -> None:
    page = Page()
    page.extras.receive(ASKED)
    assert page.brought == ["run", "coded"]
    ((code, data, _),) = page.runs
    assert (code, '"Eggs?"' in data, '"fr"' in data) == (ASKED["code"], True, True)
    page.tell({"type": "end", "why": "done", "value": "Five minutes."})
    assert page.sent == [("agent.output", {"request": "a.1", "text": "Five minutes.", "end": "done"})]


def test_where_what_runs_it_cannot_be_had_the_prompt_answers() -> None:
    page = Page(refused=True)
    page.extras.receive(ASKED)
    assert page.runs == []
    assert page.sent == [("agent.output", {"request": "a.1", "end": "failed"})]


@pytest.mark.parametrize("end", ["result", "error", "cancelled"])
def test_the_code_stops_with_its_answer(end: str) -> None:
    page = Page()
    page.extras.receive(ASKED)
    page.extras.receive({"type": end, "id": "a.1"})
    assert page.stopped == 1


def test_code_of_an_answer_that_is_shown_no_more_is_not_run() -> None:
    page = Page()
    page.extras.receive({**ASKED, "id": "another"})
    assert page.runs == []


PROGRAM = {"type": "skill.code", "id": "a.1", "run": 2, "code": "print(5)", "seconds": 3.0}


def test_what_a_skill_wants_run_is_run_and_told() -> None:
    page = Page()
    page.extras.receive(PROGRAM)
    assert page.brought == ["run", "programs"]
    ((code, _, _),) = page.runs
    assert code == "print(5)"
    page.tell({"type": "out", "stream": "stdout", "text": "5\n"})
    page.tell({"type": "out", "stream": "stderr", "text": "noise"})
    page.tell({"type": "end", "why": "done"})
    told = {"request": "a.1", "run": 2, "end": "done", "output": "5\n", "error": ""}
    assert page.sent == [("skill.ran", told)]


@pytest.mark.parametrize(
    ("ended", "end", "error"),
    [
        ({"why": "done", "error": "Traceback\n  line 1\nNameError: x\n"}, "failed", "NameError: x"),
        ({"why": "time"}, "time", ""),
        ({"why": "output"}, "failed", "it printed too much"),
        ({"why": "crash"}, "failed", "the sandbox failed"),
        ({"why": "anything"}, "failed", "the sandbox failed"),
    ],
)
def test_a_program_that_fails_says_how(ended: dict[str, Any], end: str, error: str) -> None:
    page = Page()
    page.extras.receive(PROGRAM)
    page.tell({"type": "end", **ended})
    ((_, told),) = page.sent
    assert (told["end"], told["error"]) == (end, error)


def test_where_the_sandbox_cannot_be_had_the_skill_goes_on_without() -> None:
    page = Page(refused=True)
    page.extras.receive(PROGRAM)
    assert page.runs == []
    ((kind, told),) = page.sent
    assert (kind, told["end"], told["run"]) == ("skill.ran", "failed", 2)
    assert told["error"] == "the sandbox could not be loaded"


@pytest.mark.parametrize("end", ["result", "error", "cancelled"])
def test_a_program_stops_with_its_answer_and_tells_nobody(end: str) -> None:
    page = Page()
    page.extras.receive(PROGRAM)
    page.extras.receive({"type": end, "id": "a.1"})
    assert page.stopped == 1
    page.tell({"type": "end", "why": "stopped"})
    assert page.sent == []


def test_a_program_of_an_answer_that_is_shown_no_more_is_not_run() -> None:
    page = Page()
    page.extras.receive({**PROGRAM, "id": "another"})
    assert page.runs == []


def test_nothing_answers_what_a_program_asks() -> None:
    page = Page()
    page.extras.receive(PROGRAM)
    page.tell({"type": "ask", "key": 1, "body": '{"input": "Name?"}'})
    assert page.replies == [(1, {"end": True})]
