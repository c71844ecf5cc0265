"""A letter is greeted and signed as the request says, and keeps its numbers."""

from __future__ import annotations

from orion_py.skills.letter import WriteLetter
from orion_py.skills.letter_wanted import Letter
from orion_py.skills.letter_words import closing, greeting
from tests.skills.played import PlayedWorking

ASKED = "Write to the garage about my car, which is booked for 12 June. Sign it Ann Lee."
BODY = "My car is booked for 12 June, and I can't come on that day. Could you please move it?"


async def test_an_email_has_a_subject_a_greeting_a_body_and_a_signature() -> None:
    played = PlayedWorking(ASKED, ["Moving my car\nmore", f"{BODY} And\n\nKind regards,\nSomebody"])
    assert await WriteLetter(Letter(True, "Ann Lee", ""))(played)
    assert played.shown == f"Subject: Moving my car\n\nHello,\n\n{BODY}\n\nKind regards,\nAnn Lee"
    assert played.asks[1].prefix == "Subject: Moving my car\n\nHello,\n\n"
    assert played.asks[1].resumes
    assert played.notes["letter"] == {"to": "", "from": "Ann Lee", "faults": []}
    assert len(played.asks[0].examples) == 2


async def test_a_letter_has_no_subject_and_nothing_to_be_filled_in() -> None:
    played = PlayedWorking(ASKED, [f"{BODY}\n\nPlease call [Your Number].\n\nDear"])
    assert await WriteLetter(Letter(False, "Ann Lee", "Mr Hall"))(played)
    assert played.shown == f"Dear Mr Hall,\n\n{BODY}\n\nKind regards,\nAnn Lee"
    assert not played.asks[0].resumes


async def test_a_body_that_loses_or_makes_up_a_number_is_drawn_once_more() -> None:
    played = PlayedWorking(ASKED, ["I would like to move my car to another day of the 14th week, please.", BODY])
    assert await WriteLetter(Letter(False, "Ann Lee", ""))(played)
    assert BODY in played.shown
    assert (played.asks[1].shown, played.asks[1].attempt) == (False, 1)
    assert played.notes["letter"]["faults"] == []


async def test_the_first_body_stays_where_the_second_is_no_better() -> None:
    first = "I would like to move my car to another day of the week, please."
    played = PlayedWorking(ASKED, [first, "Move 13 and 15 and 17 cars to 19 places in the garage, please."])
    assert await WriteLetter(Letter(False, "Ann Lee", ""))(played)
    assert first in played.shown
    assert played.notes["letter"]["faults"] == ["lost 12"]


async def test_what_is_copied_from_the_examples_is_seen() -> None:
    played = PlayedWorking(ASKED, [f"{BODY} There is no hot water in it.", BODY])
    assert await WriteLetter(Letter(False, "Ann Lee", ""))(played)
    assert "hot water" not in played.shown


async def test_without_time_what_is_written_stays() -> None:
    for email, asks in ((True, 1), (False, 1)):
        played = PlayedWorking(ASKED, [BODY], finish="timeout")
        assert await WriteLetter(Letter(email, "", ""))(played)
        assert (len(played.asks), played.revisions) == (asks, [])


def test_the_greeting_and_the_close_fit_the_language_and_leave_no_gap() -> None:
    assert greeting("", email=True, french=True) == "Bonjour,"
    assert greeting("", email=False, french=True) == "Madame, Monsieur,"
    assert greeting("Mme Morvan", email=True, french=True) == "Bonjour Madame Morvan,"
    assert greeting("mamie Jeannine", email=False, french=True) == "Bonjour mamie Jeannine,"
    assert greeting("", email=False, french=False) == "Dear Sir or Madam,"
    assert closing("", "", french=False) == "Kind regards,"
    assert closing("Malo", "mamie Jeannine", french=True) == "Bises,\nMalo"
    assert closing("Ann", "Joyce", french=False) == "Best wishes,\nAnn"
