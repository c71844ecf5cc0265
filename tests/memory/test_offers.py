"""On which devices a large model is offered: that follows from what would run it there."""

from __future__ import annotations

import json

import pytest

from build_support import paths
from orion_py.config import EngineConfig
from orion_py.errors import TooLarge
from orion_py.memory.offers import needed_gb, offered, require_offered
from orion_py.registry.load import parse_registry
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Device

REGISTRY = parse_registry((paths.ROOT / "models.json").read_text("utf-8"))
LARGE = next(entry for entry in REGISTRY.models if entry.tier == "large")
USUAL = EngineConfig()


def device(memory_gb: float | None, kernel: str = "relaxed-threads-1") -> Device:
    return Device(threads=2, webgpu=False, memory_gb=memory_gb, kernel=kernel)


@pytest.mark.parametrize(("memory_gb", "expected"), [(None, False), (2, False), (4, False), (8, True), (16, True)])
def test_large_is_offered_from_8_gb_where_the_kernel_runs_it(memory_gb: float | None, expected: bool) -> None:
    assert offered(LARGE, device(memory_gb), USUAL) is expected


@pytest.mark.parametrize(
    ("here", "config"),
    [
        (device(8, kernel=""), USUAL),
        (device(8), EngineConfig(runner="onnxruntime")),
        (device(8), EngineConfig(exact=True)),
    ],
)
def test_where_onnxruntime_would_expand_it_16_gb_are_needed(here: Device, config: EngineConfig) -> None:
    with pytest.raises(TooLarge, match="needs a device with 16 GB of memory; this one has 8 GB") as raised:
        require_offered(LARGE, here, config)
    assert raised.value.detail["needed_gb"] == 16


def test_the_smaller_ones_are_offered_everywhere() -> None:
    assert [needed_gb(e, device(None), USUAL) for e in REGISTRY.models if e.tier != "large"] == [None, None]


def test_what_the_registry_says_of_onnxruntime_counts() -> None:
    told = json.loads(LARGE.model_dump_json())
    entries = [ModelEntry.model_validate(told | {"onnxruntime_memory_bytes": size}) for size in (None, 2 * 10**9)]
    assert [needed_gb(entry, device(8, kernel=""), USUAL) for entry in entries] == [16, 8]


def test_a_registry_may_ask_for_more_and_not_for_less() -> None:
    def asking(gb: int) -> ModelEntry:
        return ModelEntry.model_validate(json.loads(LARGE.model_dump_json()) | {"device_memory_gb": gb})

    assert [needed_gb(asking(gb), device(8), USUAL) for gb in (4, 32)] == [8, 32]
