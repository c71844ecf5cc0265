"""Several tabs write to one store of settings: nothing is lost, nothing comes back, and trouble disturbs nobody."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import InvalidConfig, OrionError, QuotaExceeded, StorageUnavailable
from orion_py.routing.corrections import Corrections
from orion_py.storage.forgiving import ForgivingSettings
from orion_py.storage.memory_settings import MemorySettings
from orion_py.storage.rows import KeptRows
from tests.storage.gated import GatedSettings


class Troubled(GatedSettings):
    """Fails as long as ``error`` is set."""

    error: Exception | None = None
    reads_fail = True

    def on_read(self) -> None:
        if self.error and self.reads_fail:
            raise self.error

    def on_write(self) -> None:
        if self.error:
            raise self.error


ERRORS = [StorageUnavailable("connection lost"), QuotaExceeded("full"), OrionError("UnknownError"), OSError("blocked")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("reads_fail", [True, False])
async def test_what_cannot_be_kept_holds_for_the_visit_and_is_said_once(error: Exception, reads_fail: bool) -> None:
    store, said = Troubled(), list[OrionError]()
    settings = ForgivingSettings(store, said.append)
    await settings.set("a", "1")
    store.error, store.reads_fail = error, reads_fail
    assert await settings.get("a") == "1"
    await settings.set("b", "2")
    await settings.update("b", lambda text: f"{text}!")
    await settings.delete("a")
    assert (await settings.get("a"), await settings.get("b")) == (None, "2!")
    assert await settings.names("") == ["b"]
    assert len(said) == 1


async def test_what_waited_is_written_to_what_other_tabs_wrote_meanwhile() -> None:
    store = Troubled()
    settings = ForgivingSettings(store, lambda error: None)
    mine, theirs = KeptRows(settings, "rows"), KeptRows(MemorySettings(), "rows")
    theirs._settings = store
    await mine.put({"id": "first"})
    store.error = StorageUnavailable("connection lost")
    await mine.put({"id": "mine"})
    await mine.remove("first")
    store.error = None
    await theirs.put({"id": "theirs"})
    await settings.set("other", "x")
    assert [row["id"] for row in await theirs.all()] == ["theirs", "mine"]


async def test_what_a_change_raises_is_the_callers_and_no_trouble_of_the_store() -> None:
    store, said = Troubled(), list[OrionError]()
    settings = ForgivingSettings(store, said.append)

    def refuse(text: str | None) -> str:
        raise InvalidConfig("too many")

    for error in (None, StorageUnavailable("gone")):
        store.error = error
        with pytest.raises(InvalidConfig):
            await settings.update("a", refuse)
    assert len(said) == 1
    store.error = None
    await settings.set("b", "1")
    assert await store.names("") == ["b"], "what was refused isn't tried again"


async def test_a_change_of_several_keys_is_written_whole_or_not_at_all() -> None:
    settings = MemorySettings()
    await settings.set("a", "1")

    def half(record: object) -> dict[str, str]:
        raise InvalidConfig("no")

    with pytest.raises(InvalidConfig):
        await settings.change(["a", "b"], half)
    await settings.change(["a", "b"], lambda record: {"a": None, "b": record["a"]})
    assert (await settings.get("a"), await settings.get("b")) == (None, "1")


# Random schedules: two or three tabs, each with its own idea of the lists, write in any order, and one may fail.

IDS = ["x", "y", "z"]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["put", "remove", "breaks", "heals"]),
        st.sampled_from(IDS),
        st.integers(0, 99),
    ),
    max_size=40,
)


@given(STEPS)
async def test_any_schedule_of_tabs_ends_as_if_one_careful_person_had_kept_the_list(
    steps: list[tuple[int, str, str, int]],
) -> None:
    store = MemorySettings()
    backs = [_Behind(store) for _ in range(3)]
    tabs = [KeptRows(ForgivingSettings(back, lambda error: None), "rows") for back in backs]
    waiting: list[list[Callable[[dict[str, int]], object]]] = [[], [], []]
    model: dict[str, int] = {}
    for tab, action, name, value in steps:
        if action in ("breaks", "heals"):
            backs[tab].error = StorageUnavailable("lost") if action == "breaks" else None
            continue

        def done(kept: dict[str, int], action: str = action, name: str = name, value: int = value) -> None:
            if action == "put":
                kept[name] = value
            else:
                kept.pop(name, None)

        waiting[tab].append(done)
        if backs[tab].error is None:
            for earlier in waiting[tab]:
                earlier(model)
            waiting[tab].clear()
        if action == "put":
            await tabs[tab].put({"id": name, "value": value})
        else:
            await tabs[tab].remove(name)
        seen = dict(model)
        for earlier in waiting[tab]:
            earlier(seen)
        assert {row["id"]: row["value"] for row in await tabs[tab].all()} == seen, "each tab sees its own and others'"
    assert {row["id"]: row["value"] for row in await KeptRows(store, "rows").all()} == model


class _Behind(GatedSettings):
    """A tab's way to the store: breaks for writing, and can still read."""

    error: Exception | None = None

    def on_write(self) -> None:
        if self.error:
            raise self.error


CORRECTED = st.tuples(st.booleans(), st.sampled_from(["a", "b"]), st.sampled_from(["code", "logical"]))


@given(st.lists(CORRECTED, max_size=20))
async def test_corrections_of_two_tabs_are_one_list(steps: list[tuple[bool, str, str]]) -> None:
    store = MemorySettings()
    tabs = [Corrections(store, ("code", "logical")) for _ in range(2)]
    wanted: dict[str, str] = {}
    for first, text, agent in steps:
        await tabs[first].add(text, agent)
        wanted.pop(text, None)
        wanted[text] = agent
    for tab in tabs:
        assert [(item.text, item.agent) for item in await tab.all()] == list(wanted.items())


async def test_what_a_newer_version_wrote_is_kept_by_an_older_one() -> None:
    store = MemorySettings()
    await store.set("router.corrections", json.dumps([["x", "an agent of tomorrow"], {"text": "y"}]))
    tab = Corrections(store, ("code",))
    await tab.add("z", "code")
    assert [item.text for item in await tab.all()] == ["z"]
    assert await tab.undo() is not None
    assert json.loads(await store.get("router.corrections") or "") == [["x", "an agent of tomorrow"], {"text": "y"}]
