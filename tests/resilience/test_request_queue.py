from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, OrionError, QueueFull, QueueTimeout
from orion_py.resilience.request_queue import QueuePolicy, RequestQueue
from tests.patient_clock import PatientClock, settled


class Office:
    """A queue and the requests that came to it: each holds its slot until told to end."""

    def __init__(self, **policy) -> None:
        self.clock = PatientClock()
        self.changes = 0
        self.queue = RequestQueue(self.clock, self.clock.sleep, QueuePolicy(**policy), self._changed)
        self.started: list[str] = []
        self.ended: dict[str, str] = {}
        self.tokens: dict[str, CancelToken] = {}
        self.arrived: dict[str, tuple[float, int]] = {}
        self._gates: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def _changed(self) -> None:
        self.changes += 1
        assert self.queue.running <= self.queue.policy.concurrency

    async def comes(self, id: str, priority: int = 0, timeout_s: float | None = None) -> None:
        self.tokens[id], self._gates[id] = CancelToken(), asyncio.Event()
        self.arrived[id] = (self.clock.now, priority)
        self._tasks.append(asyncio.ensure_future(self._serve(id, priority, timeout_s)))
        await settled()

    async def _serve(self, id: str, priority: int, timeout_s: float | None) -> None:
        try:
            async with self.queue.slot(id, self.tokens[id], priority, timeout_s):
                self.started.append(id)
                await self._gates[id].wait()
                self.tokens[id].raise_if_cancelled()
            how = "done"
        except OrionError as error:
            how = error.code
        assert id not in self.ended, "one end each"
        self.ended[id] = how

    async def ends(self, id: str) -> None:
        self._gates[id].set()
        await settled()

    @property
    def at_work(self) -> list[str]:
        return [id for id in self.started if id not in self.ended]

    async def closes(self) -> None:
        while self.at_work:
            await self.ends(self.at_work[0])
        await asyncio.gather(*self._tasks)


async def opened(*ids: str, **policy) -> Office:
    office = Office(**policy)
    for id in ids:
        await office.comes(id)
    return office


async def test_one_runs_and_the_others_wait_in_order() -> None:
    office = await opened("a", "b", "c")
    assert (office.at_work, office.queue.waiting) == (["a"], ["b", "c"])
    await office.ends("a")
    assert (office.at_work, office.queue.waiting) == (["b"], ["c"])
    await office.closes()
    assert office.ended == {"a": "done", "b": "done", "c": "done"}
    assert office.queue.idle


async def test_as_many_run_at_a_time_as_are_allowed() -> None:
    office = await opened("a", "b", "c", concurrency=2)
    assert (office.at_work, office.queue.waiting) == (["a", "b"], ["c"])
    await office.closes()


async def test_what_is_more_urgent_comes_first() -> None:
    office = await opened("running", "first")
    await office.comes("urgent", priority=5)
    await office.comes("whenever", priority=-5)
    assert office.queue.waiting == ["urgent", "first", "whenever"]
    await office.closes()
    assert office.started == ["running", "urgent", "first", "whenever"]


async def test_waiting_counts_as_priority_so_that_nothing_starves() -> None:
    office = await opened("running", aging_s=10.0)
    await office.comes("patient", priority=-10)
    await office.clock.passes(199)
    await office.comes("urgent", priority=10)
    assert office.queue.waiting == ["urgent", "patient"]
    await office.clock.passes(2)
    await office.comes("late", priority=10)
    assert office.queue.waiting == ["urgent", "patient", "late"]
    await office.closes()


async def test_without_priorities_the_order_is_that_of_arrival() -> None:
    office = await opened("running", "first", by_priority=False, limit=None)
    await office.comes("urgent", priority=10)
    assert office.queue.waiting == ["first", "urgent"]
    await office.closes()


async def test_when_too_many_wait_the_next_is_refused_with_the_figures() -> None:
    office = await opened("running", "waiting", limit=1)
    with pytest.raises(QueueFull) as caught:
        async with office.queue.slot("more", CancelToken()):
            raise AssertionError("not reached")
    assert caught.value.detail == {"waiting": 1, "limit": 1}
    await office.closes()
    assert office.ended == {"running": "done", "waiting": "done"}


async def test_a_cancel_while_waiting_ends_it_at_once_and_frees_its_place() -> None:
    office = await opened("running", "waiting", "other")
    office.tokens["waiting"].cancel()
    assert office.queue.waiting == ["other"]
    await settled()
    assert office.ended == {"waiting": "cancelled"}
    assert office.at_work == ["running"]
    await office.closes()
    assert "waiting" not in office.started


async def test_whoever_is_cancelled_beforehand_does_not_even_wait() -> None:
    queue, cancel = RequestQueue(PatientClock(), PatientClock().sleep), CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        async with queue.slot("a", cancel):
            raise AssertionError("not reached")
    assert queue.idle


