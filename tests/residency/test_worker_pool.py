from __future__ import annotations

import asyncio

from orion_py.errors import WorkerDied
from orion_py.residency.worker_pool import WorkerPool
from tests.patient_clock import PatientClock, settled


class Helper:
    """A worker that answers a ping at once, never, or with its end."""

    def __init__(self, name: str, health: str = "well") -> None:
        self.name, self.health = name, health
        self.pings, self.closed = 0, False

    async def ping(self) -> None:
        self.pings += 1
        if self.health == "dead":
            raise WorkerDied()
        if self.health == "stuck":
            await asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        self.closed = True


def pool(*helpers: Helper, clock: PatientClock | None = None, dead: list[str] | None = None) -> WorkerPool[Helper]:
    clock = clock or PatientClock()
    made: WorkerPool[Helper] = WorkerPool(clock, clock.sleep, (dead if dead is not None else []).append)
    for helper in helpers:
        made.add("m", helper)
    return made


async def test_idle_workers_are_lent_in_turn() -> None:
    a, b, c = Helper("a"), Helper("b"), Helper("c")
    p = pool(a, b, c)
    order = []
    for _ in range(6):
        worker = await p.lend("m")
        assert worker is not None
        order.append(worker.name)
        p.give_back(worker)
    assert order == ["a", "b", "c", "a", "b", "c"]


async def test_a_busy_worker_is_passed_over_while_another_idles_and_shared_when_none_does() -> None:
    a, b = Helper("a"), Helper("b")
    p = pool(a, b)
    assert await p.lend("m") is a
    assert await p.lend("m") is b
    assert await p.lend("m") is a
    p.give_back(b)
    assert await p.lend("m") is b


async def test_it_is_busy_until_all_have_given_it_back() -> None:
    a = Helper("a")
    p = pool(a)
    await p.lend("m")
    await p.lend("m")
    p.give_back(a)
    assert p.busy("m")
    p.give_back(a)
    assert not p.busy("m")


async def test_nobody_is_lent_where_nobody_is() -> None:
    assert await pool().lend("m") is None


async def test_a_worker_that_was_used_just_now_is_not_asked() -> None:
    a = Helper("a")
    p = pool(a)
    await p.lend("m")
    assert a.pings == 0


async def test_a_worker_that_idled_for_long_is_asked_before_it_is_lent() -> None:
    clock, a = PatientClock(), Helper("a")
    p = pool(a, clock=clock)
    clock.now = 61
    assert await p.lend("m") is a
    assert a.pings == 1


async def test_a_dead_worker_is_dropped_closed_and_told_and_the_next_one_lent() -> None:
    clock, dead = PatientClock(), list[str]()
    a, b = Helper("a", "dead"), Helper("b")
    p = pool(a, b, clock=clock, dead=dead)
    clock.now = 61
    assert await p.lend("m") is b
    assert a.closed
    assert dead == ["m"]
    assert p.workers("m") == [b]


async def test_a_worker_that_never_answers_counts_as_dead_after_a_while() -> None:
    clock, a = PatientClock(), Helper("a", "stuck")
    p = pool(a, clock=clock)
    clock.now = 61
    lending = asyncio.ensure_future(p.lend("m"))
    await settled()
    assert not lending.done()
    await clock.passes(10)
    assert await lending is None
    assert a.closed


async def test_a_round_asks_the_idle_and_leaves_the_busy_alone() -> None:
    a, b, c = Helper("a"), Helper("b", "dead"), Helper("c", "dead")
    p = pool(a, b)
    p.add("other", c)
    await p.lend("m")
    assert await p.check() == ["m", "other"]
    assert (a.pings, b.closed, c.closed) == (0, True, True)
    assert p.keys == ["m"]


async def test_a_worker_that_is_lent_while_it_is_asked_stays() -> None:
    clock, a = PatientClock(), Helper("a", "stuck")
    p = pool(a, clock=clock)
    checking = asyncio.ensure_future(p.check())
    await settled()
    assert await p.lend("m") is a
    await clock.passes(10)
    assert await checking == []
    assert not a.closed


async def test_keys_stand_least_recently_lent_first() -> None:
    p = pool()
    for key in "abc":
        p.add(key, Helper(key))
    await p.lend("a")
    assert p.keys == ["b", "c", "a"]


async def test_removing_ends_one_or_all_of_a_key() -> None:
    a, b = Helper("a"), Helper("b")
    p = pool(a, b)
    await p.remove("m", a)
    assert (a.closed, b.closed) == (True, False)
    await p.remove("m")
    assert b.closed
    p.give_back(b)
