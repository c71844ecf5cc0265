"""The microphone's sound goes to the engine, and what is said comes back, until the microphone is closed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.asking.microphones import Page
from ui.asking.listening import MOST, Listening, spoken


class Scene(Page):
    def __init__(self, lang: str = "en", refused: bool = False) -> None:
        super().__init__(lang, refused)
        self.listening, self.told = Listening(self), list[dict[str, Any]]()

    def begins(self, language: str | None = None) -> Scene:
        assert self.listening.start(self.told.append, language)
        self.microphone.says("open")
        return self

    @property
    def whats(self) -> list[str]:
        return [message["what"] for message in self.told]

    @property
    def signs(self) -> bool:
        """Whether the page says that the microphone is open; the title and the sign say the same."""
        assert ("●" in self.title) is not self.node("microphone-sign").hidden
        return "●" in self.title


def test_the_engine_is_asked_once_the_microphone_is_open_and_gets_what_it_records() -> None:
    page = Scene()
    page.listening.start(page.told.append, "fr")
    assert page.microphone.did == ["start"]
    assert page.client.sent == [], "somebody may still refuse it"
    page.microphone.says("open")
    assert page.client.sent == [("listen", {"language": "fr", "likely": ["de", "fr", "en"]}, "listen-1")]
    assert page.client.sources == [page.microphone]
    assert page.whats == ["open"]


def test_a_partial_text_is_replaced_and_finals_follow_one_another() -> None:
    page, said = Scene().begins(), []
    for kind, text in [
        ("partial", "Wear"),
        ("partial", "Where is"),
        ("final", "Where is it?"),
        ("partial", "Over"),
        ("final", ""),
        ("final", "There."),
    ]:
        page.client.says(kind, text=text)
        said.append(page.listening.text)
    assert said == ["Wear", "Where is", "Where is it?", "Where is it? Over", "Where is it?", "Where is it? There."]


def test_stopped_it_waits_for_the_rest_and_then_for_what_was_said() -> None:
    page = Scene().begins()
    page.client.says("partial", text="Wh")
    page.listening.stop()
    assert page.microphone.did == ["start", "stop"]
    assert page.signs, "it still hands over what it recorded"
    page.microphone.says("closed", why="")
    assert page.client.sent[1][:2] == ("heard_all", {"request": "listen-1"})
    assert not page.signs
    page.client.says("final", "listen-1", text="What?")
    page.client.says("result", "listen-1", payload={"text": "What?"})
    assert page.whats == ["open", "partial", "closed", "final", "ended"]
    assert page.told[-1]["error"] is None
    assert page.listening.text == "What?"
    assert not page.listening.busy


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_says_that_the_microphone_is_open_as_long_as_it_is(lang: str) -> None:
    page = Scene(lang)
    assert not page.signs
    page.begins()
    assert page.signs
    assert page.words("microphone_open") in page.title
    page.microphone.says("closed", why="unplugged")
    assert not page.signs
    assert page.title == "Orion"


def test_one_that_is_refused_asks_the_engine_for_nothing() -> None:
    page = Scene()
    page.listening.start(page.told.append)
    page.microphone.says("closed", why="denied")
    assert page.told == [{"what": "closed", "why": "denied"}, {"what": "ended", "error": None}]
    assert page.client.sent == []


def test_what_records_and_cannot_be_loaded_is_told_as_such() -> None:
    page = Scene(refused=True)
    page.listening.start(page.told.append)
    assert [message.get("why") for message in page.told] == ["unsupported", None]
    assert not page.listening.busy


def test_an_engine_that_fails_closes_the_microphone_and_keeps_what_was_said() -> None:
    page = Scene().begins()
    page.client.says("final", text="One.")
    page.client.says("error", error={"code": "worker_died", "message": "", "hint": ""})
    assert page.microphone.did == ["start", "stop"]
    assert not page.signs
    assert page.told[-1]["error"]["code"] == "worker_died"
    assert page.listening.text == "One."
    page.microphone.says("closed", why="")
    assert page.whats[-1] == "ended", "nothing comes behind it"


def test_an_engine_that_is_down_ends_it_at_once() -> None:
    page = Scene()
    page.client.dead = True
    page.begins()
    assert page.whats == ["open", "ended"]
    assert not page.listening.busy
    assert not page.signs


def test_cancelled_it_tells_nothing_any_more_and_the_next_one_hears_nothing_of_it() -> None:
    page = Scene().begins()
    first = page.microphone
    page.listening.cancel()
    assert first.did == ["start", "stop"]
    assert page.client.cancelled == ["listen-1"]
    assert not page.signs
    page.begins()
    page.client.says("partial", "listen-1", text="late")
    page.client.says("cancelled", "listen-1", partial="")
    first.says("closed", why="")
    assert page.whats == ["open", "open"]
    assert page.listening.text == ""
    assert page.signs


def test_stopped_before_the_person_has_allowed_it_it_ends() -> None:
    page = Scene()
    page.listening.start(page.told.append)
    page.listening.stop()
    assert page.microphone.did == ["start", "stop"]
    page.microphone.says("closed", why="")
    assert page.whats == ["closed", "ended"]


def test_one_listens_at_a_time() -> None:
    page = Scene().begins()
    assert not page.listening.start(page.told.append)
    assert len(page.microphones) == 1


SAID = st.text(st.sampled_from("ab "), max_size=6).map(str.strip)


@given(st.lists(st.tuples(st.sampled_from(["partial", "final"]), SAID), max_size=12))
def test_a_partial_text_is_replaced_and_never_doubled(events: list[tuple[str, str]]) -> None:
    page = Scene().begins()
    for count, (kind, text) in enumerate(events, 1):
        page.client.says(kind, text=text)
        finals = [said for what, said in events[:count] if what == "final" and said]
        assert page.listening.text == " ".join([*finals, *([text] if kind == "partial" and text else [])])


def test_the_page_knows_whether_the_engine_listens() -> None:
    page = Scene()
    page.listening.start(page.told.append)
    assert not page.state.listening
    page.microphone.says("open")
    assert page.state.listening
    page.microphone.says("closed", why="")
    assert page.state.listening, "the rest is still written down"
    page.client.says("result", "listen-1", payload={"text": ""})
    assert not page.state.listening


def test_the_sign_is_there_as_soon_as_the_browser_has_opened_the_microphone() -> None:
    page = Scene()
    page.listening.start(page.told.append)
    assert not page.signs
    page.microphone.says("live")
    assert page.signs
    assert page.whats == [], "nothing is recorded yet"
    page.microphone.says("closed", why="unsupported")
    assert not page.signs


def test_what_a_person_may_speak_is_what_the_browser_says_and_orions_languages() -> None:
    assert spoken([]) == ["fr", "en"]
    assert spoken(["en-GB", "pt-BR", "en", "", "x-klingon"]) == ["en", "pt", "x", "fr"]
    assert len(spoken([f"{one}{two}" for one in "abcdef" for two in "abcdef"])) == MOST
