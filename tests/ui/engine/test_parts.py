"""Whoever knows the status of the start and hears the events knows the status, and hears of each change once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from orion_py.engine.status_feed import TOGETHER_S
from orion_py.errors import BackendUnavailable, StorageUnavailable
from tests.engine.test_host import GREEDY, Wire
from tests.engine.test_host_custom_agents import BARMAN
from tests.patient_clock import PatientClock, settled
from tests.tiny import World, says
from ui.chats.conversation import Conversation
from ui.engine import reducer
from ui.engine.view_state import ViewState

OWN_EVENTS = {"queue", "memory", "metric", "fallback", "upgrade"}
ASKED_FOR = "storage"
"""What no event tells."""


class Listener(Wire):
    """``page``: what the page's reducer makes of all that is sent."""

    def __init__(self, world: World | None = None) -> None:
        self.page = ViewState(Conversation("c"))
        world = world or World(says("good day"))
        self.time = getattr(world, "time", None) or PatientClock()
        world.ports = replace(world.ports, clock=self.time, sleep=self.time.sleep)
        super().__init__(world)

    def _on_send(self, text: str) -> None:
        super()._on_send(text)
        message = self.sent[-1]
        reducer.apply(self.page, message, 0)
        if message["type"] == "result" and self._asked[message["id"]] == "initialize":
            reducer.status(self.page, message["payload"], 0)

    async def quiet(self) -> None:
        """What belongs together has been told; nothing that waits longer has begun."""
        for _ in range(5):
            await settled()
        await self.time.passes(TOGETHER_S + 0.001)
        for _ in range(5):
            await settled()

    async def agrees(self) -> None:
        """What the page knows is what the engine would say."""
        await self.quiet()
        whole = (await self.ask("status", f"whole-{len(self.sent)}"))["payload"]
        assert _plain(self.page.device) == _plain(whole)


def _plain(status: dict[str, Any]) -> dict[str, Any]:
    """What both sides have: of a measurement what its event says, of a breaker no time that runs."""
    found = {name: value for name, value in status.items() if name != ASKED_FOR}
    found["breakers"] = {
        name: {key: row[key] for key in row if key not in ("until", "retry_in_s")}
        for name, row in status["breakers"].items()
    }
    histograms = status["metrics"]["histograms"].items()
    found["metrics"] = {
        name: {key: round(row[key], 3) for key in ("count", "p50", "p95")} for name, row in histograms
    } | {"slow": status["metrics"]["counters"].get("slow_calls", 0)}
    return found


async def started(world: World | None = None, **config: Any) -> Listener:
    listener = Listener(world)
    await listener.ask("initialize", config=config)
    await listener.quiet()
    listener.sent.clear()
    return listener


async def _ask(listener: Listener, kind: str, **fields: Any) -> None:
    await listener.ask(kind, f"{kind}-{len(listener.sent)}", **fields)


def _asks(kind: str, **fields: Any) -> Callable[[Listener], Awaitable[None]]:
    return lambda listener: _ask(listener, kind, **fields)


