"""Opt-in, anonymous, and only on this device."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import orion_py.telemetry.telemetry as module
from orion_py.storage.memory_settings import MemorySettings
from orion_py.telemetry.telemetry import FIELDS, KEY, MAX_NAMES, Telemetry


async def test_off_it_keeps_and_stores_nothing() -> None:
    keeper = MemorySettings()
    telemetry = Telemetry(keeper)
    telemetry.event("answered", agent="code")
    telemetry.time("total", 12)
    await telemetry.save()
    assert await keeper.get(KEY) is None
    assert (await telemetry.report())["counts"] == {}


async def test_on_it_adds_up_events_facts_and_durations_in_buckets() -> None:
    telemetry = Telemetry(MemorySettings(), enabled=True)
    telemetry.name_agents(["conversation", "code"])
    telemetry.event("answered", agent="code", backend="wasm")
    telemetry.event("answered", agent="conversation")
    telemetry.time("total", 80)
    telemetry.time("total", 1e9)
    assert (await telemetry.report())["counts"] == {
        "answered": 2,
        "answered.agent.code": 1,
        "answered.agent.conversation": 1,
        "answered.backend.wasm": 1,
        "ms.total.100": 1,
        "ms.total.more": 1,
    }


async def test_the_next_visit_goes_on_adding() -> None:
    keeper = MemorySettings()
    for _ in range(3):
        visit = Telemetry(keeper, enabled=True)
        visit.event("session")
        await visit.save()
    assert (await Telemetry(keeper, enabled=True).report())["counts"] == {"session": 3}


async def test_saving_twice_counts_once() -> None:
    keeper = MemorySettings()
    telemetry = Telemetry(keeper, enabled=True)
    telemetry.event("session")
    await telemetry.save()
    await telemetry.save()
    assert json.loads(await telemetry.export())["counts"] == {"session": 1}


async def test_turning_it_off_erases_what_there_is() -> None:
    keeper = MemorySettings()
    telemetry = Telemetry(keeper, enabled=True)
    telemetry.event("session")
    await telemetry.save()
    await telemetry.switch(False)
    telemetry.event("session")
    await telemetry.save()
    assert await keeper.get(KEY) is None
    await telemetry.switch(True)
    assert (await telemetry.report())["counts"] == {}


async def test_off_at_the_next_visit_it_erases_what_the_last_one_left() -> None:
    keeper = MemorySettings()
    await keeper.set(KEY, '{"version": 1, "counts": {"session": 1}}')
    await Telemetry(keeper).switch(False)
    assert await keeper.get(KEY) is None


async def test_storage_that_refuses_disturbs_nobody() -> None:
    class Refusing(MemorySettings):
        async def get(self, key: str) -> str | None:
            raise OSError("blocked")

        async def set(self, key: str, value: str) -> None:
            raise OSError("blocked")

        async def delete(self, key: str) -> None:
            raise OSError("blocked")

    telemetry = Telemetry(Refusing(), enabled=True)
    telemetry.event("session")
    await telemetry.save()
    await telemetry.switch(False)


async def test_erasing_forgets_and_counting_starts_anew() -> None:
    keeper = MemorySettings()
    telemetry = Telemetry(keeper, enabled=True)
    telemetry.event("session")
    await telemetry.save()
    await telemetry.erase()
    assert await keeper.get(KEY) is None
    telemetry.event("session")
    await telemetry.save()
    assert json.loads(await keeper.get(KEY) or "")["counts"] == {"session": 1}


@settings(deadline=None)
@given(st.text(min_size=9), st.sampled_from([(n, f) for n, fs in FIELDS.items() for f in fs]))
async def test_no_text_gets_in_as_a_facts_value(text: str, place: tuple[str, str]) -> None:
    telemetry = Telemetry(MemorySettings(), enabled=True)
    name, fact = place
    telemetry.event(name, **{fact: text + "?"})
    assert (await telemetry.report())["counts"] == {name: 1, f"{name}.{fact}.other": 1}


def test_unknown_names_are_a_mistake_of_the_caller() -> None:
    telemetry = Telemetry(MemorySettings(), enabled=True)
    for wrong in (lambda: telemetry.event("typed"), lambda: telemetry.event("answered", user="me")):
        with pytest.raises(ValueError):
            wrong()
    with pytest.raises(ValueError):
        telemetry.time("typing", 1)


@pytest.mark.parametrize(
    "stored", ["", "{", "[]", '{"version": 1}', '{"version": 1, "counts": {"a": "x"}}', '{"version": 9}']
)
async def test_what_is_stored_and_damaged_is_dropped(stored: str) -> None:
    keeper = MemorySettings()
    await keeper.set(KEY, stored)
    telemetry = Telemetry(keeper, enabled=True)
    telemetry.event("session")
    assert (await telemetry.report())["counts"] == {"session": 1}


async def test_it_stays_small_whatever_is_counted() -> None:
    telemetry = Telemetry(MemorySettings(), enabled=True, codes=frozenset(f"code_{n}" for n in range(1000)))
    for number in range(1000):
        telemetry.event("failed", code=f"code_{number}")
    assert len((await telemetry.report())["counts"]) == MAX_NAMES


def test_it_has_nothing_to_send_with() -> None:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert imported == {"__future__", "collections", "contextlib", "json", "typing"}
