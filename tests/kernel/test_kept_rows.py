"""Rows of the kernel's cache as bytes: put back they are the rows that were read, to the bit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orion_py.errors import Cancelled
from orion_py.manifest.variants import Variant
from orion_py.native.kernel_layout import Layout
from orion_py.native.kernel_module import KernelModel
from orion_py.native.kernel_rows import copy_rows, put_rows, rows_bytes
from orion_py.native.kernel_runner import KernelRunner
from orion_py.native.runtime import NativeSession
from orion_py.runtime.memory_prefixes import MemoryPrefixes
from orion_py.runtime.prefixes import Prefix
from tests.kernel.models import BUILT, Recipe, Stored
from tests.kernel.test_forward import FAMILIES
from tests.kernel.test_kernel_runner import RECIPE, STORED, TOKENS, fed, manifest_of

OTHERS = TOKENS[::-1]
FACTS = Prefix("key", "random", "conversation", "1", rows=20)
VARIANT = Variant(id="kernel", engine="kernel", backend="wasm", exact=False, tolerance_kl=0.1)


def opened(build: str, stored: Stored, context: int = 64, bits: int = 16) -> KernelModel:
    model = KernelModel(
        BUILT / f"{build}.wasm",
        lambda base: Layout(stored.architecture, stored.shards, context, 1, base, cache_bits=bits),
    )
    for shard in stored.shards:
        model.feed(shard, stored.data[shard.sha256])
    return model


@pytest.mark.parametrize("build", ["relaxed", "plain"])
@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_prompt_whose_beginning_was_put_back_has_the_bits_of_one_that_was_read(
    build: str, family: str, bits: int
) -> None:
    recipe = FAMILIES[family]
    tokens = np.random.default_rng(6).integers(0, recipe.architecture.vocab_size, 40).tolist()
    model = opened(build, Stored.of(recipe.model()), bits=bits)
    whole = model.forward(tokens, 0)
    kept = copy_rows(model, 25)
    assert len(kept) == rows_bytes(model, 25)
    model.forward(tokens[::-1], 0)
    put_rows(model, kept, 25)
    assert np.array_equal(model.forward(tokens[25:], 25), whole)


def test_another_visit_with_another_context_and_other_threads_goes_on_from_them() -> None:
    first, second = fed(1, context=64), fed(2, context=100)
    whole = first.prefill(TOKENS[:40], 0)
    second.put_rows(first.copy_rows(20), 20)
    assert second.rows == 20
    assert np.array_equal(second.prefill(TOKENS[20:40], 20), whole)


def session(prefixes: MemoryPrefixes, context: int = 64) -> NativeSession:
    runner = KernelRunner(manifest_of(STORED), 1, context)
    for shard in STORED.shards:
        runner.feed(shard, STORED.data[shard.sha256])
    return NativeSession(manifest_of(STORED), VARIANT, runner, context, Path(), prefixes)


async def test_one_session_keeps_what_another_restores() -> None:
    prefixes = MemoryPrefixes()
    first, second = session(prefixes), session(prefixes)
    await first.build()
    await second.build()
    whole = await first.forward(TOKENS, 0)
    kept = asyncio.ensure_future(first.keep_rows(FACTS, 10**6))
    await asyncio.sleep(0)
    await first.forward(OTHERS, 0)  # at once: the rows were copied
    assert await kept == len(prefixes.read("key", await kept) or b"") > 0
    assert await second.restore_rows("key", 20)
    assert np.array_equal(await second.forward(TOKENS[20:], 20), whole)


async def test_what_is_not_kept_not_whole_or_does_not_fit_leaves_the_rows_alone() -> None:
    prefixes = MemoryPrefixes()
    opened = session(prefixes, context=30)
    assert await opened.keep_rows(FACTS, 10**6) == 0, "nothing was read"
    await opened.build()
    first = await opened.forward(TOKENS[:25], 0)
    assert await opened.keep_rows(FACTS, 10) == 0, "no room"
    size = await opened.keep_rows(FACTS, 10**6)
    whole, sha256, data = prefixes._kept["key"]
    prefixes._kept["damaged"] = (whole, sha256, data[:-1] + bytes([data[-1] ^ 1]))
    prefixes._kept["short"] = (whole, sha256, data[:-1])
    for key, rows in [("damaged", 20), ("short", 20), ("other", 20), ("key", 31), ("key", 0)]:
        assert not await opened.restore_rows(key, rows)
    assert [prefix.key for prefix in await prefixes.all()] == ["key"] * (size > 0), "what is damaged was dropped"
    assert np.array_equal(await opened.forward(TOKENS[24:25], 24), first)


async def test_rows_for_which_there_is_no_room_are_not_even_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = session(MemoryPrefixes())
    await opened.build()
    await opened.forward(TOKENS, 0)
    monkeypatch.setattr(KernelRunner, "copy_rows", lambda self, rows: pytest.fail("copied"))
    assert await opened.keep_rows(FACTS, 10) == 0


async def test_a_session_that_was_closed_restores_nothing() -> None:
    prefixes = MemoryPrefixes()
    opened = session(prefixes)
    await opened.build()
    await opened.forward(TOKENS, 0)
    await opened.keep_rows(FACTS, 10**6)
    await opened.close()
    assert await opened.keep_rows(replace(FACTS, key="late"), 10**6) == 0
    assert not await opened.restore_rows("key", 20)
    with pytest.raises(Cancelled):
        await opened.forward(TOKENS, 0)


def test_what_was_used_longest_ago_makes_room_and_other_editions_go() -> None:
    prefixes = MemoryPrefixes()
    for name in "abc":
        prefixes.keep(replace(FACTS, key=name), b"0" * 40, 120)
    assert prefixes.read("a", 40)
    prefixes.keep(replace(FACTS, key="d"), b"0" * 40, 120)
    assert list(prefixes._kept) == ["c", "a", "d"]
    prefixes.keep(replace(FACTS, key="e", model="other", edition="2"), b"0" * 40, 200)
    prefixes.keep(replace(FACTS, key="f", edition="2"), b"0" * 40, 200)
    assert list(prefixes._kept) == ["e", "f"]


def test_the_recipe_has_more_than_one_layer_and_head() -> None:
    assert min(RECIPE.architecture.layers, Recipe().architecture.kv_heads) > 1
