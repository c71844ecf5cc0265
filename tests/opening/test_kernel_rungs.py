"""Our own kernel as a rung of the ladder: believed once it was checked, chosen by a setting, stepped down from."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.errors import (
    BackendUnavailable,
    GoldenMismatch,
    OrionError,
    OutOfMemory,
    RuntimeFailure,
    SimdMissing,
    WorkerDied,
)
from orion_py.manifest.reading import parse_manifest
from orion_py.memory.needs import memory_needed
from orion_py.opening.ladder import Step
from orion_py.runtime.base import Device
from tests.opening.kernel_world import (
    ENTRY,
    GPU,
    HERE,
    NO_RELAXED,
    PLAIN,
    SLOWER,
    label,
    manager,
    steps,
    world,
    wrong_on_the_kernel,
)
from tests.tiny import GRAPH, World, manifest_json, sha


async def test_the_kernel_comes_before_onnxruntime_and_fetches_no_graph() -> None:
    w = world()
    m = manager(w)
    assert await label(m) == "Kernel, 2 threads"
    assert w.runtime.opened == [("kernel", 2)]
    assert sha(GRAPH) not in await w.store.sizes()


@pytest.mark.parametrize("runner", ["auto", "kernel"])
async def test_a_device_without_it_computes_with_onnxruntime(runner: str) -> None:
    w = world(device=replace(HERE, kernel="", kernel_reason="no SIMD"))
    assert await label(manager(w, runner=runner)) == "WASM, 2 threads"
    assert steps(w) == []


async def test_a_browser_without_simd_is_told_before_anything_is_downloaded() -> None:
    w = world(device=replace(HERE, kernel="", kernel_reason="no SIMD", simd=False))
    with pytest.raises(SimdMissing, match="no SIMD"):
        await label(manager(w))
    assert w.runtime.opened == []
    assert w.store.requests == []
    assert steps(w) == []


async def test_a_setting_keeps_it_away() -> None:
    assert await label(manager(world(), runner="onnxruntime")) == "WASM, 2 threads"


async def test_exact_weights_are_onnxruntimes_as_before() -> None:
    assert await label(manager(world(exact=True), exact=True, runner="kernel")) == "WASM, 2 threads, exact"


async def test_wrong_results_step_down_to_plain_simd_then_to_onnxruntime_and_are_remembered() -> None:
    w, _ = wrong_on_the_kernel()
    assert await label(manager(w)) == "WASM, 2 threads"
    assert steps(w) == [
        ("simd", "Kernel, 2 threads", PLAIN, "golden_mismatch"),
        ("kernel", *SLOWER, "golden_mismatch"),
    ]
    assert w.runtime.opened == [("kernel", 2), ("kernel-plain", 2), ("wasm", 2)], "one thread would compute the same"
    assert w.runtime.sessions[0].closed
    assert w.runtime.sessions[1].closed
    w.runtime.opened.clear()
    assert await label(manager(w)) == "WASM, 2 threads"
    assert w.runtime.opened == [("wasm", 2)]


async def test_relaxed_simd_that_computes_wrongly_is_done_without_from_then_on() -> None:
    answers = iter([2])
    w = world(lambda tokens: next(answers, 1))
    assert await label(manager(w)) == PLAIN
    assert steps(w) == [("simd", "Kernel, 2 threads", PLAIN, "golden_mismatch")]
    w.runtime.opened.clear()
    assert await label(manager(w)) == PLAIN
    assert w.runtime.opened == [("kernel-plain", 2)]


async def test_a_device_without_relaxed_simd_has_no_such_step() -> None:
    w = world(lambda tokens: 2, device=NO_RELAXED)
    with pytest.raises(GoldenMismatch):
        await label(manager(w))
    assert w.runtime.opened == [("kernel", 2), ("wasm", 2), ("wasm", 1)]


async def test_no_shared_memory_means_one_thread_and_no_step_to_it() -> None:
    """Nor does one core. ``Device.threads`` is 1 where memory can't be shared (web/bridge/worker/engine/device.js)."""
    w = world(device=replace(HERE, threads=1, isolated=False, kernel="relaxed-1"))
    w.runtime.failures["build"] = [RuntimeFailure("a trap")]
    assert await label(manager(w)) == "Kernel, 1 thread, plain SIMD"
    assert w.runtime.opened == [("kernel", 1), ("kernel-plain", 1)]


async def test_another_build_of_it_is_judged_anew() -> None:
    w, wrong = wrong_on_the_kernel()
    await label(manager(w))
    wrong.clear()
    w.runtime._device = replace(HERE, kernel="relaxed-threads-2")
    assert await label(manager(w)) == "Kernel, 2 threads"


async def test_right_results_are_checked_once() -> None:
    w = world()
    await label(manager(w))
    await label(manager(w))
    assert [len(session.calls) for session in w.runtime.sessions] == [2, 0]


async def test_whoever_asks_for_it_has_it_tried_again() -> None:
    w, wrong = wrong_on_the_kernel()
    await label(manager(w))
    wrong.clear()
    assert await label(manager(w, runner="kernel")) == "Kernel, 2 threads"


