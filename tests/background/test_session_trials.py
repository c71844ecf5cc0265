"""Each session of a graph model has a trial of its own on WebGPU, and steps back for itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orion_py.background import session_trial
from orion_py.background.gpu_trials import TRIES, GpuTrials
from orion_py.background.webgpu_report import webgpu_report
from orion_py.cancellation import CancelToken
from orion_py.errors import BackendUnavailable, DeviceLost, OrionError, OutOfMemory, RuntimeFailure, WorkerDied
from orion_py.opening.backend_checks import SessionOn
from orion_py.protocol import FallbackEvent
from orion_py.runtime.base import Device
from orion_py.runtime.graphs import Backend
from orion_py.runtime.scripted_graphs import ScriptedGraphRunner
from orion_py.telemetry.log import Logger
from tests.residency.test_senses import Place
from tests.tiny_graphs import ONE

GPU = Device(threads=2, webgpu=True, webgpu_name="a gpu", onnxruntime="1")
SECONDS: dict[tuple[str, str], float] = {
    ("doubles", "webgpu"): 0.1,
    ("appends", "webgpu"): 0.5,
    ("reads", "webgpu"): 0.1,
}
"""Of a run; else it takes 0.3 s."""


class WithGpu(Place):
    """A place with a GPU, on which each session takes its time; ``trials`` as an engine has them."""

    def __init__(self, models: Path, device: Device = GPU, **config: object) -> None:
        self.device, self.seconds = device, dict(SECONDS)
        super().__init__(models, **config)
        self.graphs.on_run = self.takes_time

    def takes_time(self, session: str, backend: Backend) -> None:
        self.world.clock.now += self.seconds.get((session, backend), 0.3)

    def visit(self) -> None:
        self.world.runtime._device = self.device
        super().visit()

        @asynccontextmanager
        async def alone(cancel: CancelToken) -> AsyncIterator[None]:
            yield

        self.trials = GpuTrials(self.manager, self.registry, self.world.ports, Logger(), alone, lambda: True)

    async def tried(self) -> dict[str, Any] | None:
        found = await self.trials.consider("tiny-graphs")
        return None if found is None else dict(found)

    @property
    def on_gpu(self) -> set[str]:
        return set(self.manager.senses["tiny-graphs"].on_gpu)

    async def verdict(self, session: str) -> dict[str, Any]:
        return await (await self.manager.graphs.backends.checks()).read(self.manifest, SessionOn(session, "webgpu"))

    async def states(self) -> dict[str, str]:
        rows = await webgpu_report(self.manager.config, self.device, self.manager)
        return {row["session"]: row["state"] for row in rows}


@pytest.fixture
def place(tmp_path: Path) -> WithGpu:
    return WithGpu(tmp_path)


def gives_seven(inputs: Any) -> dict[str, Any]:
    return {"sum": np.array(7, np.float32)}


async def test_the_faster_sessions_take_over_and_the_slower_ones_stay(place: WithGpu) -> None:
    assert await place.run() == 3
    assert (await place.states()) == dict.fromkeys(("doubles", "appends", "reads"), "untried")
    found = await place.tried()
    assert found is not None
    assert {name: round(result.speedup, 1) for name, result in found.items()} == {
        "doubles": 3.0,
        "reads": 3.0,
        "appends": 0.6,
    }
    assert place.on_gpu == {"doubles", "reads"}
    first, copy = place.graphs.runners
    assert (first.closed, copy.closed, copy.on_gpu) == (True, False, {"doubles", "reads"})
    assert await place.states() == {"doubles": "serves", "reads": "serves", "appends": "slower"}
    assert await place.run() == 3
    assert await place.tried() is None, "all is known"


async def test_a_later_visit_begins_on_the_winners_and_makes_no_golden_run(place: WithGpu) -> None:
    await place.run()
    await place.tried()
    place.visit()
    assert await place.run() == 3
    assert place.on_gpu == {"doubles", "reads"}
    assert place.graphs.runners[-1].runs == ["doubles"]
    assert await place.tried() is None


async def test_a_session_that_is_wrong_there_spoils_no_other(place: WithGpu) -> None:
    place.graphs.gpu_answers = {"reads": gives_seven}
    await place.run()
    await place.tried()
    assert place.on_gpu == {"doubles"}
    assert await place.states() == {"doubles": "serves", "appends": "slower", "reads": "wrong"}
    place.visit()
    await place.run()
    assert (place.on_gpu, await place.tried()) == ({"doubles"}, None)


@pytest.mark.parametrize("error", [BackendUnavailable("no shader"), RuntimeFailure("no kernel")], ids=lambda e: e.code)
async def test_a_session_that_cannot_be_made_there_is_a_verdict_of_its_own(place: WithGpu, error: OrionError) -> None:
    place.graphs.failures["place doubles"] = [error]
    await place.run()
    await place.tried()
    assert place.on_gpu == {"reads"}
    assert await place.verdict("doubles") == {"preferred": False, "reason": error.code}
    assert (await place.states())["doubles"] == "failed"


async def test_a_session_that_fails_as_it_runs_there_is_one_too(place: WithGpu) -> None:
    place.graphs.gpu_failures = {"reads": [DeviceLost("gone")]}
    await place.run()
    await place.tried()
    assert place.on_gpu == {"doubles"}
    assert (await place.verdict("reads"))["reason"] == "device_lost"


async def test_a_session_for_which_the_gpu_is_too_small_now_is_tried_again(place: WithGpu) -> None:
    place.graphs.failures["place doubles"] = [OutOfMemory("full")]
    await place.run()
    await place.tried()
    assert (place.on_gpu, await place.verdict("doubles")) == ({"reads"}, {})
    found = await place.tried()
    assert found is not None
    assert set(found) == {"doubles"}
    assert place.on_gpu == {"doubles", "reads"}, "the one that had won stays"


async def test_a_worker_that_dies_in_the_trial_is_no_verdict_and_not_tried_for_ever(place: WithGpu) -> None:
    place.graphs.failures["place"] = [WorkerDied("gone") for _ in range(9)]
    await place.run()
    for _ in range(9):
        await place.trials.poll()
        place.world.clock.now += 3600
    assert len(place.graphs.runners) == 1 + TRIES
    assert [runner.closed for runner in place.graphs.runners] == [False] + [True] * TRIES
    assert [await place.verdict(name) for name in place.manifest.sessions] == [{}, {}, {}]


async def test_a_question_ends_the_trial_and_the_model_serves_as_before(place: WithGpu) -> None:
    await place.run()

    def asked(session: str, backend: Backend) -> None:
        place.takes_time(session, backend)
        if backend == "webgpu":
            place.trials.give_way()

    place.graphs.on_run = asked
    assert await place.tried() is None
    assert [runner.closed for runner in place.graphs.runners] == [False, True]
    assert place.on_gpu == set()
    place.graphs.on_run = place.takes_time
    assert await place.tried() is not None


async def test_a_model_that_is_lent_changes_once_it_is_given_back(place: WithGpu) -> None:
    async with place.senses.lent("tiny-graphs", CancelToken()) as model:
        trial = asyncio.ensure_future(place.tried())
        for _ in range(200):
            await asyncio.sleep(0)
        assert not trial.done()
        assert float((await model.graph("doubles").run({"x": ONE}))["y"][0, 0]) == 3
        assert place.on_gpu == set()
    await trial
    assert place.on_gpu == {"doubles", "reads"}


async def test_a_gpu_that_hangs_as_it_is_timed_loses_that_session_alone(
    place: WithGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.run()
    monkeypatch.setattr(session_trial, "PATIENCE_S", 0)
    real, made = ScriptedGraphRunner.run, 0

    async def hangs(runner: ScriptedGraphRunner, session: str, *rest: Any) -> Any:
        nonlocal made
        if session == "doubles" and session in runner.on_gpu:
            made += 1
            if made > len(place.manifest.sessions):  # each placement was checked by one
                await asyncio.get_running_loop().create_future()
        return await real(runner, session, *rest)

    monkeypatch.setattr(ScriptedGraphRunner, "run", hangs)
    found = await place.tried()
    assert found is not None
    assert {name: error.code for name, error in found.items()} == {"doubles": "inference_timeout"}
    assert [runner.closed for runner in place.graphs.runners] == [False, True]
    assert (await place.states())["doubles"] == "failed"
    await place.tried()
    assert place.on_gpu == {"reads"}, "the others are tried another time"


async def test_while_somebody_is_heard_no_trial_begins(place: WithGpu) -> None:
    await place.run()
    async with place.senses.lent("tiny-graphs", CancelToken()):
        await place.trials.poll()
        assert len(place.graphs.runners) == 1
    await place.trials.poll()
    assert place.on_gpu == {"doubles", "reads"}


async def test_a_session_that_fails_in_use_goes_on_here_and_what_was_found_out_is_forgotten(place: WithGpu) -> None:
    await place.run()
    await place.tried()
    place.graphs.runners[-1].gpu_failures = {"doubles": [DeviceLost("the driver was updated")]}
    assert await place.run() == 3, "answered all the same"
    assert place.on_gpu == {"reads"}
    steps = [e for e in place.world.events if isinstance(e, FallbackEvent)]
    assert [(e.kind, e.from_, e.to, e.reason_code) for e in steps] == [
        ("session", "Tiny graphs, doubles: WebGPU", "Tiny graphs, doubles: WASM", "device_lost")
    ]
    assert await place.verdict("doubles") == {}
    assert (await place.states())["doubles"] == "failed"
    assert await place.tried() is None, "not again in this visit"
    place.visit()
    await place.run()
    assert place.on_gpu == {"reads"}
    await place.tried()
    assert place.on_gpu == {"doubles", "reads"}, "another visit finds out anew"


async def test_a_worker_that_dies_in_use_may_have_died_of_the_gpu(place: WithGpu) -> None:
    await place.run()
    await place.tried()
    place.graphs.runners[-1].failures["run"] = [WorkerDied("gone")]
    with pytest.raises(WorkerDied):
        await place.run()
    assert await place.run() == 3
    assert place.on_gpu == set()


async def test_another_gpu_driver_name_or_onnxruntime_is_tried_anew(place: WithGpu) -> None:
    await place.run()
    await place.tried()
    for device in (replace(GPU, webgpu_name="another"), replace(GPU, onnxruntime="2")):
        place.device = device
        place.visit()
        await place.run()
        assert place.on_gpu == set()
        assert await place.tried() is not None


@pytest.mark.parametrize(
    ("device", "backend"),
    [
        (Device(threads=2, webgpu=False), "auto"),
        (replace(GPU, webgpu_software=True), "auto"),
        (GPU, "wasm"),
    ],
    ids=["no GPU", "one of software", "the processor is asked for"],
)
async def test_where_nothing_is_to_be_tried_nothing_is(tmp_path: Path, device: Device, backend: str) -> None:
    place = WithGpu(tmp_path, device, backend=backend)
    await place.run()
    assert await place.tried() is None
    assert len(place.graphs.runners) == 1
    assert set((await place.states()).values()) <= {"absent", "software", "off"}


@pytest.mark.parametrize("software", [False, True])
async def test_who_asks_for_webgpu_gets_it_at_once_where_it_is_right(tmp_path: Path, software: bool) -> None:
    place = WithGpu(tmp_path, replace(GPU, webgpu_software=software), backend="webgpu")
    place.graphs.gpu_answers = {"reads": gives_seven}
    assert await place.run() == 3
    assert place.on_gpu == {"doubles", "appends"}, "slower as it may be"
    (step,) = [e for e in place.world.events if isinstance(e, FallbackEvent)]
    assert (step.from_, step.reason_code) == ("Tiny graphs, reads: WebGPU", "golden_mismatch")
    place.visit()
    place.world.events.clear()
    assert await place.run() == 3
    assert place.on_gpu == {"doubles", "appends"}
    assert place.graphs.runners[-1].runs == ["doubles"], "the verdicts are kept"
    assert not [e for e in place.world.events if isinstance(e, FallbackEvent)]


async def test_a_choice_of_wasm_brings_winners_back_with_the_next_load(place: WithGpu) -> None:
    await place.run()
    await place.tried()
    place.config = place.config.model_copy(update={"backend": "wasm"})
    place.visit()
    await place.run()
    assert place.on_gpu == set()
    assert set((await place.states()).values()) == {"off"}


async def test_a_session_with_operators_that_webgpu_lacks_is_never_tried(tmp_path: Path) -> None:
    place = WithGpu(tmp_path, backend="webgpu")
    sessions = dict(place.manifest.sessions)
    sessions["doubles"] = sessions["doubles"].model_copy(update={"unfit_for_gpu": ("MatMulInteger",)})
    unfit = place.manifest.model_copy(update={"sessions": sessions})
    place.world.texts["models/tiny-graphs/manifest.json"] = unfit.model_dump_json()
    await place.run()
    assert place.on_gpu == {"appends", "reads"}
    assert (await place.states())["doubles"] == "none"
