"""Drawing happens once per frame and never too much at a time."""

from __future__ import annotations

from collections.abc import Callable

from ui.base.frames import BUDGET_MS, Frames, Pace, Pieces


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


class Drawing:
    """Three pieces, each of which takes a frame's time on a busy machine."""

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self.spent = False
        self.pieces = Pieces(
            (
                (("names",), lambda: self._draw("picker")),
                (("status",), lambda: self._draw("status")),
                (("names", "upgrade"), lambda: self._draw("welcome")),
            )
        )

    def _draw(self, piece: str) -> None:
        self.drawn.append(piece)
        self.spent = True

    def frame(self, *dirty: str) -> bool:
        self.spent = False
        return self.pieces.draw(set(dirty), lambda: self.spent)


def test_pieces_that_do_not_fit_a_frame_are_drawn_in_the_next_ones_in_their_order() -> None:
    drawing = Drawing()
    assert drawing.frame("names", "status", "a-turn")
    assert drawing.drawn == ["picker"]
    assert drawing.frame("status")
    assert not drawing.frame()
    assert drawing.drawn == ["picker", "status", "welcome"]


def test_a_piece_that_is_dirty_in_each_frame_keeps_no_other_waiting() -> None:
    drawing = Drawing()
    for _ in range(3):
        assert drawing.frame("names")
    assert drawing.drawn == ["picker", "welcome", "picker"]


def test_pieces_that_fit_are_drawn_at_once_and_only_where_something_of_theirs_is_dirty() -> None:
    drawing = Drawing()
    assert not drawing.pieces.draw({"names", "upgrade"}, lambda: False)
    assert drawing.drawn == ["picker", "welcome"]
    assert not drawing.pieces.draw({"a-turn"}, lambda: False)
    assert len(drawing.drawn) == 2
