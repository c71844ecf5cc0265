"""A summary says what its text says; where the model turns a fact round, the text's own sentences stand."""

from __future__ import annotations

import numpy as np

from orion_py.skills.summary import MOST_READ, summarise
from tests.skills.played import PlayedWorking

TEXT = (
    "The club met on Monday at seven in the evening. Ann paid 40 pounds for the hall, and Bob brought the chairs. "
    "Nobody wanted to be treasurer, so Ann stays for one more year. The next meeting is on 3 May at the library."
)
ASKED = f"Summarise this in two sentences: {TEXT}"


async def test_a_summary_that_keeps_the_facts_streams_and_stands() -> None:
    working = PlayedWorking(ASKED, ["Ann paid 40 pounds for the hall. The next meeting is on 3 May."])
    assert await summarise(working)
    assert working.shown == "Ann paid 40 pounds for the hall. The next meeting is on 3 May."
    assert working.steps == ["choosing", "writing", "checking"]
    assert working.asks[0].shown
    assert "in 2 short sentences" in working.asks[0].text
    assert working.notes["summary"]["why_extract"] == ""


async def test_a_fact_that_is_turned_round_leaves_an_extract() -> None:
    working = PlayedWorking(ASKED, ["Ann paid 50 pounds for the hall. The next meeting is on 3 May."])
    assert await summarise(working)
    lead, *lines = working.shown.split("\n")
    assert lead == "The text’s most important sentences, word for word:"
    quoted = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
    assert len(quoted) == 2
    assert all(line in TEXT for line in quoted)
    assert working.notes["summary"]["why_extract"] == "invents the number 50"


async def test_of_a_long_text_the_model_reads_what_says_most() -> None:
    text = " ".join(f"In year {n} the club met {n} times in the old hall." for n in range(60))
    working = PlayedWorking(f"Summarise in one sentence: {text}", ["The club met."], vectors=_vector)
    assert await summarise(working)
    read = working.asks[0].text.split("\n\n")[1].split("\n")
    assert len(read) == MOST_READ
    assert working.notes["summary"]["sentences"] == 60


async def test_french_is_summarised_in_french() -> None:
    text = "Le club se réunit lundi à 19 h. Anne a payé 40 euros pour la salle. Personne ne veut être trésorier. " * 2
    working = PlayedWorking(f"Résume en une phrase : {text}", [""], french=True)
    assert await summarise(working)
    assert "Résume ce texte en une phrase courte" in working.asks[0].text
    assert working.shown.startswith("La phrase la plus importante du texte, mot pour mot :")


async def test_a_summary_that_is_cut_off_or_no_shorter_is_not_kept() -> None:
    for said, finish, why in (
        (TEXT, "stop", "is no shorter"),
        ("Ann paid", "length", "is cut off"),
        ("Ann", "loop", "is cut off"),
    ):
        working = PlayedWorking(ASKED, [said], finish=finish)  # type: ignore[arg-type]
        await summarise(working)
        assert working.notes["summary"]["why_extract"] == why


async def test_what_is_there_when_the_time_is_up_stands() -> None:
    working = PlayedWorking(ASKED, ["Ann paid"], finish="timeout")
    assert await summarise(working)
    assert working.shown == "Ann paid"


async def test_the_turn_before_is_summarised() -> None:
    working = PlayedWorking(
        "Summarise that in one sentence", ["Ann stays."], history=[("user", "?"), ("assistant", TEXT)]
    )
    assert await summarise(working)
    assert "Ann stays for one more year" in working.asks[0].text


async def test_what_is_no_wish_for_a_summary_is_left_to_the_model() -> None:
    assert not await summarise(PlayedWorking("How do I write a summary?"))
    assert not await summarise(PlayedWorking(f"Summarise this in nine sentences: {TEXT}"))


def _vector(text: str) -> np.ndarray:
    return np.array([len(text) % 7, len(text) % 5, 1], np.float32)
