"""Behind the protocol: sound comes beside a ``listen`` request, what is said goes back, and the request ends in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed
from orion_py.senses.hearing.resampling import Samples
from orion_py.senses.hearing.transcriber import Ears
from tests.engine.test_host import Wire
from tests.senses.hearing.scripted_ears import ears_that_hear, sound
from tests.tiny import World, says


class Sounds:
    """What a host holds: blocks by request, until somebody reads them."""

    def __init__(self) -> None:
        self.queues: dict[str, asyncio.Queue[Samples | None]] = {}
        self.released: list[str] = []

    def queue(self, request: str) -> asyncio.Queue[Samples | None]:
        return self.queues.setdefault(request, asyncio.Queue())

    async def stream(self, request: str) -> AsyncIterator[Samples]:
        while (block := await self.queue(request).get()) is not None:
            yield block

    def put(self, request: str, samples: Samples) -> None:
        for start in range(0, len(samples), 1600):
            self.queue(request).put_nowait(samples[start : start + 1600])

    def end(self, request: str) -> None:
        self.queue(request).put_nowait(None)

    def release(self, request: str) -> None:
        self.released.append(request)


class LentOnce:
    """Ears that are lent, and given back."""

    def __init__(self, ears: Ears, error: Exception | None = None) -> None:
        self._ears, self._error = ears, error
        self.log: list[str] = []

    @asynccontextmanager
    async def ears(self, cancel: CancelToken) -> AsyncIterator[Ears]:
        if self._error:
            raise self._error
        self.log.append("lent")
        try:
            yield self._ears
        finally:
            self.log.append("given back")


class Scene:
    def __init__(self, *said: str, error: Exception | None = None) -> None:
        self.sounds, self.hearing = Sounds(), LentOnce(ears_that_hear(*said), error)
        world = World(says("hi"))
        world.ports = replace(world.ports, live_sound=self.sounds, hearing=lambda lend: self.hearing)
        self.wire = Wire(world)

    async def begins(self) -> Scene:
        assert (await self.wire.ask("initialize"))["type"] == "result"
        return self

    def events(self, request: str = "listen") -> list[dict[str, Any]]:
        ends = ("result", "error", "cancelled")
        return [each for each in self.wire.sent if each["id"] == request and each["type"] not in ends]


async def settled() -> None:
    for _ in range(2000):
        await asyncio.sleep(0)


async def test_what_is_said_comes_as_events_and_ends_in_all_of_it() -> None:
    scene = await Scene("<0.00> Hello.<1.00>").begins()
    scene.wire.send("listen", language="en")
    scene.sounds.put("listen", sound(("speech", 2), ("silence", 3)))
    await settled()
    assert [event["type"] for event in scene.events()][-2:] == ["final", "turn_end"], "before it is all heard"
    assert (await scene.wire.ask("heard_all", request="listen"))["type"] == "result"
    end = await scene.wire.end("listen")
    assert end["payload"] == {"text": "Hello.", "language": "en", "seconds": 5.0}
    assert scene.hearing.log == ["lent", "given back"]
    assert scene.sounds.released == ["listen"]


async def test_what_was_recorded_while_the_engine_started_is_heard() -> None:
    scene = Scene("<0.00> Hello.<1.00>")
    scene.wire.send("initialize")
    scene.wire.send("listen")
    scene.sounds.put("listen", sound(("speech", 1)))
    scene.wire.send("heard_all", request="listen")
    assert (await scene.wire.end("listen"))["payload"]["text"] == "Hello."


async def test_a_device_that_is_slower_than_speech_leaves_out_partial_texts_and_no_final_one() -> None:
    scene = await Scene("<0.00> Hello.<1.00>").begins()
    scene.wire.send("listen")
    scene.sounds.put("listen", sound(*[("speech", 3), ("silence", 1)] * 3))
    scene.sounds.end("listen")
    await scene.wire.end("listen")
    types = [event["type"] for event in scene.events()]
    assert types.count("final") == 3
    assert types.count("partial") == 0


async def test_it_is_cancelled_while_nobody_says_anything_and_the_next_question_is_answered() -> None:
    scene = await Scene("").begins()
    scene.wire.send("listen")
    scene.sounds.put("listen", np.zeros(1600, np.float32))
    await settled()
    await scene.wire.ask("cancel", request="listen")
    assert (await scene.wire.end("listen"))["type"] == "cancelled"
    assert scene.hearing.log == ["lent", "given back"]
    assert (await scene.wire.ask("infer", query="hello"))["type"] == "result"


async def test_ears_that_cannot_be_had_end_it_in_their_error() -> None:
    scene = await Scene(error=DownloadFailed("HTTP 503")).begins()
    end = await scene.wire.ask("listen")
    assert end["error"]["code"] == "download_failed"
    assert scene.sounds.released == ["listen"]


@pytest.mark.parametrize("language", ["tlh", 5])
async def test_a_language_that_nobody_knows_is_refused(language: Any) -> None:
    scene = await Scene("").begins()
    end = await scene.wire.ask("listen", language=language)
    assert end["error"]["family"] in ("invalid_input", "protocol")


async def test_an_engine_without_ears_says_so() -> None:
    wire = Wire(World(says("hi")))
    await wire.ask("initialize")
    assert (await wire.ask("listen"))["error"]["code"] == "unknown_model"
