"""The plan of a first visit is what the engine itself would open, and none where that isn't sure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.config import preset, preset_for
from orion_py.manifest.reading import parse_manifest
from orion_py.opening.first_visit import DEVICE_CLASS, first_visit
from orion_py.registry.load import parse_registry
from orion_py.registry.models import Registry
from orion_py.runtime.base import Device
from tests.opening.kernel_world import ENTRY, GOLDEN, GPU, HERE, KERNEL, manager, world
from tests.tiny import REGISTRY, manifest_json


def registry(**changes: Any) -> Registry:
    entry = ENTRY.model_dump() | {"tier": "lite"} | changes
    listed = REGISTRY | {"models": [entry], "recommendations": {DEVICE_CLASS: "tiny"}}
    return parse_registry(json.dumps(listed))


def written() -> str:
    """As the foundry writes a manifest: with every field."""
    described = json.loads(manifest_json(golden=[GOLDEN]))
    described["variants"].append(KERNEL)
    return parse_manifest(json.dumps(described)).model_dump_json()


async def plan_of(listed: Registry, text: str | None) -> dict[str, Any] | None:
    found = await first_visit(listed, lambda path: text if path == ENTRY.manifest else None)
    plan: dict[str, Any] | None = None if found is None else json.loads(found)
    return plan


@pytest.mark.parametrize("device", [HERE, GPU])
async def test_it_names_what_the_engine_opens_on_a_first_visit(device: Device) -> None:
    text = written()
    plan = await plan_of(registry(), text)
    assert plan is not None
    w = world(device=device)
    w.texts[ENTRY.manifest] = text
    made = manager(w, **preset(DEVICE_CLASS).model_dump())
    model = await made.acquire(ENTRY, CancelToken())
    assert plan["model"] == model.manifest.model == "tiny"
    assert plan["variant"] == model.variant.model_dump(mode="json")
    assert plan["context"] == model.context
    assert plan["shards"] == [shard.sha256 for shard in model.manifest.shards_for(model.variant)]
    assert {f"{plan['base']}shards/{sha256}" for sha256 in plan["shards"]} == {url for url, _ in w.store.requests}
    assert plan["manifest_sha256"] == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("memory_gb", [None, 4.0, 8.0])
def test_the_devices_that_it_is_for_are_of_its_class(memory_gb: float | None) -> None:
    for isolated, threads in ((True, 2), (True, 8), (False, 1)):
        device = Device(threads=threads, webgpu=False, isolated=isolated, memory_gb=memory_gb)
        assert preset_for(device) == DEVICE_CLASS


@pytest.mark.parametrize("changes", [{"tier": "full"}, {"device_memory_gb": 4}, {"memory_bytes": 5_000_000_000}])
async def test_a_model_that_not_every_device_has_room_for_is_left_to_the_engine(changes: dict[str, Any]) -> None:
    assert await plan_of(registry(**changes), written()) is None


async def test_a_site_that_recommends_nothing_or_lacks_the_model_has_no_plan() -> None:
    assert await plan_of(registry().model_copy(update={"recommendations": {}}), written()) is None
    assert await plan_of(registry(), None) is None


async def test_a_model_that_our_kernel_does_not_compute_is_left_to_the_engine() -> None:
    assert await plan_of(registry(), parse_manifest(manifest_json()).model_dump_json()) is None


async def test_a_manifest_that_says_less_than_the_engine_hands_on_has_no_plan() -> None:
    described = json.loads(written())
    del described["shards"][0]["layers"]
    assert await plan_of(registry(), json.dumps(described)) is None
