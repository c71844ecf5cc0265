"""A text is spoken sentence by sentence by a model that is borrowed for it, and given back however it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, InvalidInput, RuntimeFailure
from orion_py.senses.speaking.lent import LentVoice, Sound, Wish, chosen
from tests.senses.speaking.scripted_voice import TalkingModel, VoiceLender

pytestmark = pytest.mark.asyncio


async def spoken(wish: Wish, lender: VoiceLender, cancel: CancelToken | None = None) -> list[Sound]:
    return [sound async for sound in LentVoice(lender.lent).speak(wish, cancel or CancelToken())]


async def test_each_sentence_is_a_sound_in_order() -> None:
    lender = VoiceLender(TalkingModel())
    sounds = await spoken(Wish("# Hello\n\nHello world. `x = {1}` **One** two!"), lender)
    assert [(sound.index, sound.text, sound.last) for sound in sounds] == [
        (0, "Hello.", False),
        (1, "Hello world.", False),
        (2, "One two!", True),
    ]
    assert all(sound.rate == 24_000 and len(sound.samples) > 4000 for sound in sounds)
    assert lender.log == ["lends piper-joe", "gets piper-joe"]


async def test_the_first_is_there_before_the_second_is_made() -> None:
    lender = VoiceLender(TalkingModel())
    sounds = LentVoice(lender.lent).speak(Wish("One. Two."), CancelToken())
    await anext(sounds)
    assert len(lender.model.runs) == 1
    await sounds.aclose()  # type: ignore[attr-defined]
    assert lender.log[-1] == "gets piper-joe"


async def test_a_stop_counts_at_once_even_in_the_middle_of_a_sentence() -> None:
    model, cancel = TalkingModel(), CancelToken()
    going = asyncio.Event()

    async def slow(inputs: Any, want: Any) -> Any:
        going.set()
        await asyncio.Event().wait()

    model.run = slow  # type: ignore[method-assign]
    lender = VoiceLender(model)
    task = asyncio.ensure_future(spoken(Wish("One. Two."), lender, cancel))
    await going.wait()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await task
    assert lender.log[-1] == "gets piper-joe"


async def test_a_voice_comes_into_memory_before_there_is_a_text() -> None:
    lender = VoiceLender(TalkingModel())
    voice = await LentVoice(lender.lent).prepare(Wish("", voice="siwis"), CancelToken())
    assert (voice.id, lender.log, lender.model.runs) == ("siwis", ["lends kokoro-82m", "gets kokoro-82m"], [])
    assert (await LentVoice(lender.lent).prepare(Wish("", language="en"), CancelToken())).id == "joe"
    with pytest.raises(InvalidInput, match="There is no voice 'nobody'"):
        await LentVoice(lender.lent).prepare(Wish("", voice="nobody"), CancelToken())


async def test_a_failure_gives_the_model_back() -> None:
    lender = VoiceLender(TalkingModel(loudness=float("nan")))
    with pytest.raises(RuntimeFailure):
        await spoken(Wish("One."), lender)
    assert lender.log[-1] == "gets piper-joe"


@pytest.mark.parametrize(
    ("wish", "voice"),
    [
        (Wish("Where are you?"), "joe"),
        (Wish("Où êtes-vous ?"), "siwis"),
        (Wish("Where are you?", language="fr-CA"), "siwis"),
        (Wish("Où êtes-vous ?", voice="heart"), "heart"),
        (Wish("42", likely="fr"), "siwis"),
    ],
)
async def test_the_voice_is_that_of_the_language_or_the_one_that_is_named(wish: Wish, voice: str) -> None:
    assert chosen(wish).id == voice


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Wish("  "), "the text is empty"),
        (Wish("```\ncode\n```"), "holds no words"),
        (Wish("a" * 20_001), "20001 characters"),
        (Wish("a", language="de"), "No voice speaks 'de'"),
        (Wish("a", voice="nobody"), "There is no voice 'nobody'; there are joe, siwis, heart, michael"),
        (Wish("a", voice="joe", language="fr"), "doesn't speak 'fr'"),
        (Wish("a", speed=3), "not 3 times"),
        (Wish("a", speed=float("nan")), "not nan times"),
    ],
)
async def test_what_cant_be_spoken_is_said_before_a_model_is_loaded(wish: Wish, why: str) -> None:
    lender = VoiceLender(TalkingModel())
    with pytest.raises(InvalidInput, match=why):
        await spoken(wish, lender)
    assert lender.log == []
