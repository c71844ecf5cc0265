"""The kernel behind the seam of native sessions."""

from __future__ import annotations

import asyncio
import gc
import threading
from pathlib import Path

import numpy as np
import pytest
import wasmtime

from model_foundry.reference.llama import ReferenceModel
from orion_py.errors import BackendUnavailable, Cancelled, ContextOverflow, RuntimeFailure
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.native.kernel_module import KernelModel, _work
from orion_py.native.kernel_runner import KernelRunner, build_for, kernel_here
from orion_py.native.runtime import NativeSession
from tests.kernel.models import Recipe, Stored, kl

RECIPE = Recipe()
STORED = Stored.of(RECIPE.model())
TOKENS = np.random.default_rng(4).integers(0, 101, 40).tolist()


def manifest_of(stored: Stored) -> Manifest:
    """What the runner reads of a manifest."""
    return Manifest.model_construct(architecture=stored.architecture, shards=stored.shards)


def fed(threads: int = 1, context: int = 64, stored: Stored = STORED) -> KernelRunner:
    runner = KernelRunner(manifest_of(stored), threads, context)
    for shard in stored.shards:
        runner.feed(shard, stored.data[shard.sha256])
    runner.build()
    runner.warm_up()
    return runner


@pytest.mark.parametrize("threads", [1, 2])
def test_it_computes_the_model(threads: int) -> None:
    runner = fed(threads)
    assert runner.threads == threads
    assert (runner.rows, runner.backend) == (0, "kernel")
    found = [runner.prefill(TOKENS[:30], 0), *(runner.step(token, 30 + i) for i, token in enumerate(TOKENS[30:]))]
    expected = ReferenceModel(RECIPE.model()).forward(TOKENS)[29:]
    assert kl(expected, np.stack(found)) < 4e-3
    assert runner.rows == 40


def test_what_it_verifies_are_the_bits_of_steps() -> None:
    runner = fed()
    runner.prefill(TOKENS[:30], 0)
    steps = np.stack([runner.step(token, 30 + i) for i, token in enumerate(TOKENS[30:38])])
    assert np.array_equal(runner.verify(TOKENS[30:38], 30), steps)
    assert runner.rows == 38


def test_rows_fall_with_the_position_and_with_a_pass_that_fails() -> None:
    runner = fed()
    runner.prefill(TOKENS[:30], 0)
    runner.step(1, 10)
    assert runner.rows == 11
    with pytest.raises(ContextOverflow):
        runner.prefill(TOKENS + TOKENS[:30], 5)
    assert runner.rows == 5


def test_it_takes_no_more_memory_than_weights_cache_and_scratch() -> None:
    weights = sum(shard.size for shard in STORED.shards)
    assert weights < fed().memory_bytes < weights + 3_000_000


def test_it_says_when_nothing_was_fed() -> None:
    with pytest.raises(RuntimeFailure, match="no weights"):
        KernelRunner(manifest_of(STORED), 1, 64).build()


def test_it_says_when_a_shard_is_missing() -> None:
    runner = KernelRunner(manifest_of(STORED), 1, 64)
    runner.feed(STORED.shards[0], STORED.data[STORED.shards[0].sha256])
    runner.build()
    with pytest.raises(RuntimeFailure, match=r"wasn't readied \(layers\.0"):
        runner.warm_up()


def test_a_model_that_the_kernel_does_not_compute_is_refused_when_it_is_fed() -> None:
    stored = Stored.of(Recipe(sizes={"head_dim": 4, "heads": 8}).model())
    with pytest.raises(BackendUnavailable):
        fed(stored=stored)


def test_its_threads_end_with_it() -> None:
    before = threading.active_count()
    runner = fed(3)
    assert threading.active_count() == before + 2
    del runner
    gc.collect()
    assert threading.active_count() == before


def test_this_machine_runs_the_build_with_threads() -> None:
    name, reason = kernel_here()
    assert (name.startswith("relaxed-threads-"), reason) == (True, "")
    assert build_for(1).stem == "relaxed"


VARIANT = Variant(id="kernel", engine="kernel", backend="wasm", exact=False, tolerance_kl=0.1)
DEEP = Recipe(sizes={"layers": 60})


async def session_of(recipe: Recipe, folder: Path, threads: int = 1) -> NativeSession:
    stored = Stored.of(recipe.model())
    for sha256, data in stored.data.items():
        (folder / sha256).write_bytes(data)
    manifest = manifest_of(stored)
    session = NativeSession(manifest, VARIANT, KernelRunner(manifest, threads, 300), 300, folder)
    for shard in stored.shards:
        await session.feed(shard)
    await session.build()
    return session


@pytest.mark.parametrize("threads", [1, 2])
async def test_a_stop_ends_what_runs_in_the_middle_of_a_pass_and_what_ran_stays(tmp_path: Path, threads: int) -> None:
    """The prompt is one pass: nothing but its layers is there to stop between."""
    session = await session_of(DEEP, tmp_path, threads)
    expected = (await session.forward(TOKENS, 0)).copy()
    await session.forward(TOKENS[:20], 0)
    running = asyncio.ensure_future(session.forward((TOKENS * 4)[:128], 20))
    await asyncio.sleep(0)
    await session.interrupt()
    with pytest.raises(Cancelled):
        await running
    assert np.array_equal(await session.forward(TOKENS[20:], 20), expected), "and the next call isn't stopped any more"


async def test_closing_ends_what_runs_too(tmp_path: Path) -> None:
    session = await session_of(DEEP, tmp_path)
    running = asyncio.ensure_future(session.forward((TOKENS * 4)[:128], 0))
    await asyncio.sleep(0)
    await session.close()
    with pytest.raises(Cancelled):
        await running


def loses_its_thread(runner: KernelRunner) -> threading.Thread:
    """A helper without a stack: it traps as soon as it has something to compute."""
    kernel: KernelModel = runner._opened
    memory = kernel._instance.memory

    def worker() -> None:
        with pytest.raises((wasmtime.WasmtimeError, wasmtime.Trap)):
            _work(build_for(2), memory, 1, 32)

    kernel.call("orion_dismiss")
    thread = threading.Thread(target=worker, daemon=True)
    thread.start()
    assert kernel.call("orion_await_threads", 2, 10_000) == 2
    kernel.use_threads(2)
    kernel.call("orion_patience", 100)
    return thread


def test_a_thread_that_is_lost_costs_a_wait_and_no_token() -> None:
    runner = fed(2)
    runner.prefill(TOKENS[:10], 0)
    expected = runner.prefill(TOKENS[10:20], 10)
    thread = loses_its_thread(runner)
    for _ in range(10_000):
        assert np.array_equal(runner.prefill(TOKENS[10:20], 10), expected)
        if runner.threads == 1:
            break
    thread.join(10)
    assert (runner.threads, runner.rows) == (1, 20), "what it says is what computes"
    runner.step(1, 20)
