"""A model that runs out of memory in the midst of an answer goes on with it on the next step down."""

from __future__ import annotations

from typing import Any

import pytest

from orion_py.errors import OutOfMemory
from orion_py.protocol import FallbackEvent, InferOptions, TokenEvent
from orion_py.runtime.base import Device
from tests.two_models import TALK, TwoModels, engine

GPU = Device(threads=2, webgpu=True, webgpu_name="a gpu")


class Tight(TwoModels):
    """Sessions of ``tight`` backends, ``(backend, threads)``, have room for three runs, or for ``room``."""

    def __init__(self, *tight: tuple[str, int], room: int = 3) -> None:
        super().__init__(device=GPU)
        real = self.runtime.open

        async def open_tight(manifest: Any, variant: Any, threads: int, context: int) -> Any:
            session = await real(manifest, variant, threads, context)
            if (variant.backend, threads) in tight and manifest.model == "tiny":
                forward, runs = session.forward, 0

                async def no_room(tokens: Any, position: int) -> Any:
                    nonlocal runs
                    runs += 1
                    if runs > room:
                        raise OutOfMemory("the GPU has no room for another buffer")
                    return await forward(tokens, position)

                session.forward = no_room  # type: ignore[method-assign]
            return session

        self.runtime.open = open_tight  # type: ignore[method-assign]

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        return [(e.kind, e.from_, e.to) for e in self.of(FallbackEvent)]


async def test_the_answer_goes_on_on_the_processor_where_the_gpu_has_no_more_room() -> None:
    world = Tight(("webgpu", 1))
    made = await engine(world, backend="webgpu")
    response = await made.infer("hello", TALK)
    assert (response.content, response.backend) == ("good day", "WASM, 2 threads")
    assert "".join(e.text for e in world.of(TokenEvent)) == "good day", "nothing is said twice"
    assert world.steps == [("backend", "WebGPU", "WASM, 2 threads")]
    assert world.runtime.sessions[0].closed


async def test_it_isnt_tried_there_again_on_this_visit_and_other_models_still_are() -> None:
    world = Tight(("webgpu", 1))
    made = await engine(world, backend="webgpu")
    await made.infer("hello", TALK)
    await made.models.unload("tiny")
    assert (await made.infer("hello", TALK)).backend == "WASM, 2 threads"
    other = await made.infer("hello", InferOptions(temperature=0, model="big"))
    assert other.backend == "WebGPU"


async def test_each_step_without_room_leads_to_the_next() -> None:
    world = Tight(("webgpu", 1), ("wasm", 2))
    made = await engine(world, backend="webgpu")
    assert (await made.infer("hello", TALK)).backend == "WASM, 1 thread"
    assert [step[2] for step in world.steps] == ["WASM, 2 threads", "WASM, 1 thread"]


async def test_below_the_last_step_the_error_is_told_and_what_was_there_is_given_back() -> None:
    world = Tight(("webgpu", 1), ("wasm", 2), ("wasm", 1), room=1)
    made = await engine(world, backend="webgpu")
    with pytest.raises(OutOfMemory):
        await made.infer("hello", TALK)
    assert all(session.closed for session in world.runtime.sessions)
    assert not made.models.loaded


async def test_what_idles_makes_room_first() -> None:
    world = Tight(("webgpu", 1))
    made = await engine(world, backend="webgpu")
    await made.preload("big")
    await made.infer("hello", TALK)
    assert list(made.models.loaded) == ["tiny"]
