"""Drawing happens once per frame and never too much at a time."""

from __future__ import annotations

from collections.abc import Callable

from ui.base.frames import BUDGET_MS, Frames, Pace


class Screen:
    def __init__(self) -> None:
        self.time = 0.0
        self.waiting: list[Callable[..., None]] = []

    def frame(self) -> None:
        calls, self.waiting = self.waiting, []
        for call in calls:
            call(self.time)


def test_many_requests_make_one_drawing() -> None:
    screen, drawn = Screen(), []
    frames = Frames(screen.waiting.append, lambda: screen.time, lambda: drawn.append(1))
    for _ in range(500):
        frames.ask()
    assert len(screen.waiting) == 1
    screen.frame()
    assert len(drawn) == 1


def test_work_that_is_left_over_goes_on_in_the_next_frame() -> None:
    screen, left = Screen(), [True, True, False]
    frames = Frames(lambda call: screen.waiting.append(call), lambda: screen.time, lambda: left.pop(0))
    frames.ask()
    for _ in range(3):
        screen.frame()
    assert left == []
    assert screen.waiting == []


def test_a_frame_is_over_when_its_budget_is_spent() -> None:
    screen, seen = Screen(), []

    def draw() -> bool:
        seen.append(frames.over())
        screen.time += BUDGET_MS + 1
        seen.append(frames.over())
        return False

    frames = Frames(lambda call: screen.waiting.append(call), lambda: screen.time, draw)
    frames.ask()
    screen.frame()
    assert seen == [False, True]


def test_a_costly_drawing_rests_four_times_as_long() -> None:
    screen = Screen()
    pace = Pace(lambda: screen.time)
    pace.took(2)
    assert pace.due()
    pace.took(20)
    screen.time = 79
    assert not pace.due()
    screen.time = 80
    assert pace.due()
