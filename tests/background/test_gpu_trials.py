"""Which models are tried on WebGPU, when, and what an end of the trial means."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orion_py.background.gpu_trials import TRIES
from orion_py.errors import (
    BackendUnavailable,
    DeviceLost,
    DownloadFailed,
    OrionError,
    QuotaExceeded,
    RuntimeFailure,
    ShardCorrupt,
    WorkerDied,
)
from orion_py.opening.backend_checks import BackendChecks
from orion_py.protocol import InferOptions, ProgressEvent
from orion_py.runtime.base import Device
from tests.lite_and_full import BIG_WEIGHTS, LiteAndFull, with_weights
from tests.patient_clock import settled
from tests.tiny import manifest, manifest_json
from tests.two_models import TALK, engine

GPU = Device(threads=2, webgpu=True, webgpu_name="a gpu")
GOLDEN = {"name": "g", "tokens": [5, 6, 30], "top": [[1, 50.0], [2, 0.0], [3, 0.0]]}
SECONDS = {"webgpu": 0.01, "wasm": 0.05}


class WithGpu(LiteAndFull):
    """Each step takes its backend's time; ``gpu_gate`` holds sessions on the GPU as they open."""

    def __init__(self, device: Device = GPU) -> None:
        super().__init__("a", device)
        self.texts["models/tiny/manifest.json"] = manifest_json(golden=[GOLDEN])
        self.texts["models/big/manifest.json"] = with_weights(BIG_WEIGHTS, model="big", golden=[GOLDEN])
        self.seconds = dict(SECONDS)
        self.gpu_gate: asyncio.Event | None = None
        self.gpu_errors: list[OrionError] = []
        self.gpu_opened = 0
        real = self.runtime.open

        async def timed(manifest: Any, variant: Any, threads: int, context: int) -> Any:
            if variant.backend == "webgpu":
                self.gpu_opened += 1
                if self.gpu_gate is not None:
                    await self.gpu_gate.wait()
                if self.gpu_errors:
                    raise self.gpu_errors.pop(0)
            session = await real(manifest, variant, threads, context)
            forward = session.forward

            async def takes_time(tokens: Any, position: int) -> Any:
                self.time.now += self.seconds[variant.backend]
                return await forward(tokens, position)

            session.forward = takes_time  # type: ignore[method-assign]
            return session

        self.runtime.open = timed  # type: ignore[method-assign]

    async def rests(self, seconds: float = 1.5, times: int = 4) -> None:
        for _ in range(times):
            await self.time.passes(seconds)
            for _ in range(60):  # a trial is many steps
                await settled()


async def backends(made: Any) -> dict[str, str]:
    return {key: model.label for key, model in made.models.loaded.items()}


async def test_a_model_that_a_question_loaded_is_tried_without_any_preload() -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    await world.rests()
    assert await backends(made) == {"tiny": "WebGPU"}
    assert (await made.infer("hello", TALK)).backend == "WebGPU"


async def test_on_a_line_that_costs_by_the_byte_the_trial_waits() -> None:
    world = WithGpu()
    world.costly = True
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    await world.rests()
    assert (world.gpu_opened, await backends(made)) == (0, {"tiny": "WASM, 2 threads"})
    world.costly = False
    await made.infer("hello", TALK)
    await world.rests()
    assert await backends(made) == {"tiny": "WebGPU"}


async def test_the_larger_model_that_came_in_the_background_is_tried_too() -> None:
    world = WithGpu()
    made = await engine(world)
    await made.infer("hello", TALK)
    await world.rests(times=12)
    assert await backends(made) == {"tiny": "WebGPU", "big": "WebGPU"}


async def test_an_added_model_is_tried_as_well() -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False)
    world.texts["elsewhere/other/manifest.json"] = manifest_json(model="other", golden=[GOLDEN])
    world.store.remote |= {f"elsewhere/{url[7:]}": data for url, data in world.store.remote.items()}
    added = await made.add_model("elsewhere/other/")
    await made.infer("hello", InferOptions(temperature=0, model=added.id))
    await world.rests()
    assert (await backends(made))["other"] == "WebGPU"


async def test_nothing_is_told_of_its_progress() -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    told = len(world.of(ProgressEvent))
    await world.rests()
    assert await backends(made) == {"tiny": "WebGPU"}
    assert len(world.of(ProgressEvent)) == told


async def test_a_question_ends_the_trial_at_once_and_it_is_made_again_afterwards() -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    gate = world.gpu_gate = asyncio.Event()
    await world.rests(times=1)
    assert world.gpu_opened == 1, "it has begun"
    response = await asyncio.wait_for(made.infer("hello", TALK), 5)
    assert response.backend == "WASM, 2 threads"
    assert response.timings["validating"] == 0
    gate.set()
    world.gpu_gate = None
    await world.rests()
    assert world.gpu_opened == 2
    assert await backends(made) == {"tiny": "WebGPU"}


