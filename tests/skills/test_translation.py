"""A passage is translated by examples, piece after piece; what can't be a translation is drawn again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.senses.speaking.sentences import sentences
from orion_py.skills.translation import PIECE, Translate, fault_of, pieces
from orion_py.skills.translation_wanted import Translation
from tests.skills.played import PlayedWorking

FRENCH = "Mon mari a pris sa retraite en avril."
ENGLISH = "My husband retired in April."


def working(*says: str, french: bool = False, **fields: object) -> PlayedWorking:
    return PlayedWorking("Translate this", list(says), french=french, **fields)  # type: ignore[arg-type]


async def test_a_translation_streams_after_examples_of_the_pair() -> None:
    played = working(f" {ENGLISH}\nFrench: more")
    assert await Translate(Translation(FRENCH, "fr", "en"))(played)
    assert played.shown == ENGLISH
    (ask,) = played.asks
    assert ask.text == f"French: {FRENCH}\nEnglish:"
    assert ask.examples[0] == ("French: Où est la gare, s'il vous plaît ?\nEnglish:", "Where is the station, please?")
    assert played.notes["translation"] == {"source": "fr", "target": "en", "faults": []}


async def test_what_comes_back_untranslated_is_drawn_again() -> None:
    played = working(FRENCH, FRENCH, ENGLISH)
    assert await Translate(Translation(FRENCH, "fr", "en"))(played)
    assert played.shown == ENGLISH
    assert [(ask.shown, ask.attempt) for ask in played.asks] == [(True, 0), (False, 1), (False, 2)]
    assert played.steps == ["checking"]


async def test_where_nothing_helps_the_answer_says_what_to_check() -> None:
    played = working(*[FRENCH] * 3, french=True)
    assert await Translate(Translation(FRENCH, "fr", "en"))(played)
    assert played.shown == f"{FRENCH}\n\n*Vérifiez cette traduction : une partie n’a pas été traduite.*"


async def test_lines_and_long_passages_keep_their_form() -> None:
    long = " ".join(["Nous avons une maison près de la mer et un jardin."] * 8)
    played = working("Dear Sylvie,", *["We have a house near the sea and a garden, all of us."] * 2)
    assert len(pieces(long)) == 2
    said = "We have a house near the sea and a garden. " * 4
    played = working("Dear Sylvie,", said, said)
    assert await Translate(Translation(f"Chère Sylvie,\n{long}", "fr", "en"))(played)
    assert played.shown == f"Dear Sylvie,\n{said.strip()} {said.strip()}"


async def test_without_time_what_is_shown_stays() -> None:
    played = working(ENGLISH, finish="timeout")
    assert await Translate(Translation(f"{FRENCH}\n{FRENCH}", "fr", "en"))(played)
    assert len(played.asks) == 1


@pytest.mark.parametrize(
    ("piece", "text", "fault"),
    [
        (FRENCH, ENGLISH, ""),
        (FRENCH, FRENCH, "same"),
        (FRENCH, "", "length"),
        (FRENCH, "My husband. " * 30, "length"),
        ("Le train part à 15 h 30.", "The train leaves at 3:30 pm.", ""),
        ("Cela coûte 45 euros en tout.", "It costs 54 euros in all.", "numbers"),
        ("Cela coûte 45 euros en tout.", "It costs euros in all.", "numbers"),
        (FRENCH, "Le conjoint est parti dans une maison", "language"),
        ("Paris", "Paris", ""),
        ("Two coffees and the bill, please", "Two coffees and the bill, please.", "same"),
    ],
)
def test_what_cannot_be_a_translation_is_seen(piece: str, text: str, fault: str) -> None:
    assert fault_of(piece, text, "fr", "en") == fault


@given(st.lists(st.sampled_from(["Une phrase.", "Et une autre, plus longue !", "Oui ?", "x" * 300]), max_size=20))
def test_no_sentence_is_lost_in_pieces(said: list[str]) -> None:
    line = " ".join(said)
    assert " ".join(pieces(line)).split() == line.split()
    assert all(len(piece) <= PIECE or len(sentences(piece)) == 1 for piece in pieces(line))
