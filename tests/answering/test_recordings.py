"""A question on recordings, from the engine's face to its answer: they are heard first, then it is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import (
    AttachmentBroken,
    Cancelled,
    CircuitOpen,
    DeadlineExceeded,
    EmptyQuery,
    NobodySpeaks,
    OrionError,
    OutOfMemory,
    UnreadableSound,
)
from orion_py.protocol import AdvanceEvent, Event, FallbackEvent, InferOptions, SenseEvent, StateEvent, TokenEvent
from orion_py.runtime.attachments import HeldAttachments, Sound
from orion_py.senses.hearing.resampling import RATE, Samples
from orion_py.senses.hearing.transcriber import Ears
from tests.answering.test_pictures import PICTURE, SIGN, ScriptedSight, see
from tests.senses.hearing.scripted_ears import ears_that_hear, sound
from tests.senses.scenes.reports import ROOT
from tests.tiny import REGISTRY, LetterTokenizer, World, says

COMET = b"somebody asks what a comet is"
SPOKEN = sound(("silence", 1), ("speech", 3), ("silence", 1))
SOUNDS = {
    COMET: SPOKEN,
    b"two sentences": sound(("speech", 3), ("silence", 3), ("speech", 3), ("silence", 1)),
    b"silence": sound(("silence", 4)),
    b"nothing": sound(),
}


class ScriptedHearing:
    """Hears in each window what is ``said``. ``fails``: what opening it raises."""

    def __init__(self, *said: str, fails: OrionError | None = None) -> None:
        self.said, self.fails, self.opened = said, fails, 0

    @asynccontextmanager
    async def ears(self, cancel: CancelToken) -> AsyncIterator[Ears]:
        if self.fails is not None:
            raise self.fails
        self.opened += 1
        yield ears_that_hear(*self.said)


async def hear(data: bytes) -> Sound:
    if data not in SOUNDS:
        raise AttachmentBroken("It isn't a recording.")
    samples = SOUNDS[data]

    async def blocks() -> AsyncIterator[Samples]:
        for start in range(0, len(samples), RATE):
            yield np.asarray(samples[start : start + RATE], np.float32)

    return Sound(blocks(), len(samples) / RATE)


def registry() -> dict[str, object]:
    listed = json.loads((ROOT / "models.json").read_text("utf-8"))
    agents = [agent for agent in listed["agents"] if agent["id"] in ("vision", "speech")]
    lists = {name: listed[name] for name in ("absent", "senses")}
    return {**REGISTRY, **lists, "agents": [*REGISTRY["agents"], *agents]}


class Place:
    """An engine whose ears hear ``said``, and whose model says "a snowball"."""

    def __init__(self, *said: str, fails: OrionError | None = None, answer: str = "a snowball") -> None:
        self.prompts: list[str] = []
        script = says(answer)

        def recorded(tokens: list[int]) -> int:
            self.prompts.append(LetterTokenizer().decode(tokens))
            return int(script(tokens))

        self.world, self.hearing = World(recorded), ScriptedHearing(*said, fails=fails)
        self.events: list[Event] = []
        self.world.texts["models.json"] = json.dumps(registry())
        self.world.ports = replace(
            self.world.ports,
            hearing=lambda lend: self.hearing,
            sight=lambda lend: ScriptedSight(SIGN),
            attachments=HeldAttachments(see=see, hear=hear),
        )

    async def engine(self, config: EngineConfig | None = None) -> Engine:
        return await Engine.start(config or EngineConfig(), self.world.ports, subscribers=[self.events.append])

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if type(event) is kind]


async def test_whoever_asks_for_the_words_gets_them_without_a_model_as_they_are_heard() -> None:
    place = Place("<0.20> Good day.<2.80>", "<0.10> And good night.<2.90>")
    made = await place.engine()
    response = await made.infer("Transcribe this", audio=[b"two sentences"])
    assert (response.agent, response.model, response.content) == (
        "speech",
        "whisper-base",
        "Good day. And good night.",
    )
    assert response.routing.router == "attachment"
    assert not place.world.runtime.sessions
    tokens = [event.text for event in place.events if isinstance(event, TokenEvent)]
    assert tokens == ["Good day.", " And good night."]
    recording = response.notes["recordings"][0]
    assert [segment["text"] for segment in recording["segments"]] == ["Good day.", "And good night."]
    assert recording["srt"].startswith("1\n00:00:0")
    assert recording["vtt"].startswith("WEBVTT\n")
    assert response.timings["hearing"] >= 0


async def test_without_words_of_ones_own_what_is_said_is_the_question() -> None:
    place = Place("<0.20> What is a comet?<2.80>")
    made = await place.engine()
    response = await made.infer("", audio=[COMET])
    assert (response.agent, response.content) == ("conversation", "a snowball")
    assert "what is a comet?" in place.prompts[0]
    assert response.notes["recordings"][0]["text"] == "What is a comet?"
    states = [(event.previous, event.state) for event in place.events if isinstance(event, StateEvent)]
    assert ("loading_agent", "routing") in states
    with pytest.raises(EmptyQuery):
        await made.infer("  ")


async def test_another_question_gets_what_is_said_below_it() -> None:
    place = Place("<0.20> What is a comet?<2.80>")
    made = await place.engine()
    await made.infer("Is that a hard question", audio=[COMET])
    assert "is that a hard question??the recording says??what is a comet?" in place.prompts[0]


async def test_the_agent_for_speech_writes_down_whatever_is_asked() -> None:
    made = await Place("<0.20> What is a comet?<2.80>").engine()
    response = await made.infer("Is that hard?", InferOptions(force_agent="speech"), audio=[COMET])
    assert (response.content, response.routing.router) == ("What is a comet?", "forced")


async def test_another_agent_that_was_chosen_answers_what_was_heard() -> None:
    made = await Place("<0.20> What is a comet?<2.80>").engine()
    response = await made.infer("", InferOptions(force_agent="conversation"), audio=[COMET])
    assert (response.agent, response.content) == ("conversation", "a snowball")


async def test_several_recordings_are_heard_in_their_order_and_a_silent_one_among_them_is_told() -> None:
    place = Place("<0.20> One.<2.80>", "<0.20> Two.<2.80>")
    made = await place.engine()
    response = await made.infer("Transcribe them", audio=[COMET, b"silence", b"two sentences"])
    assert response.content == "One.\n\nTwo. Two."
    assert [len(each["segments"]) for each in response.notes["recordings"]] == [1, 0, 2]
    heard = [event for event in place.events if isinstance(event, SenseEvent)]
    assert (heard[0].sense, heard[0].done, heard[0].total) == ("speech", 0, 19)
    assert heard[-1].done == 19
    assert [event.done for event in heard] == sorted(event.done for event in heard)


async def test_a_picture_is_looked_at_with_what_was_heard() -> None:
    place = Place("<0.20> What does the sign say?<2.80>")
    made = await place.engine()
    response = await made.infer("", images=[PICTURE], audio=[COMET])
    assert response.agent == "vision"
    assert "Ausgang" in response.content
    assert response.notes["recordings"][0]["text"] == "What does the sign say?"
    assert response.notes["scenes"]


async def test_progress_never_falls_and_grows_as_the_recording_is_heard() -> None:
    place = Place("<0.20> Good day.<2.80>")
    made = await place.engine()
    await made.infer("Transcribe this", audio=[b"two sentences"])
    moved = [event.progress for event in place.events if isinstance(event, StateEvent | AdvanceEvent)]
    ended = moved.index(100)
    assert moved[: ended + 1] == sorted(moved[: ended + 1])
    assert [event.progress for event in place.of(AdvanceEvent) if isinstance(event, AdvanceEvent)]


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"silence", NobodySpeaks, "Nobody speaks"),
        (b"nothing", UnreadableSound, "0 seconds"),
        (b"broken", AttachmentBroken, "isn't a recording"),
    ],
)
async def test_what_cannot_be_heard_fails_the_question_in_words_and_the_next_is_answered(
    data: bytes, error: type[OrionError], words: str
) -> None:
    place = Place("<0.20> What is a comet?<2.80>")
    made = await place.engine()
    for prompt in ("", "Transcribe this"):
        with pytest.raises(error, match=words):
            await made.infer(prompt, audio=[data])
    assert (await made.infer("", audio=[COMET])).content == "a snowball"
    assert place.hearing.opened == (3 if data == b"silence" else 1), "no model is loaded for what can't be decoded"


@pytest.mark.parametrize("error", [OutOfMemory("no room"), CircuitOpen("it failed too often", retry_in_s=9)])
async def test_ears_that_fail_fail_the_question_and_not_the_engine(error: OrionError) -> None:
    place = Place("<0.20> What is a comet?<2.80>", fails=error)
    made = await place.engine()
    with pytest.raises(type(error)):
        await made.infer("", audio=[COMET])
    assert (await made.infer("hello")).content == "a snowball"
    place.hearing.fails = None
    assert (await made.infer("", audio=[COMET])).content == "a snowball"


async def test_hearing_is_stopped_at_once_and_what_was_shown_is_kept() -> None:
    place = Place("<0.20> Good day.<2.80>")
    made = await place.engine()
    cancel = CancelToken()

    def on_token(event: Event) -> None:
        if isinstance(event, TokenEvent):
            cancel.cancel()

    made.subscribe(on_token)
    with pytest.raises(Cancelled) as stopped:
        await made.infer("Transcribe this", audio=[b"two sentences"], cancel=cancel)
    assert stopped.value.partial == "Good day."
    assert (await made.infer("hello")).content == "a snowball"


async def test_a_time_limit_ends_hearing_with_what_was_heard_or_with_an_error() -> None:
    place = Place("<0.20> Good day.<2.80>")
    waiting = asyncio.Event()

    async def slow(data: bytes) -> Sound:
        found = await hear(data)

        async def blocks() -> AsyncIterator[Samples]:
            count = 0
            async for block in found.blocks:
                count += 1
                if count == 7:
                    await waiting.wait()
                yield block

        return Sound(blocks(), found.seconds)

    place.world.ports = replace(place.world.ports, attachments=HeldAttachments(hear=slow))
    made = await place.engine()
    response = await made.infer("Transcribe this", InferOptions(timeout=5), audio=[b"two sentences"])
    assert (response.finish_reason, response.content) == ("timeout", "Good day.")
    with pytest.raises(DeadlineExceeded):
        await made.infer("Answer this", InferOptions(timeout=5), audio=[b"two sentences"])


async def test_what_no_model_can_read_at_once_is_written_down() -> None:
    place = Place("<0.20> What is a comet?<2.80>")
    made = await place.engine(EngineConfig(max_query_chars=12))
    response = await made.infer("", audio=[COMET])
    assert response.content.startswith("What is said is too long")
    assert response.content.endswith("What is a comet?")
    assert (response.agent, response.model) == ("speech", "whisper-base")
    assert [
        event for event in place.events if isinstance(event, FallbackEvent) and event.reason_code == "query_too_long"
    ]


async def test_what_does_not_fit_the_models_context_is_written_down_too() -> None:
    made = await Place("<0.20> What is a comet?<2.80>").engine()
    response = await made.infer("tell me all about it " * 20, audio=[COMET])
    assert response.agent == "speech"
    assert response.content.endswith("at once. Here it is in writing:\n\nWhat is a comet?")


async def test_an_agent_for_speech_that_is_switched_off_hears_nothing() -> None:
    place = Place("<0.20> What is a comet?<2.80>")
    made = await place.engine(EngineConfig(disabled_agents=["speech"]))
    response = await made.infer("Transcribe this", audio=[COMET])
    assert "switched off" in response.content
    assert not place.hearing.opened


async def test_without_a_recording_it_is_asked_for() -> None:
    made = await Place("").engine()
    response = await made.infer("Transcribe this", InferOptions(force_agent="speech"))
    assert response.content.startswith("Attach the recording")
    french = await made.infer("Transcris cet enregistrement", InferOptions(force_agent="speech"), locale="fr")
    assert french.content.startswith("Joignez l'enregistrement")