async def test_where_it_cannot_run_onnxruntime_does() -> None:
    w = world()
    w.runtime.failures["open"] = [BackendUnavailable("not this model"), BackendUnavailable("nor the plain one")]
    assert await label(manager(w)) == "WASM, 2 threads"
    assert steps(w)[1:] == [("kernel", *SLOWER, "backend_unavailable")]


async def test_what_fails_with_threads_is_tried_with_one() -> None:
    w = world()
    w.runtime.failures["build"] = [RuntimeFailure("a trap"), OutOfMemory()]
    assert await label(manager(w)) == "WASM, 2 threads"
    assert [step[1:3] for step in steps(w)] == [
        ("Kernel, 2 threads", "Kernel, 1 thread"),
        ("Kernel, 1 thread", "WASM, 2 threads"),
    ], "the plain build would take as much memory"


async def test_what_traps_on_any_number_of_threads_is_tried_without_relaxed_simd() -> None:
    w = world()
    w.runtime.failures["build"] = [RuntimeFailure("a trap"), RuntimeFailure("a trap")]
    assert await label(manager(w)) == PLAIN
    assert [step[0] for step in steps(w)] == ["threads", "simd"]


async def test_wrong_on_every_runner_is_refused() -> None:
    w = world(lambda tokens: 2)
    with pytest.raises(GoldenMismatch):
        await label(manager(w))
    assert w.runtime.opened == [("kernel", 2), ("kernel-plain", 2), ("wasm", 2), ("wasm", 1)]


async def test_another_runner_that_is_chosen_takes_over_with_the_next_question() -> None:
    w = world()
    m = manager(w)
    assert await label(m) == "Kernel, 2 threads"
    m.config = EngineConfig(runner="onnxruntime")
    assert await label(m) == "WASM, 2 threads"
    m.config = EngineConfig(runner="kernel")
    assert await label(m) == "Kernel, 2 threads"
    m.config = EngineConfig(runner="auto")
    assert await label(m) == "Kernel, 2 threads"
    assert len(w.runtime.sessions) == 3


async def test_what_stepped_down_stays_where_it_is() -> None:
    w = world()
    w.runtime.failures["open"] = [BackendUnavailable("not now"), BackendUnavailable("not now")]
    m = manager(w)
    for _ in range(2):
        assert await label(m) == "WASM, 2 threads"
    assert len(w.runtime.sessions) == 1


async def test_out_of_memory_in_an_answer_goes_on_below_it() -> None:
    w = world()
    m = manager(w)
    model = await m.acquire(ENTRY, CancelToken())
    assert await m.step_down(ENTRY, model) == Step("threads", "Kernel, 1 thread")
    assert await m.step_down(ENTRY, await m.acquire(ENTRY, CancelToken())) == Step("kernel", "WASM, 2 threads")


async def prefers_gpu(w: World, **verdict: Any) -> str:
    m = manager(w)
    manifest = await m.opener.source.obtain(ENTRY)
    await m.opener.ladder.backend_checks(GPU).keep(
        manifest, manifest.variant("webgpu"), preferred=True, right=True, **verdict
    )
    return await label(m)


async def test_a_gpu_has_to_be_faster_than_the_kernel_and_not_than_what_was_before() -> None:
    assert await prefers_gpu(world(device=GPU)) == "Kernel, 2 threads"
    assert await prefers_gpu(world(device=GPU), against="onnxruntime") == "Kernel, 2 threads"
    assert await prefers_gpu(world(device=GPU), against="kernel") == "WebGPU"


async def test_the_kernel_that_is_asked_for_comes_before_a_gpu_that_is_faster() -> None:
    w = world(device=GPU)
    await prefers_gpu(w, against="kernel")
    assert await label(manager(w, runner="kernel")) == "Kernel, 2 threads"
    assert await label(manager(w, runner="kernel", backend="webgpu")) == "WebGPU"


async def test_a_thread_that_is_lost_is_said_and_the_label_tells_what_computes() -> None:
    w = world()
    m = manager(w)
    model = await m.acquire(ENTRY, CancelToken())
    w.runtime.sessions[0].threads_left = 1
    assert model.label == "Kernel, 1 thread"
    await model.measure_memory()
    await model.measure_memory()
    assert steps(w) == [("threads", "Kernel, 2 threads", "Kernel, 1 thread", "worker_died")], "once"


async def test_a_model_whose_thread_was_lost_still_steps_down_when_memory_ends() -> None:
    w = world()
    m = manager(w)
    model = await m.acquire(ENTRY, CancelToken())
    w.runtime.sessions[0].threads_left = 1
    assert await m.step_down(ENTRY, model) == Step("threads", "Kernel, 1 thread")
    assert await m.step_down(ENTRY, await m.acquire(ENTRY, CancelToken())) == Step("kernel", "WASM, 2 threads")


HEAVY = ENTRY.model_copy(update={"memory_bytes": 100_000_000, "onnxruntime_memory_bytes": 400_000_000})


