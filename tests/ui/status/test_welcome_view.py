"""Before anything is asked: whether the model at hand speaks the person's language, and what to wait for instead."""

from __future__ import annotations

from typing import Any

from tests.ui.fake_dom import dom
from tests.ui.speech import speak
from ui.chats.conversation import Conversation
from ui.engine.view_state import Load, ViewState
from ui.status import tongues
from ui.status.welcome_view import WelcomeView, plan

LITE = {"id": "lite", "title": "Lite", "tier": "lite", "languages": ["en"], "download_bytes": 99_000_000}
FULL = {"id": "full", "title": "Full", "tier": "full", "languages": ["en", "fr"], "download_bytes": 417_000_000}
LARGE = {"id": "big", "title": "Big", "tier": "large", "languages": ["en", "fr"], "download_bytes": 1_180_000_000}
S = "\u202f"
FR, EN = speak("fr"), speak("en")


def state(*rows: dict[str, Any], loaded: str | None = None) -> ViewState:
    made = ViewState(Conversation("c"))
    made.device = {"models": list(rows), "recommended": "lite"}
    made.model = loaded
    for row in rows:
        made.model_titles[row["id"]] = row["title"]
        made.model_languages[row["id"]] = row["languages"]
    return made


def test_a_model_that_speaks_the_language_needs_no_word() -> None:
    assert plan(state(LITE, FULL), "", "en", EN) == ("", "", "", "", "en")
    assert plan(state(LITE, FULL, loaded="full"), "", "fr", FR) == ("", "", "", "", "fr")


def test_one_that_does_not_is_named_with_the_larger_one_and_its_size() -> None:
    text, more, label, model, shown = plan(state(LITE, FULL), "", "fr", FR)
    assert text.startswith("Lite a surtout appris l’anglais")
    assert more == "Full parle français."
    assert (label, model, shown) == (f"Attendre Full (417{S}Mo)", "full", "en")


def test_without_a_larger_one_on_the_site_nothing_is_offered() -> None:
    text, *rest = plan(state(LITE), "", "fr", FR)
    assert "n’ont souvent pas de sens" in text
    assert rest == ["", "", "", "en"]


def test_a_larger_one_that_is_being_made_is_told_of() -> None:
    made = state(LITE)
    made.device["coming"] = [{"id": "full", "title": "Full"}]
    assert plan(made, "", "fr", FR)[1:] == (
        "Full est encore en préparation sur ce site ; il apparaîtra ici automatiquement.",
        "",
        "",
        "en",
    )


def test_one_that_nobody_waits_for_or_the_device_is_not_offered_is_no_way_out() -> None:
    assert plan(state(LITE, LARGE, {**FULL, "offered": False}), "", "fr", FR)[1:4] == ("", "", "")


def test_while_it_is_waited_for_the_page_says_so_and_takes_it_back() -> None:
    assert plan(state(LITE, FULL, loaded="lite"), "full", "fr", FR) == (
        "Full arrive. Vos questions l’attendent.",
        "",
        "Ne pas attendre",
        "",
        "fr",
    )
    assert plan(state(LITE, FULL, loaded="full"), "full", "fr", FR) == ("", "", "", "", "fr")


def test_the_model_at_hand_is_the_chosen_the_loaded_the_coming_or_the_first() -> None:
    known = state(LITE, FULL)
    assert tongues.at_hand(known, "") == "lite"
    known.load = Load("full")
    assert tongues.at_hand(known, "") == "full"
    known.model = "lite"
    assert tongues.at_hand(known, "") == "lite"
    assert tongues.at_hand(known, "full") == "full"
    assert tongues.at_hand(state(LITE, LARGE), "big") == "lite", "nobody waits for a large one"
    assert tongues.at_hand(state(), "") is None


def test_the_button_chooses_and_the_questions_change_their_language() -> None:
    page, chosen = (
        dom("welcome-note", "welcome-note-text", "welcome-note-more", "welcome-wait", "starters"),
        list[str](),
    )
    preferences = {"model": ""}
    view = WelcomeView(page, FR, preferences, chosen.append)
    view.draw(state(LITE, FULL))
    assert (page.by_id("welcome-note").hidden, view.language()) == (False, "en")
    page.by_id("welcome-wait").fire("click")
    assert chosen == ["full"]
    preferences["model"] = "full"
    view.draw(state(LITE, FULL))
    assert view.language() == "fr"
    page.by_id("welcome-wait").fire("click")
    assert chosen == ["full", ""]
