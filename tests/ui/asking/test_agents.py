"""Who may be asked, what is offered when the router wasn't sure, and what it learns from people."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.speech import speak
from tests.ui.wire import Wire
from ui.answers.answer_view import facts, note_words
from ui.answers.why_view import how_words
from ui.asking import agents
from ui.asking.corrections import Corrections
from ui.chats.conversation import Conversation, Turn, load
from ui.engine import reducer
from ui.engine.view_state import ViewState

EN, FR = speak("en"), speak("fr")
ROWS: list[dict[str, Any]] = [
    {"id": "conversation", "available": True, "description": {"en": "Chats."}},
    {
        "id": "vision",
        "available": False,
        "missing": [{"reason": {"en": "It isn't built yet.", "fr": "Il n'est pas encore construit."}}],
    },
    {"id": "code", "available": True},
    {"id": "speech", "available": False, "missing": []},
]


def answer(**meta: Any) -> Turn:
    turn = Turn("a", "assistant", "text")
    turn.agent, turn.meta = "conversation", meta
    return turn


def test_who_can_answer_comes_first_and_who_cannot_says_why() -> None:
    choices = agents.choices(ROWS, FR)
    assert [choice.agent for choice in choices] == ["conversation", "code", "vision", "speech"]
    assert [choice.available for choice in choices] == [True, True, False, False]
    assert choices[2].why_not == "Il n'est pas encore construit."
    assert choices[3].why_not == "son modèle n’est pas sur ce site"


@pytest.mark.parametrize(
    ("confidence", "runner_up", "offered"),
    [
        (0.31, "code", "code"),
        (0.5, "code", None),
        (None, "code", None),
        (0.31, None, None),
        (0.31, "vision", None),  # can't answer here
        (0.31, "conversation", None),  # has answered
    ],
)
def test_the_runner_up_is_offered_when_the_router_was_not_sure(
    confidence: float | None, runner_up: str | None, offered: str | None
) -> None:
    assert agents.alternative(answer(confidence=confidence, runner_up=runner_up), ROWS) == offered


def test_an_answer_that_was_stopped_still_offers_the_other() -> None:
    turn = answer(confidence=0.2, runner_up="code")
    turn.state = "cancelled"
    assert agents.alternative(turn, ROWS) == "code"
    turn.state = "error"
    assert agents.alternative(turn, ROWS) is None


def test_how_certain_the_router_was_stands_in_the_line_as_what_it_is() -> None:
    turn = answer(confidence=0.824, probabilities={"conversation": 0.824, "code": 0.1})
    turn.agent = "conversation"
    rows = {name: text for name, text, _ in facts(turn, EN, str)}
    assert rows["confidence"] == "agent chosen with 82%"
    assert ("confidence", "agent choisi à 82\u202f%") in [row[:2] for row in facts(turn, FR, str)]


@pytest.mark.parametrize(
    ("agent", "probabilities"),
    [
        ("conversation", None),  # the keyword rules, or the person's choice
        ("conversation", {"conversation": 0.3, "code": 0.4}),  # nobody was certain
        ("conversation", {"conversation": 0.02, "vision": 0.95}),  # vision has no model, and conversation answered
        ("mine", {"conversation": 0.95}),  # a custom agent by its examples
    ],
)
def test_another_agents_certainty_is_never_shown_under_an_answer(
    agent: str, probabilities: dict[str, float] | None
) -> None:
    turn = answer(confidence=0.95, router="neural", probabilities=probabilities)
    turn.agent = agent
    assert "confidence" not in [name for name, _, _ in facts(turn, EN, str)]
    assert how_words(turn, EN) == "Chosen by the trained router."


def test_the_reason_is_the_routers_but_for_a_persons_own_choice() -> None:
    assert agents.reason_words(answer(router="neural", reason="Cela ressemble à du code."), FR).startswith("Cela")
    forced = answer(router="forced", reason="The user chose this agent.")
    assert agents.reason_words(forced, FR) == "Vous avez choisi cet agent."
    turn = answer(router="neural", probabilities={"code": 0.9})
    turn.agent = "code"
    assert how_words(turn, EN) == "Chosen by the trained router, 90% certain."
    assert how_words(answer(router="something-new"), EN) == ""


class Page:
    """A page with one answer; it notes what is sent and asked again."""

    def __init__(self) -> None:
        self.turn = answer()
        self.state = ViewState(Conversation("c", [Turn("q", "user", "Sort this list"), self.turn]))
        self.state.device = {"router": {"agents": ["conversation", "code"], "corrections": 0}}
        self.taught: list[list[str]]
        self.again: list[tuple[str, dict[str, Any]]] = []
        self._wire, self.taught = Wire(), []
        self.corrections = Corrections(
            self.state,
            self._wire.ask,
            lambda turn, options: self.again.append((turn.id, options)),
            lambda turns: self.taught.append([turn.id for turn in turns]),
        )

    @property
    def sent(self) -> list[tuple[str, dict[str, Any] | None]]:
        return [(kind, fields) for kind, fields, _ in self._wire.sent]

    def ends(self, kind: str = "result", corrections: int = 1) -> None:
        if kind == "result":  # what changed is told before
            router = {"name": "neural", "corrections": corrections, "agents": ["conversation", "code"]}
            reducer.apply(self.state, {"type": "changed", "id": "engine", "parts": {"router": router}}, 0)
        self._wire.says(kind, payload={})


def test_a_correction_asks_again_is_learnt_and_can_be_undone() -> None:
    page = Page()
    page.corrections.correct(page.turn, "code")
    assert page.again == [("a", {"force_agent": "code"})]
    assert page.sent == [("teach", {"action": "correct", "query": "Sort this list", "agent": "code"})]
    page.ends()
    assert page.taught == [["a"]]
    assert page.turn.notes == [{"kind": "learnt", "agent": "code", "undo": True}]
    assert note_words(page.turn.notes[0], EN) == "Learnt on this device: questions like this go to Code."
    assert page.state.router_status["corrections"] == 1
    page.corrections.undo(page.turn)
    page.ends(corrections=0)
    assert page.sent[-1] == ("teach", {"action": "undo"})
    assert [note["kind"] for note in page.turn.notes] == ["unlearnt"]


def test_only_the_latest_correction_can_be_taken_back() -> None:
    page = Page()
    page.turn.note(kind="learnt", agent="logical", undo=True)
    other = answer()
    other.id = "b"
    page.state.conversation.turns += [Turn("p", "user", "Another"), other]
    page.corrections.correct(other, "code")
    page.ends()
    assert "undo" not in page.turn.notes[0]
    assert other.notes[0]["undo"]


def test_what_the_router_cannot_learn_is_asked_all_the_same() -> None:
    page = Page()
    page.corrections.correct(page.turn, "my-own-agent")
    assert page.again == [("a", {"force_agent": "my-own-agent"})]
    assert page.sent == []


def test_a_correction_that_failed_says_so() -> None:
    page = Page()
    page.corrections.correct(page.turn, "code")
    page.ends("error")
    assert [note["kind"] for note in page.turn.notes] == ["not_learnt"]


def test_the_runner_up_is_asked_without_being_learnt() -> None:
    page = Page()
    page.corrections.instead(page.turn, "code")
    assert page.again == [("a", {"force_agent": "code"})]
    assert page.sent == []


def test_forgetting_everything_concerns_no_turn() -> None:
    page = Page()
    page.turn.note(kind="learnt", agent="code", undo=True)
    page.corrections.forget()
    page.ends(corrections=0)
    assert page.sent == [("teach", {"action": "forget"})]
    assert page.turn.notes == [{"kind": "learnt", "agent": "code"}]


def test_what_was_chosen_for_an_answer_is_kept_but_an_undo_is_not() -> None:
    turn = answer(confidence=0.3)
    turn.options = {"force_agent": "creative", "style": "poem"}
    turn.note(kind="learnt", agent="code", undo=True)
    kept = load(Conversation("c", [Turn("q", "user", "Hi"), turn]).dump())
    assert kept is not None
    assert kept.turns[1].options == {"force_agent": "creative", "style": "poem"}
    assert kept.turns[1].notes == [{"kind": "learnt", "agent": "code"}]
    turn.reset()
    assert turn.options == {"force_agent": "creative", "style": "poem"}


@pytest.mark.parametrize("by", ["calculator", "engine"])
def test_what_was_worked_out_without_a_model_says_so_and_names_no_backend(by: str) -> None:
    turn = answer(backend=by)
    turn.model = by
    for words in (EN, FR):
        rows = {name: text for name, text, _ in facts(turn, words, str)}
        assert by not in rows["model"]
        assert "backend" not in rows


def test_a_models_id_is_not_shown_for_its_name() -> None:
    turn = answer()
    turn.model = "smollm2-135m-instruct"
    assert "model" not in [name for name, _, _ in facts(turn, EN, lambda model: "")]