async def test_what_steps_down_to_onnxruntime_is_weighed_as_what_it_takes_there() -> None:
    w = world()
    w.runtime.failures["open"] = [BackendUnavailable("no"), BackendUnavailable("no")]
    m = manager(w, max_memory_mb=300)
    with pytest.raises(OutOfMemory, match="needs 400 MB"):
        await m.acquire(HEAVY, CancelToken())
    assert [variant for variant, _ in w.runtime.opened] == ["kernel", "kernel-plain"], "refused before it is loaded"
    model = await m.acquire(HEAVY, CancelToken())
    assert model.label == "Kernel, 2 threads", "the kernel fits"


@pytest.mark.parametrize(
    ("device", "config", "bytes_"),
    [
        (HERE, {}, 100_000_000),
        (HERE, {"runner": "onnxruntime"}, 400_000_000),
        (replace(HERE, kernel=""), {}, 400_000_000),
    ],
)
async def test_memory_counts_what_computes_here_from_the_beginning(
    device: Device, config: dict[str, Any], bytes_: int
) -> None:
    w = world(device=device)
    m = manager(w, **config)
    seen: list[int] = []
    w.runtime.on_call = lambda name: seen.append(m.memory().used_bytes)
    await m.acquire(HEAVY, CancelToken())
    assert set(seen) == {bytes_}


async def test_a_shorter_context_takes_less_of_the_memory_by_onnxruntime() -> None:
    manifest = parse_manifest(manifest_json())
    wasm = manifest.variant("wasm")
    needed = [memory_needed(HEAVY, manifest, wasm, tokens) for tokens in (2048, 8, 4)]
    cell = 2 * manifest.architecture.layers * manifest.architecture.kv_heads * manifest.architecture.head_dim * 4
    assert needed[0] == 400_000_000
    assert needed[1] - needed[2] == 4 * cell


async def test_a_thread_that_never_comes_is_said_once_and_is_no_step_down() -> None:
    """A browser that starts no workers in workers, or not in time: in a tab in the background timers are throttled."""
    w = world()
    w.runtime.threads_that_come = 1
    m = manager(w)
    model = await m.acquire(ENTRY, CancelToken())
    await model.measure_memory()
    assert model.label == "Kernel, 1 thread"
    assert w.runtime.opened == [("kernel", 2)]
    assert steps(w) == [("threads", "Kernel, 2 threads", "Kernel, 1 thread", "worker_died")]


async def test_threads_that_a_page_without_isolation_cannot_have_are_not_missed() -> None:
    w = world(device=replace(HERE, isolated=False, kernel="relaxed-1"))
    w.runtime.threads_that_come = 1
    assert await label(manager(w, threads=4)) == "Kernel, 1 thread"
    assert steps(w) == []


@pytest.mark.parametrize(
    ("where", "error", "ends_at"),
    [
        ("feed", RuntimeFailure("shard 1 has 8 bytes, and not 16"), "WASM, 2 threads"),
        ("feed", RuntimeFailure("a tensor holds a number that isn't finite (layers.0.mlp.up)"), "WASM, 2 threads"),
        ("open", OutOfMemory("1 GB of memory can't be had"), "WASM, 2 threads"),
        ("open", BackendUnavailable("the kernel: it doesn't compute this model (3)"), "WASM, 2 threads"),
        ("build", WorkerDied("it ended"), "WASM, 2 threads"),
    ],
)
async def test_what_no_build_of_the_kernel_can_is_left_to_onnxruntime(
    where: str, error: OrionError, ends_at: str
) -> None:
    """What its host refuses, typed: tests/kernel, tests/bridge and e2e/bridge/test_kernel.py."""
    w = world()

    def fails(name: str) -> None:
        if name == where and w.runtime.opened[-1][0].startswith("kernel"):
            raise error

    w.runtime.on_call = fails
    assert await label(manager(w)) == ends_at
    assert {step[0] for step in steps(w)} >= {"kernel"}


async def test_a_verdict_on_one_architecture_does_not_hold_for_another_over_the_same_weights() -> None:
    w = world()
    m = manager(w)
    described = json.loads(w.texts["models/tiny/manifest.json"])
    one = parse_manifest(json.dumps(described))
    described["architecture"]["rope_theta"] = 500000.0
    other = parse_manifest(json.dumps(described))
    await m.opener.ladder.backend_checks(HERE).keep(one, one.variant("kernel"), right=False)
    assert await m.opener.ladder.backend_checks(HERE).read(other, other.variant("kernel")) == {}
    assert await m.opener.ladder.backend_checks(HERE).read(one, one.variant("kernel")) == {"right": False}


async def test_the_tokenizer_is_made_once_and_while_the_last_shard_still_comes() -> None:
    w, told = world(), list[str]()
    make = w.ports.tokenizer_factory

    def tokenizer(definition: bytes) -> Any:
        told.append("tokenizer")
        return make(definition)

    w.ports = replace(w.ports, tokenizer_factory=tokenizer)
    w.runtime.on_call = told.append
    assert await label(manager(w)) == "Kernel, 2 threads"
    assert told.count("tokenizer") == 1
    assert told.index("tokenizer") < told.index("build")
    assert "feed" in told[told.index("tokenizer") : told.index("build")]
