"""The kernel behind the seam of native sessions."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from model_foundry.reference.llama import ReferenceModel
from orion_py.errors import BackendUnavailable, ContextOverflow, RuntimeFailure
from orion_py.loading.manifest import Manifest
from orion_py.native.kernel_runner import KernelRunner, build_for, kernel_here
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
