"""The engine reads a text aloud for whoever asks: an event for each sentence, with its sound beside it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from orion_py.engine.host import EngineHost
from orion_py.protocol import SoundEvent
from orion_py.residency.senses import Senses
from orion_py.senses.speaking.voices import Samples
from tests.engine.test_host import Wire
from tests.senses.speaking.scripted_voice import TalkingModel, VoiceLender
from tests.tiny import World, says


class SoundingWire(Wire):
    """A host that carries sound; ``sounds``: what it sent."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.sounds: list[tuple[dict[str, Any], Samples]] = []
        self.host = EngineHost(world.ports, self._on_send, send_sound=self._on_sound)

    def _on_sound(self, event: SoundEvent, samples: Samples) -> None:
        self._on_send(event.model_dump_json())
        self.sounds.append((json.loads(event.model_dump_json()), samples))


@pytest.fixture
def lender(monkeypatch: pytest.MonkeyPatch) -> VoiceLender:
    made = VoiceLender(TalkingModel())
    monkeypatch.setattr(Senses, "lent", lambda self, model_id, cancel: made.lent(model_id, cancel))
    return made


async def test_each_sentence_is_an_event_with_its_sound(lender: VoiceLender) -> None:
    wire = SoundingWire(World(says("ok")))
    await wire.ask("initialize")
    end = await wire.ask("speak", text="Hello world. **One** two!", language="en", voice="heart", speed=1.5)
    assert [(event["index"], event["text"], event["rate"], event["last"]) for event, _ in wire.sounds] == [
        (0, "Hello world.", 24_000, False),
        (1, "One two!", 24_000, True),
    ]
    seconds = sum(len(samples) for _, samples in wire.sounds) / 24_000
    assert end["payload"] == {
        "voice": "heart",
        "model": "kokoro-82m",
        "language": "en",
        "sounds": 2,
        "seconds": pytest.approx(seconds, abs=0.001),
    }
    assert lender.model.runs[0]["speed"].tolist() == [1.5]


async def test_a_voice_can_come_into_memory_ahead_of_its_text(lender: VoiceLender) -> None:
    wire = SoundingWire(World(says("ok")))
    await wire.ask("initialize")
    end = await wire.ask("speak", text="", voice="siwis", ahead=True)
    assert end["payload"] == {"voice": "siwis", "model": "kokoro-82m", "language": "fr", "sounds": 0, "seconds": 0}
    assert (lender.log, wire.sounds) == (["lends kokoro-82m", "gets kokoro-82m"], [])


async def test_a_stop_ends_it_at_once(lender: VoiceLender) -> None:
    going = asyncio.Event()

    async def slow(inputs: Any, want: Any) -> Any:
        going.set()
        await asyncio.Event().wait()

    lender.model.run = slow  # type: ignore[method-assign]
    wire = SoundingWire(World(says("ok")))
    await wire.ask("initialize")
    wire.send("speak", text="Hello world.")
    await going.wait()
    await wire.ask("cancel", request="speak")
    assert (await wire.end("speak"))["type"] == "cancelled"
    assert lender.log[-1] == "gets piper-joe"
    assert not wire.sounds


async def test_what_cant_be_had_is_a_typed_error() -> None:
    wire = SoundingWire(World(says("ok")))
    await wire.ask("initialize")
    assert (await wire.ask("speak", text="Hello."))["error"]["code"] == "unknown_model"
    assert (await wire.ask("speak", "empty", text=" "))["error"]["code"] == "invalid_input"
    assert (await wire.ask("speak", "fast", text="Hello.", speed=9))["error"]["code"] == "protocol"
    silent = Wire(World(says("ok")))
    await silent.ask("initialize")
    refused = (await silent.ask("speak", text="Hello."))["error"]
    assert (refused["code"], refused["message"]) == ("invalid_input", "This engine's host carries no sound.")
