from __future__ import annotations

import json

import pytest

from orion_py.errors import (
    BackendUnavailable,
    Cancelled,
    CircuitOpen,
    ContextOverflow,
    DeviceLost,
    DownloadFailed,
    GoldenMismatch,
    InferenceTimeout,
    InvalidManifest,
    LoadTimeout,
    OrionError,
    OutOfMemory,
    QuotaExceeded,
    ShardCorrupt,
    WorkerDied,
)
from orion_py.resilience.breakers import KEY, Breakers, is_failure
from orion_py.resilience.circuit_breaker import BreakerChange
from orion_py.storage.memory_settings import MemorySettings
from tests.tiny import Clock

WASM = "WASM, 2 threads"


@pytest.mark.parametrize(
    "error",
    [WorkerDied(), InferenceTimeout(), LoadTimeout(), OutOfMemory(), ShardCorrupt(), DownloadFailed(status=503)],
)
def test_what_waiting_may_cure_is_a_failure(error: OrionError) -> None:
    assert is_failure(error)


@pytest.mark.parametrize(
    "error",
    [Cancelled(), ContextOverflow(), InvalidManifest(), CircuitOpen(), QuotaExceeded(), DownloadFailed("no network")],
)
def test_what_is_nobodys_fault_is_none(error: OrionError) -> None:
    assert not is_failure(error)


def test_a_model_that_keeps_failing_leaves_other_models_alone() -> None:
    breakers = Breakers(Clock())
    for _ in range(3):
        breakers.failed("a", WASM, WorkerDied())
    assert not breakers.model("a").admits()
    assert breakers.model("b").admits()
    assert breakers.backend(WASM).admits()


@pytest.mark.parametrize("error", [DeviceLost(), BackendUnavailable(), GoldenMismatch()])
def test_a_gpu_that_goes_away_speaks_against_the_gpu_and_not_the_model(error: OrionError) -> None:
    breakers = Breakers(Clock())
    for _ in range(3):
        breakers.failed("a", "WebGPU", error)
    assert breakers.model("a").admits()
    assert not breakers.backend("WebGPU").admits()


def test_turned_off_they_never_open_and_hold_nothing() -> None:
    breakers = Breakers(Clock(), enabled=False)
    for _ in range(9):
        breakers.failed("a", WASM, WorkerDied())
    assert breakers.model("a").admits()
    assert breakers.metrics() == {}


async def test_an_open_breaker_is_still_open_on_the_next_visit() -> None:
    settings, changes = MemorySettings(), list[BreakerChange]()
    breakers = Breakers(Clock(), on_change=changes.append)
    for _ in range(3):
        breakers.failed("a", WASM, WorkerDied())
    breakers.answered("b", WASM)
    await breakers.keep(settings)
    again = Breakers(Clock(), on_change=changes.append)
    await again.recall(settings)
    assert again.metrics()["model:a"]["state"] == "open"
    assert again.metrics()["model:b"]["state"] == "closed"
    assert [c.name for c in changes] == ["model:a"]


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[" * 100_000,
        "[]",
        '{"version": 2, "breakers": {"model:a": {"state": "open", "failures": 3, "retry_in_s": 30}}}',
        '{"version": 1, "breakers": {"a": {"state": "open", "failures": 3, "retry_in_s": 30}}}',
        '{"version": 1, "breakers": {"model:a": {"state": "ajar"}}}',
        '{"version": 1, "breakers": []}',
    ],
)
async def test_a_damaged_record_counts_as_none(text: str) -> None:
    settings = MemorySettings()
    await settings.set(KEY, text)
    breakers = Breakers(Clock())
    await breakers.recall(settings)
    assert all(m["state"] == "closed" for m in breakers.metrics().values())


async def test_a_record_cannot_grow_without_bound() -> None:
    settings = MemorySettings()
    closed = {"state": "closed", "failures": 0, "outcomes": []}
    many = {f"model:{n}": closed for n in range(1000)}
    await settings.set(KEY, json.dumps({"version": 1, "breakers": many}))
    breakers = Breakers(Clock())
    await breakers.recall(settings)
    assert len(breakers.metrics()) == 64