FOLDER = "elsewhere/mine/"
CHANGES: dict[str, tuple[Callable[[Listener], Awaitable[None]], list[set[str]]]] = {
    "a setting": (_asks("configure", config={"enable_guardrails": False}), [{"config"}]),
    "the memory's limit": (_asks("configure", config={"max_memory_mb": 3000}), [{"config", "memory"}]),
    "the queue": (_asks("configure", config={"enable_request_queue": False}), [{"config", "queue"}]),
    "larger models": (_asks("configure", config={"enable_full_models": False}), [{"config", "upgrade"}]),
    "a preset": (_asks("configure", preset="development"), [{"config", "preset", "memory"}]),
    "an agent": (_asks("agent.register", definition=BARMAN), [{"agents", "custom"}]),
    "a correction": (_asks("teach", action="correct", query="one", agent="code"), [{"router"}]),
    "a pause": (_asks("upgrade.control", action="pause"), [{"upgrade"}]),
    "a model in memory": (_asks("preload"), [{"breakers", "loaded", "versions", "webgpu"}]),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_is_told_once_before_the_end_of_what_caused_it(what: str) -> None:
    change, told = CHANGES[what]
    listener = await started()
    await change(listener)
    assert listener.sent[-1]["type"] == "result"
    await listener.quiet()
    assert listener.changes() == told
    await listener.agrees()


@pytest.mark.parametrize("what", ["a setting", "an agent", "a preset", "a pause"])
async def test_nothing_is_told_where_nothing_changed(what: str) -> None:
    change, _ = CHANGES[what]
    listener = await started()
    await change(listener)
    await listener.quiet()
    listener.sent.clear()
    if what != "an agent":
        await change(listener)
    await listener.quiet()
    assert listener.changes() == []
    assert not [message for message in listener.sent if message["type"] in ("queue", "memory")]


async def test_an_idle_engine_sends_and_finds_out_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = await started()
    asked: list[Any] = []
    monkeypatch.setattr("orion_py.engine.status_feed.status_of", lambda *args: asked.append(args))
    for _ in range(100):
        await listener.time.passes(10)
    assert listener.sent == asked == []


async def test_an_answer_tells_what_it_changed_and_the_page_asks_for_nothing() -> None:
    listener = await started()
    await listener.ask("infer", "first", query="hello", options=GREEDY)
    await listener.agrees()
    listener.sent.clear()
    await listener.ask("infer", "second", query="hello", options=GREEDY)
    await listener.quiet()
    assert listener.changes() == [{"breakers", "predictive"}]
    await listener.agrees()


async def test_an_edit_of_an_agent_is_one_event_and_one_change() -> None:
    listener = await started()
    await listener.ask("agent.register", definition=BARMAN)
    listener.sent.clear()
    await listener.ask("agent.register", "again", definition=BARMAN | {"prompt": "You mix mocktails."})
    await listener.quiet()
    assert [message["type"] for message in listener.sent] == ["agent", "changed", "result"]
    assert listener.sent[0]["change"] == "replaced"
    assert [made["prompt"] for made in listener.status["custom"]] == ["You mix mocktails."]
    await listener.agrees()


async def test_the_page_knows_the_status_whatever_was_done() -> None:
    listener = await started()
    await listener.ask("preload")
    await listener.agrees()
    for number, (change, _) in enumerate(CHANGES.values()):
        await change(listener)
        await listener.ask("infer", f"q{number}", query="hello", options=GREEDY)
        await listener.agrees()
    await listener.ask("agent.unregister", agent="barman")
    await listener.ask("teach", "forget", action="forget")
    await listener.ask("unload", forget=True)
    await listener.agrees()
    assert listener.page.device["loaded"] == []


async def test_failures_change_the_breaker_and_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = await started()

    async def fails(*_: Any, **__: Any) -> None:
        raise BackendUnavailable("no")

    monkeypatch.setattr(listener.world.runtime, "open", fails)
    end = await listener.ask("preload")
    assert end["type"] == "error"
    await listener.agrees()
    assert listener.page.device["breakers"]["model:tiny"]["failures"] == 1
    assert listener.page.device["fallbacks"]


async def test_what_changes_while_the_snapshot_is_made_is_told_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the older word would come last, and stay."""
    world, gate = World(says("ok")), asyncio.Event()
    estimate = world.store.estimate

    async def slow() -> Any:
        await gate.wait()
        return await estimate()

    monkeypatch.setattr(world.store, "estimate", slow)
    listener = Listener(world)
    listener.send("initialize")
    while listener.host._feed is None:
        await asyncio.sleep(0)
    await listener.quiet()
    await listener.host._feed.engine.teach("correct", "one", "code")
    listener.host._feed.engine.configure(listener.host._feed.engine.config.model_copy(update={"verbose_logging": True}))
    assert listener.changes() == []
    gate.set()
    await listener.end("initialize")
    await listener.agrees()


async def test_what_cannot_be_kept_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(says("ok"))

    async def refuse(*_: Any) -> None:
        raise StorageUnavailable("a private window")

    for name in ("set", "update", "change"):
        monkeypatch.setattr(world.settings, name, refuse)
    listener = await started(world)
    await listener.ask("teach", action="correct", query="one", agent="code")
    await listener.agrees()
    assert listener.page.device["router"]["corrections"] == 1


async def test_a_new_engine_of_the_same_host_begins_with_a_snapshot_of_its_own() -> None:
    listener = await started()
    await listener.ask("preload")
    await listener.ask("shutdown")
    await listener.quiet()
    listener.sent.clear()
    await listener.ask("initialize", "again")
    assert listener.page.device["loaded"] == []
    await listener.ask("agent.register", definition=BARMAN)
    assert listener.changes() == [{"agents", "custom"}]
    await listener.agrees()


async def test_two_tabs_hear_of_each_others_changes_once() -> None:
    from orion_py.storage.tabs import Hall
    from tests.storage.test_two_engines import Tab

    hall = Hall()
    a = Tab(hall)
    first, second = await started(a), await started(Tab(hall, a))
    await first.ask("agent.register", definition=BARMAN)
    await second.quiet()
    assert second.changes() == [{"agents", "custom"}]
    assert first.changes() == [{"agents", "custom"}]
    second.sent.clear()
    await first.ask("teach", action="correct", query="one", agent="code")
    await first.ask("model.add", address=FOLDER)
    await second.quiet()
    told: set[str] = set().union(*second.changes())
    assert {"router", "models", "added"} <= told
    await first.agrees()
    await second.agrees()
