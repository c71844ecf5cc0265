"""The workshop without a browser: what is written is told to the engine, kept, tried, deleted, brought back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from orion_py.protocol import AgentDefinition, Infer
from tests.ui.fake_dom import Document, Element
from tests.ui.speech import speak
from tests.ui.wire import Wire
from ui.base.dom import Dom
from ui.base.store import MemoryBacking
from ui.chats.conversation import Conversation
from ui.engine.view_state import ViewState
from ui.workshop.code_box import PATIENCE_MS
from ui.workshop.model import DRAFTS
from ui.workshop.workshop import Workshop, example_words

CODE = "async def respond(request, llm):\n    return 'hi'\n"


class Timers:
    def __init__(self) -> None:
        self.waiting: dict[int, tuple[int, Callable[[], object]]] = {}

    def later(self, ms: int, call: Callable[[], object]) -> int:
        self.waiting[len(self.waiting)] = (ms, call)
        return len(self.waiting) - 1

    def cancel(self, handle: int) -> None:
        self.waiting.pop(handle, None)


class Editor:
    """PyScript's editor and the promise of it."""

    def __init__(self, *, comes: bool = True) -> None:
        self.comes, self.posted, self.ended = comes, [], 0
        self.say: Callable[..., None] = lambda **_: None

    def open(self, place: Element, label: str, dark: bool, on_text: Callable[[str], object]) -> Editor:
        self.say = lambda **message: on_text(json.dumps(message))
        return self

    def then(self, came: Callable[[Editor], object], failed: Callable[[], object]) -> None:
        if self.comes:
            came(self)
        else:
            failed()

    def post(self, text: str) -> None:
        self.posted.append(json.loads(text))

    def end(self) -> None:
        self.ended += 1


class Sandbox:
    def __init__(self) -> None:
        self.ran: list[dict[str, Any]] = []
        self.tell: Callable[[dict[str, Any]], object] = lambda _: None

    def run(self, code: str, on_event: Callable[[dict[str, Any]], object], **limits: Any) -> None:
        self.ran.append({"code": code, **limits})
        self.tell = on_event

    def stop(self) -> None:
        self.tell({"type": "end", "why": "stopped"})


class Platform:
    def __init__(self, editor: Editor, backing: MemoryBacking) -> None:
        ids = ("workshop", "workshop-title", "workshop-back", "workshop-list", "workshop-form")
        self.document = Document(*ids)
        self.dom, self.timers, self.backing = Dom(self.document), Timers(), backing
        self.bridge = self
        self.openEditor = editor.open
        self.window = self
        self.wellFormed = lambda text: text

    def matchMedia(self, _query: str) -> Any:
        return type("Query", (), {"matches": True})


class Bench:
    """The workshop, a person at it, and what the engine was told."""

    def __init__(self, *, lang: str = "en", comes: bool = True, backing: MemoryBacking | None = None) -> None:
        self.backing = backing or MemoryBacking()
        self.editor, self.sandbox, self.wire = Editor(comes=comes), Sandbox(), Wire()
        self.platform = Platform(self.editor, self.backing)
        state = ViewState(Conversation("c"))
        state.agents = [{"id": "code"}, {"id": "conversation"}]
        self.workshop = Workshop(self.platform, speak(lang), state, self.wire.ask, lambda message: None, self.sandbox)
        self.made: list[dict[str, Any]] = []

    @property
    def sent(self) -> list[Any]:
        return self.wire.sent

    def by_id(self, name: str) -> Element:
        return self.platform.document.getElementById(name)

    @property
    def form(self) -> Element:
        return self.by_id("workshop-form")

    @property
    def list(self) -> Element:
        return self.by_id("workshop-list")

    @property
    def rows(self) -> list[str]:
        return [row.textContent for row in self.list.all("li")]

    def types(self, **fields: str) -> None:
        for name, text in fields.items():
            box = self.by_id(f"workshop-{name}")
            box.value = text
            if name == "code":
                box.fire("input")
            else:
                self.form.fire("input", box)

    def presses(self, action: str, agent: str | None = None) -> None:
        place = self.list if self.form.hidden else self.form
        buttons = [node for node in place.all("[data-action]") if node.dataset.action == action and not node.hidden]
        if agent is not None:
            buttons = [b for b in buttons if (b.closest("li") or b).dataset.agent == agent]
        place.fire("click", buttons[0])

    def hears(self, kind: str, **fields: Any) -> None:
        """The engine's word about the last request."""
        self.wire.says(kind, **fields)

    def engine_agrees(self) -> None:
        kind, fields, _ = self.sent[-1]
        gone = fields.get("agent") or fields["definition"]["id"]
        self.made = [row for row in self.made if row["id"] != gone]
        if kind == "agent.register":
            self.made.append(AgentDefinition.model_validate(fields["definition"]).model_dump(mode="json"))
        self.workshop.know(self.made)  # what changed is told before the end
        self.hears("result", payload={})

    def makes(self, name: str = "Chef", **fields: str) -> None:
        self.workshop.new()
        self.types(name=name, prompt="You cook.", **fields)
        self.presses("save")
        self.engine_agrees()


