"""Each sentence has a voice that can say it; where that isn't the chosen one, this is said once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.aloud.test_orion_voice import Speaking
from tests.ui.aloud.voices import SENSES, Page, answer
from ui.aloud.casting import BROWSER, ORIONS, Casting
from ui.aloud.reader import Reader

MIXED = "The word is this one. Elle est dans la maison avec le chat et les enfants. That is the end of it."


def casting(chosen: str, senses: list[dict[str, Any]] | None = SENSES) -> tuple[Casting, Page]:
    page = Page()
    page.preferences["voice"] = chosen
    if senses is not None:
        page.state.device["senses"] = senses
    made = Casting(page)
    made.begin()
    return made, page


def notices(page: Page) -> list[str]:
    return [notice.get("text") or notice["kind"] for notice in page.state.notices]


@pytest.mark.parametrize(
    ("chosen", "english", "french", "said"),
    [
        ("orion", "joe", "siwis", []),
        (
            "orion:joe",
            "joe",
            "siwis",
            ["“Joe” can’t read French, so “Siwis” does. It has to be downloaded once: 99\u202fMB."],
        ),
        ("orion:siwis", "heart", "siwis", ["“Siwis” can’t read English, so “Heart” does."]),
    ],
)
def test_orions_voices_stand_in_for_each_other_of_the_same_model_first(
    chosen: str, english: str, french: str, said: list[str]
) -> None:
    made, page = casting(chosen)
    for _ in range(2):
        assert [made.kind(language) for language in ("en", "fr")] == [ORIONS, ORIONS]
        assert [made.orions(language) for language in ("en", "fr")] == [english, french]
    assert notices(page) == said, "once"


def test_a_language_that_no_voice_of_orions_speaks_is_the_browsers() -> None:
    made, page = casting("orion:joe", SENSES[:2])
    assert [made.kind(language) for language in ("en", "fr", "de")] == [ORIONS, BROWSER, BROWSER]
    made.says("Amélie", "fr")
    assert notices(page) == ["“Joe” can’t read French, so “Amélie” does."]


def test_before_the_engine_says_what_there_is_it_is_asked() -> None:
    made, _ = casting("orion:joe", None)
    assert made.kind("en") == ORIONS
    assert made.orions("en") is None


def test_orions_voice_reads_what_the_browser_cannot() -> None:
    made, page = casting("")
    assert made.kind("fr") == BROWSER
    assert made.failed("voice_none", "fr")
    assert [made.kind(language) for language in ("en", "fr")] == [BROWSER, ORIONS]
    assert made.orions("fr") == "siwis"
    assert notices(page) == [
        "“The browser’s voice” can’t read French, so “Siwis” does. It has to be downloaded once: 99\u202fMB."
    ]
    assert not made.failed("voice_blocked", "fr")
    assert not made.failed("voice_none", "de")
    made.failed("voice_orion", "fr")
    assert not made.failed("voice_none", "fr"), "neither can be had"
    assert made.kind("fr") == BROWSER
    made.begin()
    assert made.kind("fr") == ORIONS, "the next answer is tried with it again"


def test_an_answer_in_two_languages_is_read_in_its_order_by_two_kinds_of_voices() -> None:
    page = Speaking()
    page.preferences["voice"] = "orion:joe"
    page.state.device["senses"] = SENSES[:2]
    changes: list[Any] = []
    Reader(page, changes.append).read(answer(MIXED))
    page.made()
    assert page.asked == ["The word is this one."]
    assert page.wire.sent[-1][1]["voice"] == "joe"
    assert page.voices == [], "the French waits until the English is said"
    page.sounds.tells("ended", piece=0)
    assert page.voice.texts == ["Elle est dans la maison avec le chat et les enfants."]
    page.voice.tells("another", name="Amélie", language="fr")
    page.voice.tells("ended", call=1)
    page.made()
    page.sounds.tells("ended", piece=0)
    assert page.asked == ["The word is this one.", "That is the end of it."]
    assert changes[-1] is None
    assert notices(page) == ["“Joe” can’t read French, so “Amélie” does."]


def test_what_the_browser_has_no_voice_for_goes_on_with_orions_in_the_middle_of_an_answer() -> None:
    page = Speaking()
    page.state.device["senses"] = SENSES
    changes: list[Any] = []
    Reader(page, changes.append).read(answer(MIXED))
    page.voice.tells("ended", call=0)
    page.voice.tells("failed", why="none")
    assert page.asked == ["Elle est dans la maison avec le chat et les enfants."]
    page.made()
    page.sounds.tells("ended", piece=0)
    assert page.voice.texts == ["That is the end of it."]
    page.voice.tells("ended", call=2)
    assert changes[-1] is None