async def test_a_question_during_the_timed_steps_ends_it_too() -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    steps = 0
    real = world.runtime.open

    async def open_slow(*arguments: Any) -> Any:
        session = await real(*arguments)
        forward = session.forward

        async def slow(tokens: Any, position: int) -> Any:
            nonlocal steps
            steps += 1
            if steps == 4:
                await asyncio.get_running_loop().create_future()
            return await forward(tokens, position)

        session.forward = slow  # type: ignore[method-assign]
        return session

    world.runtime.open = open_slow  # type: ignore[method-assign]
    await world.rests(times=1)
    assert steps == 4
    assert (await asyncio.wait_for(made.infer("hello", TALK), 5)).content == "a"
    await settled()
    gpu = [s for s in world.runtime.sessions if s.report.backend == "webgpu"]
    assert [s.closed for s in gpu] == [True]
    assert not await kept(world), "nothing was found out"


async def kept(world: WithGpu) -> dict[str, Any]:
    """The verdict about tiny on the GPU."""
    m = manifest(golden=[GOLDEN])
    verdict = await BackendChecks(world.settings, GPU).read(m, next(v for v in m.variants if v.backend == "webgpu"))
    return {key: value for key, value in verdict.items() if key in ("preferred", "reason")}


@pytest.mark.parametrize(
    "error",
    [DownloadFailed("no network"), QuotaExceeded("full"), ShardCorrupt("x"), WorkerDied("its script can't be loaded")],
    ids=lambda error: error.code,
)
async def test_a_passing_error_is_no_verdict_and_the_trial_is_made_again(error: OrionError) -> None:
    world = WithGpu()
    world.gpu_errors = [error]
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    await world.rests(times=2)
    assert world.gpu_opened == 1
    assert not await kept(world)
    assert await backends(made) == {"tiny": "WASM, 2 threads"}
    await world.time.passes(70)
    await world.rests()
    assert await backends(made) == {"tiny": "WebGPU"}


@pytest.mark.parametrize(
    "error",
    [BackendUnavailable("no shader"), DeviceLost("gone"), RuntimeFailure("no kernel")],
    ids=lambda error: error.code,
)
async def test_what_the_gpu_did_wrong_is_a_verdict(error: OrionError) -> None:
    world = WithGpu()
    world.gpu_errors = [error]
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    for _ in range(6):
        await world.time.passes(70)
    assert world.gpu_opened == 1
    assert await kept(world) == {"preferred": False, "reason": error.code}


async def test_passing_errors_are_not_tried_for_ever_on_one_visit() -> None:
    world = WithGpu()
    world.gpu_errors = [DownloadFailed("no network") for _ in range(20)]
    made = await engine(world, enable_full_models=False)
    for _ in range(12):
        await made.infer("hello", TALK)
        await world.rests(times=2)
        await world.rests(400, times=1)
    assert world.gpu_opened == TRIES


async def test_a_passing_error_that_an_earlier_version_kept_as_a_verdict_counts_as_none() -> None:
    world = WithGpu()
    m = manifest(golden=[GOLDEN])
    variant = next(v for v in m.variants if v.backend == "webgpu")
    await BackendChecks(world.settings, GPU).keep(m, variant, preferred=False, reason="quota_exceeded")
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    await world.rests()
    assert await backends(made) == {"tiny": "WebGPU"}


async def test_a_winner_takes_over_between_two_turns_and_not_within_one() -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    real, late = world.settings.set, []

    async def then_ask(key: str, value: str) -> None:
        await real(key, value)
        if key.startswith("verdict:") and '"preferred": true' in value and not late:
            late.append(asyncio.ensure_future(made.infer("hello", TALK)))
            await asyncio.sleep(0)

    world.settings.set = then_ask  # type: ignore[method-assign]
    await world.rests()
    assert (await asyncio.wait_for(late[0], 5)).backend == "WASM, 2 threads"
    await world.rests(times=1)
    assert world.gpu_opened == 1, "what was found out is kept, and not found out again"
    assert await backends(made) == {"tiny": "WebGPU"}


async def test_a_model_that_was_forgotten_meanwhile_doesnt_come_back_on_the_gpu() -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    gate = world.gpu_gate = asyncio.Event()
    await world.rests(times=1)
    await made.forget("tiny")
    gate.set()
    await world.rests()
    assert await backends(made) == {}
    assert all(session.closed for session in world.runtime.sessions)


@pytest.mark.parametrize("how", ["stop everything", "shut down"])
async def test_it_is_called_off_with_everything_else(how: str) -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    gate = world.gpu_gate = asyncio.Event()
    await world.rests(times=1)
    if how == "shut down":
        await made.shutdown()
    else:
        made.cancel()
    gate.set()
    await settled()
    await settled()
    assert all(s.closed for s in world.runtime.sessions if s.report.backend == "webgpu")
    assert not await kept(world)


@pytest.mark.parametrize(
    "device",
    [
        Device(threads=2, webgpu=False),
        Device(threads=2, webgpu=True, webgpu_name="a gpu", webgpu_software=True),
    ],
)
async def test_no_gpu_or_one_of_software_isnt_tried(device: Device) -> None:
    world = WithGpu(device)
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", TALK)
    await world.rests()
    assert world.gpu_opened == 0


async def test_a_chosen_backend_leaves_nothing_to_try() -> None:
    world = WithGpu()
    made = await engine(world, enable_full_models=False, backend="wasm")
    await made.infer("hello", TALK)
    await world.rests()
    assert world.gpu_opened == 0
