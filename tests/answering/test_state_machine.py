"""The life of one request."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.answering.state_machine import BUSY, TERMINAL, TRANSITIONS, StateMachine, Transition
from orion_py.errors import IllegalTransition
from orion_py.protocol import StateName

STATES = list(TRANSITIONS)
ROAD: tuple[StateName, ...] = ("validating", "routing", "loading_agent", "inferencing", "success")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def walk(*states: StateName) -> StateMachine:
    machine = StateMachine(Clock())
    for state in states:
        machine.to(state)
    return machine


def test_a_new_machine_is_idle() -> None:
    machine = StateMachine(Clock())
    assert (machine.state, machine.progress(), machine.is_busy(), machine.timings()) == ("idle", 0, False, {})


def test_a_request_walks_the_whole_road_and_back_to_idle() -> None:
    machine = StateMachine(Clock())
    for state in (*ROAD, "idle"):
        machine.to(state)
        assert machine.state == state


def test_only_the_states_between_idle_and_the_ends_are_busy() -> None:
    busy = set()
    machine = StateMachine(Clock())
    for state in ROAD:
        machine.to(state)
        if machine.is_busy():
            busy.add(state)
    assert busy == {"validating", "routing", "loading_agent", "inferencing"}
    assert walk("validating", "routing", "fallback").is_busy()


def test_a_transition_says_whence_whither_and_how_long() -> None:
    seen: list[Transition] = []
    clock = Clock()
    machine = StateMachine(clock, seen.append)
    clock.now += 2
    machine.to("validating")
    clock.now += 0.25
    machine.to("routing")
    assert [(t.previous, t.state, t.ms) for t in seen] == [
        ("idle", "validating", 2000.0),
        ("validating", "routing", 250.0),
    ]
    assert seen[1].progress == machine.progress()


def test_an_illegal_move_is_named_and_changes_nothing() -> None:
    seen: list[Transition] = []
    machine = StateMachine(Clock(), seen.append)
    with pytest.raises(IllegalTransition, match="from idle there is no way to success") as caught:
        machine.to("success")
    assert caught.value.detail == {"previous": "idle", "state": "success"}
    assert machine.state == "idle"
    assert seen == []


def test_a_fallback_goes_back_to_the_state_that_is_tried_again() -> None:
    for state in ("routing", "loading_agent", "inferencing"):
        machine = walk("validating", "routing", "fallback")
        machine.to(state)
        assert machine.state == state


def test_every_busy_state_can_fail_and_can_be_cancelled() -> None:
    for state in BUSY:
        assert {"error", "cancelled"} <= TRANSITIONS[state]


def test_the_ends_lead_to_idle_only() -> None:
    for state in TERMINAL:
        assert TRANSITIONS[state] == {"idle"}


def test_timings_add_up_where_a_state_is_entered_twice() -> None:
    clock = Clock()
    machine = StateMachine(clock)
    for state, seconds in (("validating", 0.5), ("routing", 1), ("fallback", 2), ("routing", 4), ("loading_agent", 8)):
        machine.to(state)  # type: ignore[arg-type]
        clock.now += seconds
    assert machine.timings() == {"validating": 500, "routing": 5000, "fallback": 2000, "loading_agent": 8000}


def test_timings_stay_readable_after_the_end_and_start_anew_with_the_next_run() -> None:
    clock = Clock()
    machine = StateMachine(clock)
    machine.to("validating")
    clock.now += 1
    machine.to("error")
    clock.now += 10
    assert machine.timings() == {"validating": 1000}
    machine.to("idle")
    assert machine.timings() == {"validating": 1000}
    machine.to("validating")
    assert machine.timings() == {"validating": 0}


def test_progress_grows_inside_a_state_up_to_where_the_next_begins() -> None:
    machine = walk("validating", "routing", "loading_agent")
    steps = [machine.progress(), machine.advance(0.5), machine.advance(1.0)]
    machine.to("inferencing")
    steps.append(machine.progress())
    assert steps == [10, 35, 60, 60]


def test_progress_outside_the_range_is_held_inside() -> None:
    machine = walk("validating", "routing", "loading_agent")
    assert machine.advance(-3) == 10
    assert machine.advance(7) == 60


def test_progress_doesnt_fall_when_a_fallback_goes_back() -> None:
    machine = walk("validating", "routing", "loading_agent", "inferencing")
    before = machine.progress()
    machine.to("fallback")
    machine.to("loading_agent")
    assert machine.progress() == before


def test_an_idle_machine_has_no_progress() -> None:
    machine = walk(*ROAD)
    assert machine.progress() == 100
    machine.to("idle")
    assert machine.progress() == 0
    assert machine.advance(1.0) == 0


def test_every_state_of_the_protocol_is_in_the_table_and_every_move_leads_to_one() -> None:
    from typing import get_args

    assert set(STATES) == set(get_args(StateName))
    assert set().union(*TRANSITIONS.values()) == set(STATES)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STATES), st.floats(0, 5)), max_size=40))
def test_no_undefined_move_is_ever_made(moves: list[tuple[StateName, float]]) -> None:
    clock = Clock()
    seen: list[Transition] = []
    machine = StateMachine(clock, seen.append)
    for state, seconds in moves:
        before, progress = machine.state, machine.progress()
        clock.now += seconds
        if state in TRANSITIONS[before]:
            machine.to(state)
            assert machine.state == state
        else:
            with pytest.raises(IllegalTransition):
                machine.to(state)
            assert machine.state == before
        assert machine.is_busy() == (machine.state in BUSY)
        assert (machine.progress() == 100) == (machine.state == "success")
        assert machine.state == "idle" or machine.progress() >= progress
    assert all(t.state in TRANSITIONS[t.previous] for t in seen)


@settings(deadline=None)
@given(st.lists(st.sampled_from(STATES), max_size=30))
def test_every_run_can_end(moves: list[StateName]) -> None:
    machine = StateMachine(Clock())
    for state in moves:
        if state in TRANSITIONS[machine.state]:
            machine.to(state)
    if machine.is_busy():
        machine.to("cancelled")
    if machine.state != "idle":
        machine.to("idle")
    assert machine.state == "idle"
