"""The structured log."""

from __future__ import annotations

import json

import pytest

from orion_py.telemetry.log import LEVELS, Logger, Record


class Clock:
    now = 1.5

    def __call__(self) -> float:
        return self.now


def test_a_record_says_when_how_grave_what_and_its_facts() -> None:
    log = Logger([], Clock())
    log.info("loaded", model="m", ms=12.5)
    assert log.records() == [{"time": 1.5, "level": "INFO", "event": "loaded", "model": "m", "ms": 12.5}]


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_its_method(level: str) -> None:
    log = Logger([], Clock(), verbose=True)
    getattr(log, level.lower())("event")
    assert log.records()[0]["level"] == level


def test_debug_is_written_only_when_verbose() -> None:
    log = Logger([], Clock())
    log.debug("detail")
    log.verbose = True
    log.debug("detail again")
    assert [record["event"] for record in log.records()] == ["detail again"]


def test_turning_verbose_on_reaches_children_made_before() -> None:
    log = Logger([], Clock())
    child = log.child(request="r1")
    log.verbose = True
    child.debug("detail")
    assert len(log.records()) == 1


def test_a_childs_records_carry_its_context_and_its_parents() -> None:
    log = Logger([], Clock())
    log.child(request="r1").child(model="m").warn("slow", ms=3)
    assert log.records() == [{"time": 1.5, "level": "WARN", "event": "slow", "request": "r1", "model": "m", "ms": 3}]


def test_a_field_can_override_context_but_not_the_records_own_keys() -> None:
    log = Logger([], Clock())
    log.child(model="a").info("x", model="b", time=99, level="none", event="y")
    record = log.records()[0]
    assert (record["model"], record["time"], record["level"], record["event"]) == ("b", 1.5, "INFO", "x")


def test_nothing_private_is_kept_or_passed_on() -> None:
    seen: list[Record] = []
    log = Logger([seen.append], Clock())
    log.child(query="my diary").error("failed", message="no file /home/me/x/y", email="me@example.org")
    for text in (json.dumps(seen), json.dumps(log.records())):
        assert "diary" not in text
        assert "/home/me" not in text
        assert "me@example" not in text


def test_only_the_last_records_are_kept_and_the_loss_is_told() -> None:
    log = Logger([], Clock(), capacity=3)
    for number in range(5):
        log.info("n", number=number)
    assert [record["number"] for record in log.records()] == [2, 3, 4]
    assert log.dropped == 2


def test_records_are_chosen_by_level_and_by_request() -> None:
    log = Logger([], Clock(), verbose=True)
    log.child(request="a").debug("one")
    log.child(request="a").error("two")
    log.child(request="b").critical("three")
    assert [record["event"] for record in log.records("WARN")] == ["two", "three"]
    assert [record["event"] for record in log.records(request="a")] == ["one", "two"]
    assert [record["event"] for record in log.records("ERROR", request="a")] == ["two"]


def test_sinks_and_later_listeners_get_every_record_until_they_leave() -> None:
    first: list[Record] = []
    second: list[Record] = []
    log = Logger([first.append], Clock())
    log.info("one")
    leave = log.subscribe(second.append)
    log.child(request="r").info("two")
    leave()
    leave()
    log.info("three")
    assert [record["event"] for record in first] == ["one", "two", "three"]
    assert [record["event"] for record in second] == ["two"]


def test_a_sink_that_raises_harms_nobody() -> None:
    def broken(record: Record) -> None:
        raise OSError("full")

    seen: list[Record] = []
    log = Logger([broken, seen.append], Clock())
    log.info("event")
    assert len(seen) == len(log.records()) == 1


def test_a_sink_cannot_change_what_is_kept() -> None:
    log = Logger([lambda record: record.clear()], Clock())
    log.info("event")
    log.records()[0].clear()
    assert log.records()[0]["event"] == "event"


def test_a_timed_block_writes_how_long_it_took() -> None:
    clock = Clock()
    log = Logger([], clock)
    with log.child(request="r").timed("route", agent="code") as extra:
        clock.now += 0.25
        extra["router"] = "keyword"
    (record,) = log.records(kind="performance")
    assert (record["event"], record["ms"], record["request"], record["agent"], record["router"]) == (
        "route",
        250.0,
        "r",
        "code",
        "keyword",
    )


def test_a_timed_block_that_raises_says_so_and_raises_on() -> None:
    log = Logger([], Clock())
    with pytest.raises(OSError), log.timed("load"):
        raise OSError("full")
    (record,) = log.records("WARN")
    assert (record["failed"], record["ms"]) == ("OSError", 0.0)


def test_a_memory_record_says_how_many_bytes() -> None:
    log = Logger([], Clock())
    log.memory("loaded", 1024, model="m")
    assert log.records(kind="memory")[0]["bytes"] == 1024
