"""The engine's events on their way to those who hear them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from orion_py.engine.bus import Choosy, EventBus
from orion_py.engine.log_subscriber import LogSubscriber
from orion_py.engine.metric_subscriber import MetricSubscriber
from orion_py.engine.recent_fallbacks import RecentFallbacks
from orion_py.engine.scheduler import BackgroundScheduler
from orion_py.engine.status_feed import StatusFeed
from orion_py.engine.telemetry_subscriber import TelemetrySubscriber
from orion_py.protocol import AdvanceEvent, Event, QueueEvent, TokenEvent

TOKEN = TokenEvent(id="q", text="a", index=0, tokens=1)
QUEUE = QueueEvent(id="engine", running=0, waiting=[], limit=None)
OWN = (LogSubscriber, MetricSubscriber, RecentFallbacks, BackgroundScheduler, StatusFeed, TelemetrySubscriber)


def test_who_names_no_kinds_hears_all_and_in_the_order_of_subscribing() -> None:
    bus, heard = EventBus(), []
    for name in "ab":
        bus.subscribe(lambda event, name=name: heard.append((name, event.type)))  # type: ignore[misc]
    bus.emit(TOKEN)
    bus.emit(QUEUE)
    assert heard == [("a", "token"), ("b", "token"), ("a", "queue"), ("b", "queue")]


def test_who_names_kinds_hears_those_alone() -> None:
    bus = EventBus()
    heard: list[Event] = []
    bus.subscribe(heard.append, (QueueEvent,))
    for event in (TOKEN, QUEUE, TOKEN):
        bus.emit(event)
    assert heard == [QUEUE]


def test_who_comes_and_goes_between_two_events_of_a_kind_hears_what_is_in_between() -> None:
    bus = EventBus()
    heard: list[str] = []
    bus.emit(TOKEN)
    leave = bus.subscribe(lambda event: heard.append("late"), (TokenEvent,))
    bus.emit(TOKEN)
    leave()
    bus.emit(TOKEN)
    leave()  # a second time does nothing
    assert heard == ["late"]


def test_who_leaves_while_an_event_is_carried_disturbs_nobody() -> None:
    bus = EventBus()
    heard: list[str] = []
    leaves: list[Callable[[], None]] = []
    leaves.append(bus.subscribe(lambda event: leaves[0]()))
    bus.subscribe(lambda event: heard.append("second"))
    bus.emit(TOKEN)
    bus.emit(TOKEN)
    assert heard == ["second", "second"]


@pytest.mark.parametrize("subscriber", OWN)
def test_a_subscriber_of_the_engine_names_the_kinds_that_it_does_something_for(subscriber: type[Choosy]) -> None:
    code = ast.parse(textwrap.dedent(inspect.getsource(subscriber.__call__)))
    used = {name.id for name in ast.walk(code) if isinstance(name, ast.Name)} - {"Event"}
    every: dict[str, Any] = {kind.__name__: kind for kind in Event.__subclasses__()}
    assert {every[name] for name in used & set(every)} == set(subscriber.kinds)


@pytest.mark.parametrize("subscriber", OWN)
@pytest.mark.parametrize("often", [TokenEvent, AdvanceEvent])
def test_none_of_them_is_called_with_each_token(subscriber: type[Choosy], often: type[Event]) -> None:
    assert often not in subscriber.kinds
