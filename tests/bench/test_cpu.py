"""What other programs took is what was busy, less ours."""

from __future__ import annotations

import os

import pytest

from bench.cpu import (
    IDLE,
    Reading,
    Ticks,
    foreign_share,
    parse_machine,
    parse_stat,
    read,
    used_by_tree,
    wait_until_idle,
)

STAT = "42 (Web (Content)) S 7 42 42 0 -1 4194560 100 200 0 0 {} 20 0 9 0 12345 1000 50"


def test_a_process_counts_itself_and_its_finished_children() -> None:
    assert parse_stat(STAT.format("11 22 33 44")) == Ticks(parent=7, used=110)


def test_a_name_with_spaces_and_parentheses_is_no_obstacle() -> None:
    assert parse_stat("1 (a) b (c)) R 0 1 1 0 -1 0 0 0 0 0 1 2 3 4 20 0").parent == 0


def test_ours_is_the_root_and_all_below_it() -> None:
    processes = {1: Ticks(0, 1000), 10: Ticks(1, 5), 11: Ticks(10, 7), 12: Ticks(11, 9), 20: Ticks(1, 500)}
    assert used_by_tree(processes, 10) == 21


def test_waiting_for_a_disk_is_not_busy() -> None:
    assert parse_machine("cpu  10 20 30 1000 500 4 5 6 0 0") == (69, 6)


def test_half_a_core_of_others_is_a_share_of_one_half() -> None:
    before = Reading(busy=1000, stolen=0, ours=300, at=0.0)
    after = Reading(busy=1500, stolen=0, ours=600, at=4.0)
    assert foreign_share(before, after, ticks_per_second=100) == pytest.approx(0.5)


def test_what_the_host_takes_counts_as_others() -> None:
    before, after = Reading(0, 0, 0, 0.0), Reading(100, 100, 100, 1.0)
    assert foreign_share(before, after, ticks_per_second=100) == pytest.approx(1.0)


def test_rounding_never_makes_a_negative_share() -> None:
    assert foreign_share(Reading(0, 0, 0, 0.0), Reading(10, 0, 12, 1.0), 100) == 0.0


@pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="only Linux accounts for it")
def test_our_own_work_is_seen_as_ours() -> None:
    before = read()
    assert before
    until = os.times().user + 0.3
    while os.times().user < until:
        pass
    after = read()
    assert after
    assert after.ours - before.ours >= 0.25 * os.sysconf("SC_CLK_TCK")


def test_waiting_ends_when_the_machine_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([1.5, 0.9, IDLE / 2, 2.0])
    monkeypatch.setattr("bench.cpu.foreign_share", lambda *_: next(shares))
    slept: list[float] = []
    assert wait_until_idle(60, slept.append) == IDLE / 2
    assert len(slept) == 3


def test_waiting_has_an_end_on_a_machine_that_never_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.cpu.foreign_share", lambda *_: 2.0)
    slept: list[float] = []
    assert wait_until_idle(5, slept.append) == 2.0
    assert len(slept) == 5


def test_where_nothing_is_known_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.cpu.read", lambda: None)
    slept: list[float] = []
    assert wait_until_idle(60, slept.append) is None
    assert len(slept) == 1
