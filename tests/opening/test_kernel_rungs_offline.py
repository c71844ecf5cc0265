"""Without a network only those rungs are tried whose files are on the device."""

from __future__ import annotations

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed, RunnerMissing, RuntimeFailure
from tests.opening.kernel_world import ENTRY, GPU, HERE, PLAIN, label, manager, steps, world, wrong_on_the_kernel
from tests.tiny import World


async def offline(w: World, *, keeps: str) -> None:
    """All that ``keeps`` needs lies on the device, and the network is gone."""
    m = manager(w)
    manifest = await m.opener.source.obtain(ENTRY)
    variant = next(r.variant for r in await m.opener.ladder.attempts(manifest, HERE) if r.variant.engine == keeps)
    for shard in manifest.shards_for(variant):
        await w.store.fetch(
            f"models/shards/{shard.sha256}", shard.sha256, shard.size, lambda count: None, CancelToken()
        )
    w.store.remote = {}


async def test_offline_a_kernel_that_traps_steps_down_to_what_is_here_and_not_to_a_download() -> None:
    w = world()
    await offline(w, keeps="kernel")
    w.runtime.failures["build"] = [RuntimeFailure("a trap"), RuntimeFailure("a trap")]
    assert await label(manager(w)) == PLAIN


async def test_offline_where_nothing_else_is_here_it_says_what_is_missing_and_why() -> None:
    w, _ = wrong_on_the_kernel()
    await offline(w, keeps="kernel")
    with pytest.raises(
        RunnerMissing, match=r"Kernel, 2 threads: .* Kernel, 2 threads, plain SIMD: .* WASM, 2 threads: "
    ):
        await label(manager(w))
    assert [step[0] for step in steps(w)] == ["simd", "kernel"]
    assert w.runtime.opened[2:] == [("wasm", 2)], "what can't be fetched for two threads can't be for one"


async def test_offline_whoever_asked_for_onnxruntime_has_the_kernel_where_only_that_is_here() -> None:
    w = world()
    await offline(w, keeps="kernel")
    m = manager(w, runner="onnxruntime")
    for _ in range(2):
        assert await label(m) == "Kernel, 2 threads"
    assert steps(w) == [("onnxruntime", "WASM, 2 threads", "Kernel, 2 threads", "download_failed")]
    assert len(w.runtime.sessions) == 2, "and it stays, as what stepped down does"


async def test_onnxruntimes_own_files_can_be_what_is_missing() -> None:
    w = world()
    await offline(w, keeps="onnxruntime")
    w.runtime.failures["open"] = [DownloadFailed("its module")]
    assert await label(manager(w, runner="onnxruntime")) == "Kernel, 2 threads"
    assert w.runtime.opened == [("wasm", 2), ("kernel", 2)]


async def test_offline_a_gpu_whose_graphs_are_not_here_gives_way_to_the_kernel() -> None:
    w = world(device=GPU)
    await offline(w, keeps="kernel")
    assert await label(manager(w, backend="webgpu")) == "Kernel, 2 threads"
    assert [step[0] for step in steps(w)] == ["backend"]


async def test_weights_that_are_not_here_are_a_download_that_failed_as_ever() -> None:
    w = world()
    w.store.remote = {}
    with pytest.raises(DownloadFailed) as raised:
        await label(manager(w))
    assert raised.value.code == "download_failed"
    assert [variant for variant, _ in w.runtime.opened] == ["kernel"]
