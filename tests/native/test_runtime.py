"""Sessions on native onnxruntime: what they refuse, what they keep, and the real model's answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orion_py.errors import (
    BackendUnavailable,
    Cancelled,
    ContextOverflow,
    InvalidInput,
    RuntimeFailure,
    ShardCorrupt,
    ShardMissing,
)
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.reading import parse_manifest
from orion_py.native import runners, runtime
from orion_py.native.runtime import NativeRuntime, NativeSession
from orion_py.opening.golden import divergence
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel

TOKENS = [9, 120, 33, 7, 88, 21, 60]


@pytest.fixture
def tiny(tmp_path: Path) -> Manifest:
    return built(tmp_path, imported(tmp_path, TinyModel()))


async def opened(shards: Path, manifest: Manifest, variant: str, context: int = 16, threads: int = 1) -> NativeSession:
    chosen = manifest.variant(variant)
    session = await NativeRuntime(shards).open(manifest, chosen, threads, context)
    for shard in manifest.shards_for(chosen):
        await session.feed(shard)
    return session


@pytest.mark.parametrize("variant", ["wasm-int8", "wasm-exact", "webgpu-q4"])
async def test_a_common_prefix_is_kept_and_a_tail_is_taken_back(tmp_path: Path, tiny: Manifest, variant: str) -> None:
    session = await opened(tmp_path / "shards", tiny, variant)
    await session.build()
    whole = await session.forward(TOKENS, 0)
    await session.forward([5, 6, 7], 3)
    again = await session.forward(TOKENS[3:], 3)
    # Rows of a past that is reused were rounded alone and not together: equal up to rounding.
    np.testing.assert_allclose(again, whole, atol=1e-4)


async def test_a_long_prompt_runs_in_chunks_with_the_same_result(
    tmp_path: Path, tiny: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await opened(tmp_path / "shards", tiny, "wasm-exact")
    await session.build()
    whole = await session.forward(TOKENS, 0)
    monkeypatch.setattr(runtime, "CHUNK", 2)
    np.testing.assert_allclose(await session.forward(TOKENS, 0), whole, atol=1e-5)


async def test_a_draft_that_is_too_long_or_that_nothing_can_verify_is_refused(tmp_path: Path, tiny: Manifest) -> None:
    session = await opened(tmp_path / "shards", tiny, "wasm-int8")
    await session.build()
    await session.forward(TOKENS, 0)
    most = tiny.variant("wasm-int8").prefill.verifies
    for count in (0, most + 1):
        with pytest.raises(RuntimeFailure, match="can't be verified"):
            await session.verify([1] * count, len(TOKENS))
    await session.forward([1] * 5, len(TOKENS))
    with pytest.raises(ContextOverflow):
        await session.verify([1] * most, 16 - most + 1)
    exact = await opened(tmp_path / "shards", tiny, "wasm-exact")
    await exact.build()
    with pytest.raises(RuntimeFailure, match="can't be verified"):
        await exact.verify([1], 0)


async def test_logits_are_the_callers_own(tmp_path: Path, tiny: Manifest) -> None:
    session = await opened(tmp_path / "shards", tiny, "wasm-int8")
    await session.build()
    await session.forward(TOKENS, 0)
    first = await session.forward([1], len(TOKENS))
    kept = first.copy()
    await session.forward([200], len(TOKENS) + 1)
    np.testing.assert_array_equal(first, kept)


async def test_the_report_says_what_it_took(tmp_path: Path, tiny: Manifest) -> None:
    session = await opened(tmp_path / "shards", tiny, "wasm-int8")
    report = await session.build()
    assert report.backend == "native"
    assert report.threads == 1
    assert report.create_ms > 0
    assert report.warmup_ms > 0
    assert report.memory_bytes > sum(shard.size for shard in tiny.shards if shard.role == "layers")


async def test_the_device_has_threads_and_says_why_it_has_no_webgpu(tmp_path: Path) -> None:
    device = await NativeRuntime(tmp_path).device()
    assert device.threads >= 1
    assert not device.webgpu
    assert device.webgpu_reason


async def test_a_missing_or_damaged_shard_is_named(tmp_path: Path, tiny: Manifest) -> None:
    variant = tiny.variant("wasm-int8")
    session = await NativeRuntime(tmp_path / "shards").open(tiny, variant, 1, 16)
    shard = tiny.shards[-1]
    path = tmp_path / "shards" / shard.sha256
    path.write_bytes(b"damaged")
    with pytest.raises(ShardCorrupt) as corrupt:
        await session.feed(shard)
    assert corrupt.value.detail == {"sha256": shard.sha256}
    path.unlink()
    with pytest.raises(ShardMissing):
        await session.feed(shard)


async def test_building_without_the_shards_fails_with_a_reason(tmp_path: Path, tiny: Manifest) -> None:
    variant = tiny.variant("wasm-int8")
    session = await NativeRuntime(tmp_path / "shards").open(tiny, variant, 1, 16)
    with pytest.raises(RuntimeFailure, match="graph"):
        await session.build()
    for graph in (*variant.prefill.graphs, *variant.decode.graphs):
        await session.feed(tiny.shard(graph))
    with pytest.raises(RuntimeFailure, match="onnxruntime"):
        await session.build()


async def test_impossible_calls_are_refused_and_leave_the_session_usable(tmp_path: Path, tiny: Manifest) -> None:
    session = await opened(tmp_path / "shards", tiny, "wasm-int8")
    with pytest.raises(RuntimeFailure, match="built"):
        await session.forward(TOKENS, 0)
    await session.build()
    for tokens, position in (([], 0), ([1], 1), ([1], -1)):
        with pytest.raises(RuntimeFailure):
            await session.forward(tokens, position)
    for token in (-1, 260):
        with pytest.raises(InvalidInput):
            await session.forward([1, token], 0)
    with pytest.raises(ContextOverflow) as overflow:
        await session.forward([1] * 17, 0)
    assert overflow.value.detail == {"tokens": 17, "limit": 16}
    assert (await session.forward([1] * 16, 0)).shape == (260,)


async def test_a_closed_session_is_cancelled_and_closes_twice(tmp_path: Path, tiny: Manifest) -> None:
    session = await opened(tmp_path / "shards", tiny, "wasm-int8")
    await session.build()
    await session.close()
    await session.close()
    with pytest.raises(Cancelled):
        await session.forward(TOKENS, 0)


@pytest.fixture(scope="module")
def lite(lite_manifest: Path) -> Manifest:
    return parse_manifest(lite_manifest.read_bytes())


@pytest.mark.model
@pytest.mark.parametrize("variant", ["wasm-int8", "wasm-exact", "webgpu-q4"])
async def test_the_real_model_passes_its_golden_vectors(models_folder: Path, lite: Manifest, variant: str) -> None:
    session = await opened(models_folder / "shards", lite, variant, context=96, threads=2)
    await session.build()
    tolerance = lite.variant(variant).tolerance_kl
    assert len(lite.golden) >= 4
    for golden in lite.golden:
        prefill = await session.forward(golden.tokens, 0)
        decode = await session.forward(golden.tokens[-1:], len(golden.tokens) - 1)
        assert divergence(golden, prefill) <= tolerance, golden.name
        assert divergence(golden, decode) <= tolerance, golden.name
    await session.close()


@pytest.mark.model
async def test_the_real_model_continues_as_the_reference_does_where_it_is_sure(
    models_folder: Path, lite: Manifest
) -> None:
    """Teacher forced, so that one near tie doesn't hide what follows it."""
    session = await opened(models_folder / "shards", lite, "wasm-int8", context=96, threads=2)
    await session.build()
    sure = 0
    for golden in lite.golden:
        logits = await session.forward(golden.tokens, 0)
        for step, (token, margin) in enumerate(zip(golden.continuation, golden.margins, strict=True)):
            if margin > 1.5:
                assert int(logits.argmax()) == token, (golden.name, step, margin)
                sure += 1
            logits = await session.forward([token], len(golden.tokens) + step)
    assert sure > 30
    await session.close()


