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
        self.extras._sandbox = self._sandbox  # type: ignore[method-assign]

    def _sandbox(self) -> Any:
        def run(code: str, on_event: Any, data: str, **limits: Any) -> None:
            self.runs.append((code, data, []))
            self.tell = on_event

        def stop() -> None:
            self.stopped += 1

        return SimpleNamespace(run=run, stop=stop)


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