def test_an_agent_is_written_saved_and_listed() -> None:
    bench = Bench()
    bench.workshop.open()
    assert bench.rows == ["None yet."]
    bench.makes(examples="Eggs?\nRice?")
    kind, fields, _ = bench.sent[-1]
    assert kind == "agent.register"
    assert fields["definition"]["id"] == "chef"
    assert fields["definition"]["examples"] == ["Eggs?", "Rice?"]
    assert bench.rows == ["Chef2 examples"]
    assert "questions like its examples go to it" in bench.list.textContent
    assert bench.backing.get(DRAFTS) is None


def test_an_id_of_an_agent_of_the_engine_is_not_taken() -> None:
    bench = Bench()
    bench.makes("Code")
    assert bench.sent[-1][1]["definition"]["id"] == "code-2"


def test_what_is_wrong_is_shown_and_nothing_is_sent() -> None:
    bench = Bench(lang="fr")
    bench.workshop.new()
    bench.types(prompt="x")
    bench.presses("save")
    assert bench.sent == []
    assert bench.by_id("wrong-name").textContent == "Donnez-lui un nom."
    assert not bench.by_id("wrong-name").hidden
    assert bench.by_id("workshop-name").attributes["aria-invalid"] == "true"
    assert bench.platform.document.focused is bench.by_id("workshop-name")


def test_when_the_engine_refuses_the_text_stays_and_its_words_are_shown() -> None:
    bench = Bench()
    bench.workshop.new()
    bench.types(name="Chef", prompt="You cook.")
    bench.presses("save")
    bench.hears("error", error={"code": "engine_closed", "message": "closed"})
    assert not bench.form.hidden
    assert json.loads(bench.backing.get(DRAFTS) or "")[""]["name"] == "Chef"
    bench.presses("save")
    bench.engine_agrees()
    assert bench.rows == ["Chefanswers when chosen"]


def test_what_was_not_saved_is_there_on_the_next_page() -> None:
    bench = Bench()
    bench.workshop.new()
    bench.types(name="Gardener", prompt="Plants.")
    again = Bench(backing=bench.backing)
    again.workshop.open()
    assert again.rows == ["Gardenernot saved yet"]
    again.presses("edit", "")
    assert again.by_id("workshop-prompt").value == "Plants."
    assert "as you left it" in again.form.textContent
    again.presses("discard")
    assert again.rows == ["None yet."]
    again.presses("undo")
    assert again.rows == ["Gardenernot saved yet"]


def test_changes_that_are_taken_back_leave_no_draft() -> None:
    bench = Bench()
    bench.makes()
    bench.presses("edit", "chef")
    bench.types(name="Cook")
    assert bench.backing.get(DRAFTS)
    bench.types(name="Chef")
    assert bench.backing.get(DRAFTS) is None


def test_a_deleted_agent_comes_back_with_its_unsaved_changes() -> None:
    bench = Bench()
    bench.makes(examples="Eggs?")
    bench.presses("edit", "chef")
    bench.types(prompt="You fry.")
    bench.workshop._show_list()
    bench.presses("delete", "chef")
    assert bench.sent[-1][:2] == ("agent.unregister", {"agent": "chef"})
    bench.engine_agrees()
    assert bench.rows == ["None yet."]
    bench.presses("undo")
    bench.engine_agrees()
    assert bench.rows == ["Chef1 example · changes not saved"]


def test_the_focus_stays_when_the_engine_says_again_what_there_is() -> None:
    bench = Bench()
    bench.makes()
    rows = bench.list.all("li")
    assert bench.platform.document.focused is rows[0].all("button")[0]
    bench.workshop.know(list(bench.made))
    assert bench.list.all("li") == rows
    bench.workshop.know([])
    assert bench.rows == ["None yet."]


def test_a_prompt_alone_is_tried_by_the_model() -> None:
    bench = Bench()
    bench.workshop.new()
    bench.types(prompt="You cook.", question="Eggs?")
    bench.presses("try")
    kind, fields, request = bench.sent[-1]
    asked = Infer(id=request, type=kind, **fields)
    assert (asked.query, asked.options.system, asked.options.force_agent) == ("Eggs?", "You cook.", "conversation")
    assert request.startswith("own-"), "so that the conversation leaves it alone"
    bench.hears("token", text="Boil ")
    bench.hears("token", text="them.")
    bench.hears("result", payload={"content": "Boil them."})
    assert [node.textContent for node in bench.form.all("pre")] == ["Boil them."]
    assert bench.form.all(".trial-output")[0].attributes["data-run"] == "done"


