"""What is said becomes events of its request, and their sum its end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orion_py.cancellation import CancelToken
from orion_py.engine.listening import written_down
from orion_py.errors import InvalidInput
from orion_py.protocol import Event, FinalText, PartialText, SpeechStart, TurnEnd
from orion_py.senses.hearing.resampling import Samples
from orion_py.senses.hearing.transcriber import Ears
from tests.senses.hearing.scripted_ears import ears_that_hear, sound
from tests.senses.hearing.test_listening import live


async def told(ears: Ears, samples: Samples, language: str | None = None) -> tuple[list[Event], object]:
    events: list[Event] = []
    end = await written_down("here", ears, live(samples), language, events.append, CancelToken())
    return events, end


async def test_two_sentences_are_two_finals_with_their_times_and_one_turn() -> None:
    ears = ears_that_hear("<0.00> One.<1.00>")
    events, end = await told(ears, sound(("speech", 1), ("silence", 0.9), ("speech", 1), ("silence", 3)))
    assert {event.id for event in events} == {"here"}
    finals = [event for event in events if isinstance(event, FinalText)]
    assert [(event.text, event.language) for event in finals] == [("One.", "en"), ("One.", "en")]
    assert [(event.start_s, event.end_s) for event in finals] == [
        (pytest.approx(0, abs=0.1), pytest.approx(1, abs=0.1)),
        (pytest.approx(1.65, abs=0.1), pytest.approx(2.9, abs=0.1)),
    ]
    assert [event.text for event in events if isinstance(event, TurnEnd)] == ["One. One."]
    assert [type(event) for event in events[:2]] == [SpeechStart, PartialText]
    assert end == {"text": "One. One.", "language": "en", "seconds": pytest.approx(5.9)}


async def test_a_long_speech_goes_on_where_it_was_cut() -> None:
    events, _ = await told(ears_that_hear("<0.00> On and on."), sound(("speech", 40), ("silence", 3)))
    first, second = [event for event in events if isinstance(event, FinalText)]
    assert second.start_s == first.end_s


async def test_silence_ends_in_no_text_and_no_language() -> None:
    events, end = await told(ears_that_hear("<0.00> Thank you.<1.00>"), sound(("silence", 4)))
    assert events == []
    assert end == {"text": "", "language": None, "seconds": 4.0}


async def test_a_language_with_its_region_is_taken_and_an_unknown_one_refused() -> None:
    await told(ears_that_hear("<0.00> Oui.<1.00>"), sound(("speech", 1)), "fr-CA")
    with pytest.raises(InvalidInput, match="tlh"):
        await told(ears_that_hear(""), sound(("speech", 1)), "tlh")


async def test_sound_that_fails_ends_it_with_its_error() -> None:
    async def broken() -> AsyncIterator[Samples]:
        yield sound(("silence", 1))
        raise InvalidInput("gone")

    with pytest.raises(InvalidInput, match="gone"):
        await written_down("here", ears_that_hear(""), broken(), None, lambda event: None, CancelToken())
