"""While somebody speaks text grows; a pause ends the utterance, a longer one the turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, UnreadableSound
from orion_py.senses.hearing.listening import Listened, listen
from orion_py.senses.hearing.resampling import Samples
from orion_py.senses.hearing.transcriber import Ears
from tests.senses.hearing.scripted_ears import Decoder, ears_that_hear, sound


async def live(samples: Samples, size: int = 1600) -> AsyncIterator[Samples]:
    """A tenth of a second at a time, each taken before the next comes."""
    for start in range(0, len(samples), size):
        yield samples[start : start + size]
        for _ in range(200):
            await asyncio.sleep(0)


def events(ears: Ears, samples: Samples, size: int = 1600) -> list[Listened]:
    async def run() -> list[Listened]:
        return [event async for event in listen(ears, live(samples, size))]

    return asyncio.run(run())


def test_an_utterance_begins_grows_and_ends_and_then_the_turn() -> None:
    ears = ears_that_hear("<0.00> Where", "<0.00> Where is the", "<0.00> Where is the station?<2.00>")
    found = events(ears, sound(("silence", 1), ("speech", 2.5), ("silence", 3)))
    kinds = [event.kind for event in found]
    assert kinds[0] == "speech_start"
    assert kinds[-2:] == ["final", "turn_end"]
    assert set(kinds[1:-2]) == {"partial"}
    assert len(kinds) >= 5
    assert found[0].at == pytest.approx(0.75, abs=0.1)
    assert found[1].at < 2.3, "the first words come before all is said"
    assert found[-2].text == found[-1].text == "Where is the station?"
    assert found[-2].at == pytest.approx(3.5, abs=0.1)
    assert [event.at for event in found[:-2]] == sorted(event.at for event in found[:-2])


def test_a_partial_replaces_the_one_before_and_what_is_settled_stays() -> None:
    ears = ears_that_hear("<0.00> Wear", "<0.00> Where is", "<0.00> Where is the", "<0.00> Where is the<2.00>")
    partials = [event for event in events(ears, sound(("speech", 4), ("silence", 3))) if event.kind == "partial"]
    settled = [event.text[: event.settled] for event in partials]
    assert all(later.startswith(earlier) for earlier, later in pairwise(settled))
    assert settled[-1] == "Where is the"


def test_two_sentences_with_a_pause_are_one_turn() -> None:
    ears = ears_that_hear("<0.00> One.<1.00>")
    found = events(ears, sound(("speech", 1), ("silence", 0.9), ("speech", 1), ("silence", 3)))
    assert [event.text for event in found if event.kind == "final"] == ["One.", "One."]
    assert [event.text for event in found if event.kind == "turn_end"] == ["One. One."]


def test_what_is_said_when_the_stream_ends_is_heard_to_the_end() -> None:
    found = events(ears_that_hear("<0.00> Stop."), sound(("silence", 1), ("speech", 1)))
    assert [event.kind for event in found][-2:] == ["final", "turn_end"]


def test_silence_says_nothing() -> None:
    assert events(ears_that_hear("<0.00> Thank you.<1.00>"), sound(("silence", 10))) == []


def test_a_long_speech_is_cut_before_whisper_forgets_its_beginning() -> None:
    found = events(ears_that_hear("<0.00> On and on."), sound(("speech", 40), ("silence", 3)), 16_000)
    assert [event.kind for event in found].count("final") == 2
    assert [event.kind for event in found].count("turn_end") == 1


def test_a_slow_device_makes_fewer_passes_and_loses_nothing() -> None:
    ears = ears_that_hear("<0.00> Hello.<1.00>")
    samples = sound(("speech", 4), ("silence", 3))

    async def at_once() -> AsyncIterator[Samples]:
        for start in range(0, len(samples), 1600):
            yield samples[start : start + 1600]

    async def run() -> list[Listened]:
        return [event async for event in listen(ears, at_once())]

    found = asyncio.run(run())
    assert [event.kind for event in found] == ["speech_start", "final", "turn_end"]
    assert isinstance(ears.whisper.decoder, Decoder)
    assert ears.whisper.decoder.attempts == 1


def test_a_microphone_that_is_unplugged_ends_it_with_its_error() -> None:
    async def broken() -> AsyncIterator[Samples]:
        yield np.zeros(1600, np.float32)
        raise UnreadableSound("the microphone is gone")

    async def run() -> None:
        async for _ in listen(ears_that_hear(""), broken()):
            pass

    with pytest.raises(UnreadableSound, match="gone"):
        asyncio.run(run())


def test_it_can_be_stopped() -> None:
    cancel = CancelToken()

    async def run() -> None:
        async for event in listen(ears_that_hear("<0.00> a"), live(sound(("speech", 5))), cancel=cancel):
            assert event.kind != "final"
            cancel.cancel()

    with pytest.raises(Cancelled):
        asyncio.run(run())


def test_it_can_be_stopped_while_nothing_comes() -> None:
    cancel = CancelToken()

    async def held() -> AsyncIterator[Samples]:
        yield sound(("silence", 1))
        for _ in range(200):  # until it is heard
            await asyncio.sleep(0)
        cancel.cancel()
        await asyncio.Event().wait()

    async def run() -> None:
        async for _ in listen(ears_that_hear(""), held(), cancel=cancel):
            pass

    with pytest.raises(Cancelled):
        asyncio.run(asyncio.wait_for(run(), 5))


def test_a_word_alone_is_in_a_language_that_the_person_may_speak_or_has_spoken_for_longer() -> None:
    samples = sound(("speech", 1), ("silence", 1), ("speech", 4), ("silence", 1), ("speech", 1), ("silence", 3))

    async def run() -> list[Listened]:
        ears = ears_that_hear("<0.00> Ja.", language="de")
        return [event async for event in listen(ears, live(samples), likely=("fr", "en"))]

    finals = [event.language for event in asyncio.run(run()) if event.kind == "final"]
    assert finals == ["fr", "de", "de"]
