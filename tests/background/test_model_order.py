"""The order in which a question tries an agent's models, by what is in memory, on the device and offered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from build_support import paths
from orion_py.background.model_order import ModelOrder
from orion_py.config import EngineConfig
from orion_py.errors import DownloadFailed
from orion_py.registry.load import parse_registry
from orion_py.registry.models import ModelEntry
from orion_py.runtime.base import Device

REGISTRY = parse_registry((paths.ROOT / "models.json").read_text("utf-8"))
LITE, FULL, LARGE = (next(e for e in REGISTRY.models if e.tier == tier) for tier in ("lite", "full", "large"))
KERNEL = "relaxed-threads-1"


class Manager:
    """What a ``ModelManager`` is asked: ``loaded`` are in memory, ``stored`` lie on the device whole."""

    config = EngineConfig()

    def __init__(self, loaded: tuple[ModelEntry, ...] = (), stored: tuple[ModelEntry, ...] = ()) -> None:
        self.loaded = dict.fromkeys(entry.id for entry in loaded)
        self.obtained: list[str] = []
        self._stored = stored
        self.opener = SimpleNamespace(source=self, ladder=self)

    async def stored(self, entry: ModelEntry) -> bool:
        return entry in self._stored

    async def obtain(self, entry: ModelEntry) -> ModelEntry:
        self.obtained.append(entry.id)
        return entry

    async def complete(self, manifest: ModelEntry) -> bool:
        return manifest in self._stored


def order(manager: Any, memory_gb: float = 16, coming: str | None = None) -> ModelOrder:
    device = Device(threads=2, webgpu=False, memory_gb=memory_gb, kernel=KERNEL)

    async def first() -> str | None:
        return coming

    return ModelOrder(manager, REGISTRY, device, first)


async def test_the_small_model_answers_and_the_larger_one_that_is_preferred_is_named() -> None:
    found = await order(Manager()).of([FULL, LITE])
    assert (found.models, found.preferred, found.waits) == ([LITE], FULL.id, False)


async def test_nothing_is_named_where_the_small_model_is_preferred() -> None:
    assert (await order(Manager()).of([LITE, FULL])).preferred is None


@pytest.mark.parametrize("coming", [None, FULL.id])
async def test_a_larger_model_that_is_in_memory_or_begins_the_visit_goes_first(coming: str | None) -> None:
    manager = Manager(loaded=() if coming else (FULL,))
    found = await order(manager, coming=coming).of([FULL, LITE])
    assert (found.models, found.preferred) == ([FULL, LITE], None)


async def test_what_lies_on_the_device_is_the_last_resort() -> None:
    assert (await order(Manager(stored=(FULL,))).of([FULL, LITE])).models == [LITE, FULL]


async def test_with_waiting_what_lies_on_the_device_whole_goes_first() -> None:
    made = order(Manager(stored=(FULL,)))
    made.waits = True
    assert (await made.of([FULL, LITE])).models == [FULL, LITE]


async def test_a_manifest_that_cant_be_had_is_no_reason_to_wait() -> None:
    class Offline(Manager):
        async def obtain(self, entry: ModelEntry) -> ModelEntry:
            raise DownloadFailed("offline")

    made = order(Offline())
    made.waits = True
    assert (await made.of([FULL, LITE])).models == [LITE]


async def test_a_large_model_is_never_preferred_unasked() -> None:
    found = await order(Manager(stored=(LARGE,))).of([LARGE, LITE])
    assert (found.models, found.preferred) == ([LITE, LARGE], None)


async def test_a_device_that_isnt_offered_a_large_model_never_tries_it() -> None:
    made, manager = order(Manager(stored=(LARGE,)), memory_gb=2), Manager(stored=(LARGE,))
    assert (await made.of([LARGE, LITE])).models == [LITE]
    made = order(manager, memory_gb=2)
    made.waits = True
    assert (await made.of([LARGE, LITE])).models == [LITE]
    assert manager.obtained == [], "nothing is asked of a server for it"


async def test_without_larger_models_not_even_one_in_memory_answers() -> None:
    made = order(Manager(loaded=(FULL,), stored=(FULL,)))
    made.enabled = False
    found = await made.of([FULL, LITE])
    assert (found.models, found.preferred) == ([LITE], None)
    assert made.quickest([FULL, LITE]) == LITE


async def test_where_nothing_is_small_the_question_waits() -> None:
    found = await order(Manager()).of([LARGE, FULL])
    assert (found.models, found.waits) == ([LARGE, FULL], True)


def test_the_quickest_is_in_memory_or_small_or_else_the_first() -> None:
    assert order(Manager(loaded=(FULL,))).quickest([FULL, LITE]) == FULL
    assert order(Manager()).quickest([FULL, LITE]) == LITE
    assert order(Manager()).quickest([LARGE, FULL]) == LARGE
    assert order(Manager()).quickest([]) is None


def test_larger_names_the_larger_models_in_memory() -> None:
    assert order(Manager(loaded=(LITE, FULL))).larger() == [FULL.id]