@pytest.mark.model
async def test_the_real_models_verified_rows_are_its_single_steps_to_the_bit(
    models_folder: Path, lite: Manifest
) -> None:
    session = await opened(models_folder / "shards", lite, "wasm-int8", context=160, threads=2)
    await session.build()
    text = [token for golden in lite.golden for token in (*golden.tokens, *golden.continuation)][:140]
    most, start = lite.variant("wasm-int8").prefill.verifies, 100
    await session.forward(text[:start], 0)
    alone = [await session.forward([token], start + step) for step, token in enumerate(text[start:])]
    position = start
    for count in (most, 2, 5, most, 3):
        rows = await session.verify(text[position : position + count], position)
        np.testing.assert_array_equal(rows, alone[position - start : position - start + count])
        position += count
    await session.close()


@pytest.mark.parametrize(("gib", "told"), [(15.6, 16), (12, 8), (13, 16), (23, 16), (30, 32), (3.8, 4)])
async def test_the_machines_memory_is_told_as_browsers_tell_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gib: float, told: float
) -> None:
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": int(gib * 2**30 / 4096)}
    monkeypatch.setattr("os.sysconf", lambda name: pages[name])
    assert (await NativeRuntime(tmp_path).device()).memory_gb == told


async def test_a_system_that_does_not_say_has_an_unknown_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr("os.sysconf")
    assert (await NativeRuntime(tmp_path).device()).memory_gb is None


def test_what_no_runner_here_takes_is_told_with_each_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = tuple(replace(kind, here=lambda: ("", "no SIMD on this processor")) for kind in runners.KINDS)
    monkeypatch.setattr(runners, "KINDS", lacking)
    assert runners.stored_weights_here() == ("", "no SIMD on this processor")
    with pytest.raises(BackendUnavailable, match="the variant stored: no SIMD on this processor"):
        runners.runner_for(None, runners._STORED, 1, 64)  # type: ignore[arg-type]