async def test_a_turn_that_comes_together_with_the_cancel_is_given_on() -> None:
    office = await opened("running", "next", "after")
    office._gates["running"].set()
    while office.queue.waiting != ["after"]:
        await asyncio.sleep(0)
    office.tokens["next"].cancel()
    await settled()
    assert office.ended["next"] == "cancelled"
    assert office.at_work == ["after"]
    await office.closes()


async def test_waiting_ends_when_its_time_is_up() -> None:
    office = await opened("running")
    await office.comes("hasty", timeout_s=5.0)
    await office.clock.passes(4.9)
    assert office.queue.waiting == ["hasty"]
    await office.clock.passes(0.2)
    assert office.ended == {"hasty": QueueTimeout.code}
    await office.closes()


async def test_the_time_for_waiting_does_not_end_what_runs() -> None:
    office = Office()
    await office.comes("running")
    await office.comes("next", timeout_s=5.0)
    await office.ends("running")
    await office.clock.passes(60)
    assert office.at_work == ["next"]
    await office.closes()
    assert office.ended["next"] == "done"


async def test_a_request_that_fails_gives_its_turn_on() -> None:
    office = await opened()

    async def failing() -> None:
        async with office.queue.slot("bad", CancelToken()):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert office.queue.idle


async def test_a_task_that_is_cancelled_from_outside_leaves_nothing_behind() -> None:
    office = await opened("running", "waiting", "other")
    office._tasks[1].cancel()
    await settled()
    assert office.queue.waiting == ["other"]
    office._tasks.pop(1)
    await office.closes()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("comes"), st.integers(-10, 10), st.none() | st.integers(1, 60)),
        st.tuples(st.just("ends"), st.integers(0, 20), st.none()),
        st.tuples(st.just("cancel"), st.integers(0, 20), st.none()),
        st.tuples(st.just("time"), st.integers(1, 90), st.none()),
    ),
    max_size=40,
)
Step = tuple[str, int, int | None]


async def play(office: Office, steps: Sequence[Step], look: Callable[[Office], None] = lambda office: None) -> None:
    for number, (what, figure, timeout) in enumerate(steps):
        if what == "comes":
            await office.comes(f"r{number}", figure, timeout)
        elif what == "time":
            await office.clock.passes(figure)
        elif what == "ends" and office.at_work:
            await office.ends(office.at_work[figure % len(office.at_work)])
        elif what == "cancel" and office.queue.waiting:
            office.tokens[office.queue.waiting[figure % len(office.queue.waiting)]].cancel()
            await settled()
        look(office)
    await office.closes()


@given(STEPS, st.integers(1, 3), st.integers(0, 5))
def test_no_request_is_lost_and_never_do_too_many_run(steps: list[Step], concurrency: int, limit: int) -> None:
    def look(office: Office) -> None:
        assert office.queue.running == len(office.at_work) <= concurrency
        assert len(office.queue.waiting) <= limit
        assert office.queue.running == concurrency or not office.queue.waiting, "nobody waits for nothing"

    office = Office(concurrency=concurrency, limit=limit)
    asyncio.run(play(office, steps, look))
    assert set(office.ended) == set(office.tokens), "each has its end"
    assert {id for id, how in office.ended.items() if how == "done"} <= set(office.started)
    assert len(office.started) == len(set(office.started))
    assert office.queue.idle


@given(STEPS)
def test_nobody_is_passed_by_those_that_come_much_later(steps: list[Step]) -> None:
    office = Office(aging_s=10.0, limit=None)
    asyncio.run(play(office, steps))
    served = [(id, *office.arrived[id]) for id in office.started]
    for place, (_, arrived, priority) in enumerate(served):
        for _, other_arrived, other_priority in served[:place]:
            assert other_arrived <= arrived + max(0, other_priority - priority) * 10.0 + 1e-6


async def test_what_has_to_run_alone_waits_for_all_and_lets_nobody_pass() -> None:
    queue = RequestQueue(PatientClock(), PatientClock().sleep, QueuePolicy(concurrency=2))
    order: list[str] = []
    gates = {name: asyncio.Event() for name in ("one", "two", "alone", "last")}

    async def work(name: str, alone: bool = False) -> None:
        async with queue.slot(name, CancelToken(), alone=alone):
            order.append(name)
            await gates[name].wait()

    tasks = []
    for name in gates:
        tasks.append(asyncio.ensure_future(work(name, alone=name == "alone")))
        await settled()
    assert order == ["one", "two"]
    gates["one"].set()
    await settled()
    assert order == ["one", "two"]
    gates["two"].set()
    await settled()
    assert order == ["one", "two", "alone"]
    gates["alone"].set()
    await settled()
    assert order == ["one", "two", "alone", "last"]
    gates["last"].set()
    await asyncio.gather(*tasks)
