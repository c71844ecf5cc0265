"""How wide the kernel's cache is: chosen by the configuration, or narrowed where memory is short."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.errors import OutOfMemory, RuntimeFailure
from orion_py.manifest.kernel_variant import kernel_variant
from orion_py.manifest.reading import parse_manifest
from orion_py.memory.cache_width import cache_bytes, cache_widths, kernel_bytes
from tests.opening.kernel_world import HERE, KERNEL, SLOWER, label, manager, steps
from tests.tiny import World, manifest_json, says

BIG: dict[str, Any] = {"layers": 24, "kv_heads": 8, "heads": 8, "head_dim": 64, "context_length": 8192}
"""A cache of 101 MB for 2,048 tokens in 16 bits."""
WIDE, ALONE, NARROW = "Kernel, 2 threads", "Kernel, 1 thread", "Kernel, 2 threads, 8-bit cache"


def described(changes: dict[str, Any], variant: dict[str, Any] = KERNEL) -> str:
    made = json.loads(manifest_json())
    made["architecture"] |= changes
    made["variants"].append(variant)
    return json.dumps(made)


def world(variant: dict[str, Any] = KERNEL, **changes: Any) -> World:
    made = World(says("a"), device=HERE)
    made.texts["models/tiny/manifest.json"] = described(BIG | changes, variant)
    return made


async def test_16_bits_come_first() -> None:
    w = world()
    assert await label(manager(w)) == WIDE
    assert w.runtime.opened == [("kernel", 2)]


@pytest.mark.parametrize(("bits", "expected"), [("16", WIDE), ("8", NARROW)])
async def test_the_configuration_decides(bits: str, expected: str) -> None:
    assert await label(manager(world(), cache_bits=bits)) == expected


async def test_a_manifest_may_say_that_8_bits_are_enough() -> None:
    w = world(KERNEL | {"cache_bits": 8})
    assert await label(manager(w)) == NARROW
    assert await label(manager(world(KERNEL | {"cache_bits": 8}), cache_bits="16")) == WIDE


async def test_what_would_not_fit_the_budget_begins_with_8_bits() -> None:
    assert await label(manager(world(), max_memory_mb=80)) == NARROW
    assert await label(manager(world(), max_memory_mb=80, cache_bits="16")) == WIDE, "as it was asked for"


async def test_out_of_memory_narrows_the_cache_before_it_leaves_the_kernel() -> None:
    w = world()
    w.runtime.failures["build"] = [OutOfMemory(), OutOfMemory()]
    assert await label(manager(w)) == NARROW
    assert [step[:3] for step in steps(w)] == [("threads", WIDE, ALONE), ("cache", ALONE, NARROW)]


async def test_a_fault_that_has_nothing_to_do_with_memory_does_not() -> None:
    w = world()
    w.runtime.failures["build"] = [RuntimeFailure("a trap"), RuntimeFailure("a trap"), RuntimeFailure("a trap")]
    assert await label(manager(w)) == "WASM, 2 threads"
    assert NARROW not in [step[2] for step in steps(w)]


async def test_a_cache_that_is_small_anyway_is_not_opened_again() -> None:
    w = world(kv_heads=1)
    w.runtime.failures["build"] = [OutOfMemory(), OutOfMemory()]
    assert await label(manager(w)) == SLOWER[1]


async def test_another_choice_loads_the_model_anew_and_the_same_does_not() -> None:
    w = world()
    m = manager(w)
    for bits, expected, opened in (("auto", WIDE, 1), ("16", WIDE, 1), ("8", NARROW, 2), ("auto", WIDE, 3)):
        m.config = EngineConfig(cache_bits=bits)
        assert (await label(m), len(w.runtime.sessions)) == (expected, opened), bits


async def test_a_cache_that_was_narrowed_for_want_of_memory_stays_so() -> None:
    w = world()
    w.runtime.failures["build"] = [OutOfMemory(), OutOfMemory()]
    m = manager(w)
    for _ in range(2):
        assert await label(m) == NARROW
    assert len(w.runtime.sessions) == 3
    m.config = EngineConfig(cache_bits="16")
    assert await label(m) == WIDE


def test_onnxruntime_has_no_narrow_cache() -> None:
    made = json.loads(manifest_json())
    made["variants"][0]["cache_bits"] = 8
    with pytest.raises(Exception, match="the kernel alone has a cache of 8 bits"):
        parse_manifest(json.dumps(made).encode())


def test_a_manifest_of_16_bits_says_nothing_of_it() -> None:
    manifest = parse_manifest(described(BIG).encode())
    variant = kernel_variant(manifest)
    assert variant is not None
    assert "cache_bits" not in variant.model_dump(mode="json")
    narrow = cache_widths(variant, manifest, EngineConfig(cache_bits="8"))[0]
    assert (narrow.id, narrow.model_dump(mode="json")["cache_bits"]) == ("kernel-8bit", 8)


def test_half_the_bytes_and_a_scale_for_32() -> None:
    manifest = parse_manifest(described(BIG).encode())
    wide, narrow = (cache_bytes(manifest.architecture, 2048, bits) for bits in (16, 8))
    assert (wide, narrow) == (2 * 24 * 8 * 2048 * 128, 2 * 24 * 8 * 2048 * 68)
    assert kernel_bytes(manifest, 2048, 16) - kernel_bytes(manifest, 2048, 8) == wide - narrow
