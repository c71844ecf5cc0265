"""Our kernel fails in the midst of an answer: the next step goes on from the tokens that were there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orion_py.errors import OrionError, RuntimeFailure, WorkerDied
from orion_py.protocol import FallbackEvent, TokenEvent
from orion_py.runtime.base import Device
from tests.two_models import TALK, TwoModels, engine

HERE = Device(threads=2, webgpu=False, webgpu_reason="none", kernel="relaxed-threads-1")
KERNEL = {"id": "kernel", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.05}
MANIFEST = "models/tiny/manifest.json"
RELAXED, PLAIN, WASM = "Kernel, 2 threads", "Kernel, 2 threads, plain SIMD", "WASM, 2 threads"


class Faulty(TwoModels):
    """Sessions of ``faulty`` variants raise ``error`` with their third run."""

    def __init__(self, error: OrionError, *faulty: str, times: int = 10) -> None:
        super().__init__(device=HERE)
        described = json.loads(self.texts[MANIFEST])
        described["variants"].append(KERNEL)
        self.texts[MANIFEST] = json.dumps(described)
        real, left = self.runtime.open, [times]

        async def open_faulty(manifest: Any, variant: Any, threads: int, context: int) -> Any:
            session = await real(manifest, variant, threads, context)
            forward, runs = session.forward, 0

            async def fails(tokens: Any, position: int) -> Any:
                nonlocal runs
                runs += 1
                if runs > 2 and left[0] and variant.id in faulty:
                    left[0] -= 1
                    raise error
                return await forward(tokens, position)

            session.forward = fails  # type: ignore[method-assign]
            return session

        self.runtime.open = open_faulty  # type: ignore[method-assign]

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        return [(e.kind, e.from_, e.to) for e in self.of(FallbackEvent)]


@pytest.mark.parametrize(
    ("faulty", "steps"),
    [
        (["kernel"], [("simd", RELAXED, PLAIN)]),
        (["kernel", "kernel-plain"], [("simd", RELAXED, PLAIN), ("kernel", PLAIN, WASM)]),
    ],
)
async def test_the_answer_goes_on_by_what_does_not_fail(faulty: list[str], steps: list[tuple[str, str, str]]) -> None:
    world = Faulty(RuntimeFailure("unreachable"), *faulty)
    made = await engine(world)
    response = await made.infer("hello", TALK)
    assert (response.content, response.backend) == ("good day", steps[-1][2])
    assert "".join(e.text for e in world.of(TokenEvent)) == "good day", "nothing is said twice"
    assert world.steps == steps
    again = await made.infer("hello", TALK)
    assert (again.content, again.backend) == ("good day", steps[-1][2]), "and isn't tried there on this visit"
    assert world.steps == steps


async def test_a_worker_that_dies_is_replaced_by_its_like() -> None:
    world = Faulty(WorkerDied("it ended"), "kernel", times=1)
    made = await engine(world)
    response = await made.infer("hello", TALK)
    assert (response.content, response.backend) == ("good day", RELAXED)
    assert world.steps == [("worker", RELAXED, RELAXED)]


async def test_where_every_step_fails_the_error_is_told() -> None:
    world = Faulty(RuntimeFailure("unreachable"), "kernel", "kernel-plain", "wasm")
    made = await engine(world)
    with pytest.raises(RuntimeFailure, match="unreachable"):
        await made.infer("hello", TALK)