def test_a_try_that_goes_round_in_circles_shows_what_is_left_of_it() -> None:
    bench = Bench()
    bench.workshop.new()
    bench.types(prompt="You cook.", question="Eggs?")
    bench.presses("try")
    bench.hears("token", text="Boil. Boil. Boil. ")
    bench.hears("revision", content="Boil. ", reason="loop", again=True)
    bench.hears("token", text="Eat.")
    bench.hears("result", payload={"content": "Boil. Eat."})
    assert [node.textContent for node in bench.form.all("pre")] == ["Boil. Eat."]


def test_a_try_can_be_stopped() -> None:
    bench = Bench()
    bench.workshop.new()
    bench.types(prompt="You cook.", question="Eggs?")
    bench.presses("try")
    request = bench.sent[-1][2]
    bench.presses("stop")
    assert bench.sent[-1][:2] == ("cancel", {"request": request})
    assert bench.form.all(".trial-output")[0].attributes["data-run"] == "stopped"
    bench.wire.says("token", request, text="late")
    assert bench.form.all("pre")[0].textContent == ""


def test_code_is_tried_in_the_sandbox_and_its_errors_are_shown() -> None:
    bench = Bench(comes=False)
    bench.workshop.new()
    bench.types(prompt="You cook.", question="Eggs?", code=CODE)
    bench.presses("try")
    assert bench.sandbox.ran[0]["code"] == CODE
    bench.sandbox.tell({"type": "out", "stream": "stdout", "text": "so "})
    bench.sandbox.tell({"type": "end", "why": "done", "value": "", "error": "ZeroDivisionError: no"})
    assert bench.form.all("pre")[0].textContent == "so ZeroDivisionError: no\n"
    assert bench.form.all(".trial-output")[0].attributes["data-run"] == "error"


@pytest.mark.parametrize(("why", "said"), [("time", "10 seconds"), ("output", "printed too much"), ("crash", "Python")])
def test_how_code_was_stopped_is_said(why: str, said: str) -> None:
    bench = Bench(comes=False)
    bench.workshop.new()
    bench.types(prompt="You cook.", question="Eggs?", code=CODE)
    bench.presses("try")
    bench.sandbox.tell({"type": "end", "why": why})
    assert said in bench.form.all(".trial-output")[0].textContent


def test_a_try_without_a_question_says_so() -> None:
    bench = Bench()
    bench.workshop.new()
    bench.types(prompt="You cook.")
    bench.presses("try")
    assert bench.sent == []
    assert "Write a question" in bench.by_id("wrong-question").textContent


def code_box(bench: Bench) -> Element:
    return bench.form.all(".code-box")[0]


def opens_code(bench: Bench) -> None:
    bench.workshop.new()
    details = bench.form.all("details")[0]
    details.open = True
    details.fire("toggle")


def test_the_editor_takes_the_code_and_tells_each_change() -> None:
    bench = Bench()
    opens_code(bench)
    assert code_box(bench).attributes["data-editor"] == "coming"
    bench.editor.say(type="ready")
    bench.editor.say(type="code", code=CODE)
    bench.types(name="Chef", prompt="You cook.")
    assert json.loads(bench.backing.get(DRAFTS) or "")[""]["code"] == CODE
    bench.presses("save")
    assert bench.sent[-1][1]["definition"]["code"] == CODE
    bench.engine_agrees()
    assert bench.editor.ended == 1
    bench.presses("edit", "chef")
    bench.editor.say(type="ready")
    assert bench.editor.posted[-1] == {"type": "set", "code": CODE}


@pytest.mark.parametrize("how", ["refused", "failed", "silent"])
def test_without_the_editor_a_plain_box_takes_the_code(how: str) -> None:
    bench = Bench(comes=how != "refused")
    opens_code(bench)
    if how == "failed":
        bench.editor.say(type="failed", error="EvalError")
    elif how == "silent":
        next(call for ms, call in bench.platform.timers.waiting.values() if ms == PATIENCE_MS)()
    assert code_box(bench).attributes["data-editor"] == "plain"
    assert not bench.by_id("workshop-code").hidden
    assert "couldn’t start" in code_box(bench).textContent
    bench.types(name="Chef", prompt="You cook.", code=CODE)
    bench.presses("save")
    assert bench.sent[-1][1]["definition"]["code"] == CODE


def test_an_editor_that_comes_after_the_form_was_left_is_ended() -> None:
    bench = Bench()
    came: list[Callable[[Editor], object]] = []
    bench.editor.then = lambda then, _failed: came.append(then)  # type: ignore[method-assign]
    opens_code(bench)
    bench.by_id("workshop").close()
    came[0](bench.editor)
    assert bench.editor.ended == 1


def test_examples_are_counted_in_words() -> None:
    assert example_words(0, speak("fr")) == "répond si on le choisit"
    assert example_words(1, speak("en")) == "1 example"
    assert example_words(3, speak("fr")) == "3 exemples"
