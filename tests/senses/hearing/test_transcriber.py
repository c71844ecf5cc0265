"""Sound of any length becomes segments with times, and progress and cancelling work on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, InvalidInput, UnreadableSound
from orion_py.senses.hearing.resampling import Samples
from orion_py.senses.hearing.segments import Segment
from orion_py.senses.hearing.transcriber import Ears, Heard, Transcript, transcribe
from tests.senses.hearing.scripted_ears import Decoder, Voices, ears_that_hear, sound


async def blocks(samples: Samples, size: int = 5_000) -> AsyncIterator[Samples]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def heard(ears: Ears, samples: Samples, language: str | None = None, **more: object) -> Transcript:
    return asyncio.run(transcribe(ears, blocks(samples), language, **more))  # type: ignore[arg-type]


TWO = sound(("silence", 2), ("speech", 3), ("silence", 4), ("speech", 2), ("silence", 1))


def test_each_part_of_speech_is_a_segment_at_its_time() -> None:
    found = heard(ears_that_hear("<0.20> Hello.<3.00>", "<0.20> Bye.<2.00>"), TWO)
    assert [segment.text for segment in found.segments] == ["Hello.", "Bye."]
    assert [segment.start for segment in found.segments] == pytest.approx([1.95, 8.95], abs=0.06)
    assert found.text == "Hello. Bye."
    assert found.language == "en"
    assert found.seconds == pytest.approx(12)
    assert 5 <= found.speech <= 6.5


def test_progress_is_told_with_what_is_new() -> None:
    told: list[Heard] = []
    heard(ears_that_hear("<0.20> Hello.<3.00>", "<0.20> Bye.<2.00>"), TWO, report=told.append)
    new = [segment.text for each in told for segment in each.new]
    assert new == ["Hello.", "Bye."]
    assert [each.seconds for each in told if not each.new] == sorted(each.seconds for each in told if not each.new)
    assert told[-1].seconds == pytest.approx(12)
    assert told[0].seconds < 2, "what waits for its window isn't done"


def test_what_was_said_before_helps_to_understand() -> None:
    ears = ears_that_hear("<0.20> Hello.<3.00>", "<0.20> Bye.<2.00>")
    heard(ears, TWO)
    decoder = ears.whisper.decoder
    assert isinstance(decoder, Decoder)
    first, second = decoder.prompts
    assert ears.whisper.tokens.before not in first
    assert ears.whisper.tokens.text(second) == " Hello."


def test_silence_is_heard_without_whisper() -> None:
    ears = ears_that_hear("<0.00> Thank you.<1.00>")
    found = heard(ears, sound(("silence", 20)))
    assert found == Transcript(None, (), 20.0, 0.0)
    assert isinstance(ears.whisper.decoder, Decoder)
    assert ears.whisper.decoder.attempts == 0


def test_what_whisper_makes_up_of_noise_is_left_out() -> None:
    ears = ears_that_hear("<0.00> Thank you.<1.00>", no_speech=0.95)
    assert isinstance(ears.whisper.decoder, Decoder)
    ears.whisper.decoder.says = lambda attempt: ("<0.00> Thank you.<1.00>", "en", 3.0, 0.95)
    assert heard(ears, TWO).segments == ()


def test_no_sound_at_all_is_an_error_that_says_so() -> None:
    with pytest.raises(UnreadableSound, match="0 seconds"):
        heard(ears_that_hear(""), np.zeros(0, np.float32))


def test_it_stops_between_blocks() -> None:
    cancel = CancelToken()

    def stop(_: Heard) -> None:
        cancel.cancel()

    with pytest.raises(Cancelled):
        heard(ears_that_hear("<0.00> a<1.00>"), TWO, report=stop, cancel=cancel)


def test_the_language_of_two_windows_is_that_of_the_rest() -> None:
    long = sound(*[("speech", 2.0), ("silence", 3.0)] * 4)
    ears = ears_that_hear("<0.00> Oui.<1.00>", language="fr")
    decoder = ears.whisper.decoder
    assert isinstance(decoder, Decoder)
    decoder.says = lambda attempt: ("<0.00> Oui.<1.00>", "fr" if attempt < 2 else "de", 20.0, 0.0)
    assert heard(ears, long).language == "fr"
    assert decoder.attempts == 4


def test_the_state_of_the_voice_detector_goes_on_from_block_to_block() -> None:
    ears = ears_that_hear("<0.20> Hello.<3.00>")
    heard(ears, TWO)
    assert isinstance(ears.vad, Voices)
    assert ears.vad.states == sorted(ears.vad.states)
    assert len(set(ears.vad.states)) == len(ears.vad.states) > 10


@pytest.mark.parametrize(
    ("wanted", "known"), [("fr", "fr"), ("fr-CA", "fr"), ("EN", "en"), ("auto", None), (None, None)]
)
def test_a_language_is_wanted_by_its_code(wanted: str | None, known: str | None) -> None:
    assert ears_that_hear("").language(wanted) == known


def test_a_language_that_whisper_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(InvalidInput, match="'tlh'; it knows auto, de, en, fr"):
        ears_that_hear("").language("tlh")


def test_times_stay_inside_the_sound() -> None:
    found = heard(ears_that_hear("<0.20> Hello."), TWO)
    assert all(isinstance(segment, Segment) and 0 <= segment.start <= segment.end <= 12 for segment in found.segments)
