"""A question's way through the page: it waits, is sent, is stopped, and goes back into the box if it was at fault."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from orion_py.errors import OrionError, OutOfMemory, QueryTooLong, WorkerDied
from tests.ui.speech import speak
from ui.asking.asking import Asking, streaming
from ui.base.store import DEFAULTS
from ui.chats.conversation import Conversation, Turn
from ui.engine.view_state import ViewState

PICTURE = {"id": "a" * 64, "kind": "image", "name": "cat.jpg", "size": 3}


class Page:
    """The App as far as ``Asking`` uses it; ``log`` has what it did, in order."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        self.log: list[tuple[Any, ...]] = []
        self.pressed = False
        self.state, self.words, self.preferences = ViewState(Conversation("chat")), speak("en"), dict(DEFAULTS)
        self.may_preload, self.clock = True, lambda: 0.0
        self.client = SimpleNamespace(phase="ready", ask=self._ask, cancel=self._does("cancel"))
        self.bridge = SimpleNamespace(
            newId=lambda: f"id{next(numbers)}",
            wellFormed=lambda text: text,
            timestamp=lambda: "now",
            answerOf=lambda text: text,
            has=lambda name: True,
            wasPressed=lambda: self.pressed,
        )
        self.keeping = SimpleNamespace(loaded=True, attempt=lambda answer: None)
        for name in ("wait", "asked", "save", "put_back", "edit"):
            setattr(self.keeping, name, self._does(name))
        composer = SimpleNamespace(text="", box=SimpleNamespace(textLength=0), files=[])
        self.missing: list[str] = []
        self.attachments = SimpleNamespace(gathered=lambda files: not self.missing, choose=self._does("choose"))
        self.views = SimpleNamespace(
            composer=composer, picker=SimpleNamespace(options={}), log=SimpleNamespace(follow=lambda: None)
        )
        self.extras = SimpleNamespace(stop=lambda: None)
        self.aloud = SimpleNamespace(asked=self._does("read"), stop=self._does("silence"))
        self.redraw = lambda: None
        self.announce, self.received = self._does("announce"), self._does("received")
        self.asking = Asking(self)

    def _ask(self, kind: str, fields: Any, message_id: str, attached: list[str]) -> None:
        self.log.append(("send", kind, fields, message_id))
        self.log.append(("brought", attached))

    def _does(self, name: str) -> Any:
        return lambda *values: self.log.append((name, *values))

    def did(self, name: str) -> list[tuple[Any, ...]]:
        return [values for what, *values in self.log if what == name]  # type: ignore[misc]

    @property
    def answer(self) -> Turn:
        answer: Turn = self.state.conversation.turns[-1]
        return answer

    def fails(self, error: type[OrionError]) -> None:
        told = {"code": error.code, "family": error.family, "message": "", "hint": ""}
        self.answer.state, self.answer.error = "error", told
        self.asking.ended(self.answer)


def test_a_question_is_sent_once_and_only_when_the_engine_is_ready() -> None:
    page = Page()
    page.client.phase = "booting"
    page.asking.ask("Why?")
    assert page.did("send") == []
    page.client.phase = "ready"
    page.asking.pump()
    page.asking.pump()
    ((kind, fields, request),) = page.did("send")
    assert (kind, fields["query"], fields["options"], request) == ("infer", "Why?", {}, page.answer.request)
    assert fields["locale"] == "en"


def test_a_question_names_its_files_and_brings_them() -> None:
    page = Page()
    page.asking.ask("What is this?", [PICTURE])
    ((_, fields, _),) = page.did("send")
    assert fields["options"] == {"images": [PICTURE["id"]]}
    assert page.did("brought") == [[[PICTURE["id"]]]]
    page.answer.state = "error"
    page.asking.again(page.answer)
    assert page.did("brought")[1:] == [[[PICTURE["id"]]]], "asked again it brings them again"


def test_a_question_waits_until_its_files_are_in_memory() -> None:
    page = Page()
    page.missing = [PICTURE["id"]]
    page.asking.ask("What is this?", [PICTURE])
    assert page.did("send") == []
    page.missing = []
    page.asking.pump()
    assert len(page.did("send")) == 1


def test_while_an_answer_is_under_way_another_question_waits_in_the_box() -> None:
    page = Page()
    page.asking.ask("One?")
    page.asking.ask("Two?")
    assert [turn.text for turn in page.state.conversation.turns] == ["One?", ""]


def test_before_the_conversation_is_read_a_question_is_kept() -> None:
    page = Page()
    page.keeping.loaded = False
    page.asking.ask("Why?")
    assert page.did("wait") == [["Why?", ()]]
    assert page.state.conversation.turns == []


def test_a_question_says_whether_this_page_can_run_an_agents_code() -> None:
    for able in (True, False):
        page = Page()
        page.bridge.has = lambda name, able=able: able and name == "coded"
        page.asking.ask("Why?")
        ((_, fields, _),) = page.did("send")
        assert fields["runs_code"] is able


@pytest.mark.parametrize(("error", "back"), [(QueryTooLong, [["Why?", [PICTURE]]]), (OutOfMemory, [])])
def test_a_question_at_fault_goes_back_into_the_box(error: type[OrionError], back: list[list[str]]) -> None:
    page = Page()
    page.asking.ask("Why?", [PICTURE])
    page.fails(error)
    assert page.did("put_back") == back


def test_what_was_typed_meanwhile_is_not_overwritten() -> None:
    page = Page()
    page.asking.ask("Why?")
    page.views.composer.text = "Something else"
    page.fails(QueryTooLong)
    assert page.did("put_back") == []


def test_an_engine_that_died_is_asked_once_more() -> None:
    page = Page()
    page.asking.ask("Why?")
    page.client.phase = "restarting"
    page.fails(WorkerDied)
    assert (page.answer.state, [note["kind"] for note in page.answer.notes]) == ("queued", ["restarted"])
    page.client.phase = "ready"
    page.asking.pump()
    page.client.phase = "restarting"
    page.fails(WorkerDied)
    assert page.answer.state == "error"


def test_stop_ends_the_answer_at_once_and_tells_the_engine_which() -> None:
    page = Page()
    page.asking.ask("Why?")
    request = page.answer.request
    page.answer.state = "streaming"
    page.asking.stop()
    assert page.answer.state == "cancelled"
    assert page.did("cancel") == [[request]]
    page.asking.stop()
    assert len(page.did("cancel")) == 1


def test_a_failed_engine_ends_the_question_with_an_error() -> None:
    page = Page()
    page.client.phase = "failed"
    page.asking.ask("Why?")
    ((message,),) = page.did("received")
    assert (message["id"], message["error"]["code"]) == (page.answer.request, "engine_closed")


def test_the_model_that_was_not_taught_the_language_is_told_of_once_a_visit() -> None:
    page = Page()
    page.state.model_languages["lite"] = ["fr"]
    for _ in range(2):
        page.asking.ask("Why?")
        page.answer.model, page.answer.state = "lite", "success"
        page.asking.ended(page.answer)
    notes = [[note["kind"] for note in turn.notes] for turn in page.state.conversation.turns if turn.role != "user"]
    assert notes == [["model_language"], []]


def test_nothing_is_read_ahead_where_nothing_may_be_loaded() -> None:
    page = Page()
    page.views.composer.text, page.views.composer.box.textLength = "Wh", 2
    told = page.asking.anticipated()
    assert told is not None
    assert told["draft"] == "Wh"
    page.may_preload = False
    assert page.asking.anticipated() is None


def test_what_an_older_page_kept_is_left_out() -> None:
    assert streaming({"stream": "sentence", "typing": "60"}) == {"granularity": "sentence", "delay_ms": 60}
    assert streaming({"stream": "letter", "typing": "7"}) == {}


def test_a_question_and_its_stop_end_what_is_read_aloud() -> None:
    page = Page()
    page.asking.ask("Why?")
    assert page.did("read") == [[page.answer]], "which may be this answer, as it comes"
    page.asking.stop()
    assert len(page.did("silence")) == 1


def test_an_answer_that_is_read_aloud_is_not_announced_as_well() -> None:
    for read, announced in ((True, 0), (False, 1)):
        page = Page()
        page.asking.ask("Why?")
        page.answer.state = "success"
        page.state.read(page.answer.id if read else None, "speaking")
        page.asking.ended(page.answer)
        assert len(page.did("announce")) == announced


EYES = {"id": "vision", "available": True, "capabilities": ["vision"]}


def seeing(question: str, agent: str = "vision", files: Any = (), confidence: float | None = None) -> tuple[Page, Turn]:
    """A page whose question was answered by ``agent``."""
    page = Page()
    page.state.agents = [EYES, {"id": "conversation", "available": True, "capabilities": ["chat"]}]
    page.pressed = True
    page.asking.ask(question, files)
    answer = page.state.conversation.turns[-1]
    answer.state, answer.agent = "success", agent
    answer.meta = {"confidence": confidence, "runner_up": "conversation"}
    return page, answer


def test_an_answer_that_asks_for_a_picture_opens_the_dialog_with_the_question_in_the_box() -> None:
    page, answer = seeing("What does the sign say?")
    page.asking.ended(answer)
    assert page.did("edit") == [["What does the sign say?", []]]
    assert page.did("choose") == [[]]


def test_no_dialog_opens_long_after_a_press_over_the_next_question_or_where_it_isnt_meant() -> None:
    late, answer = seeing("What does the sign say?")
    late.pressed = False
    busy, busy_answer = seeing("What does the sign say?")
    busy.views.composer.text = "Another"
    pairs = [
        (late, answer),
        (busy, busy_answer),
        seeing("What does it say?", files=[PICTURE]),
        seeing("Hello", agent="conversation"),
        seeing("What does a picture cost?", confidence=0.3),
    ]
    for page, turn in pairs:
        page.asking.ended(turn)
        assert page.did("choose") == page.did("edit") == []
