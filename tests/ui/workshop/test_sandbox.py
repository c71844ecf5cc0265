"""The sandbox of the page: one run at a time, every run ends, a cell that doesn't answer goes."""

from __future__ import annotations

import json
from typing import Any

from ui.answers.sandbox import BOOT_MS, GRACE_MS, IDLE_MS, Sandbox


class Timers:
    def __init__(self) -> None:
        self.waiting: dict[int, tuple[int, Any]] = {}
        self._count = 0

    def later(self, ms: int, call: Any) -> int:
        self._count += 1
        self.waiting[self._count] = (ms, call)
        return self._count

    def cancel(self, handle: int) -> None:
        self.waiting.pop(handle, None)

    def pass_by(self, ms: int) -> None:
        """The one timer of ``ms`` runs out."""
        handle = next(key for key, (wait, _) in self.waiting.items() if wait == ms)
        self.waiting.pop(handle)[1]()


class Cell:
    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.ended = False

    def post(self, text: str) -> None:
        self.posted.append(json.loads(text))

    def end(self) -> None:
        self.ended = True


class Bench:
    """A sandbox, its cells, and what a run was told."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.timers, self.cells, self.told = Timers(), [], []
        self._refuses = refuses
        self.sandbox = Sandbox(self._open, self.timers)
        self._opened: Any = None

    def _open(self, on_text: Any) -> Bench:
        self.say = lambda **message: on_text(json.dumps(message))
        return self

    def then(self, opened: Any, refused: Any) -> None:
        self._opened = refused if self._refuses else opened

    def opens(self) -> Cell:
        self.cells.append(Cell())
        self._opened(self.cells[-1])
        return self.cells[-1]

    def run(self, code: str = "1") -> None:
        self.sandbox.run(code, self.told.append, seconds=3)


def test_a_run_starts_when_the_cell_is_there_and_ends_once() -> None:
    bench = Bench()
    bench.run()
    cell = bench.opens()
    assert (cell.posted[0]["code"], cell.posted[0]["seconds"]) == ("1", 3)
    bench.say(type="started", id="1")
    bench.say(type="out", id="1", stream="stdout", text="hi")
    bench.say(type="end", id="1", why="done", value="1", error="")
    bench.say(type="out", id="1", stream="stdout", text="late")
    assert [message["type"] for message in bench.told] == ["started", "out", "end"]
    assert not bench.sandbox.busy


def test_a_second_run_uses_the_same_cell_and_stops_the_first() -> None:
    bench = Bench()
    bench.run()
    cell = bench.opens()
    bench.run("2")
    assert [message["type"] for message in cell.posted] == ["run", "stop", "run"]
    bench.say(type="end", id="1", why="stopped")
    assert [message["why"] for message in bench.told] == ["stopped"]
    assert bench.sandbox.busy


def test_a_run_stopped_before_its_cell_came_never_starts() -> None:
    bench = Bench()
    bench.run()
    bench.sandbox.stop()
    assert bench.opens().posted == []
    assert bench.told == [{"type": "end", "why": "stopped"}]


def test_a_cell_that_says_nothing_is_thrown_away() -> None:
    bench = Bench()
    bench.run()
    cell = bench.opens()
    bench.timers.pass_by(BOOT_MS)
    assert cell.ended
    assert bench.told[-1]["why"] == "crash"


def test_a_cell_that_doesnt_keep_the_time_is_thrown_away() -> None:
    bench = Bench()
    bench.run()
    cell = bench.opens()
    bench.say(type="started", id="1")
    bench.timers.pass_by(3000 + GRACE_MS)
    assert cell.ended
    assert bench.told[-1]["why"] == "time"
    bench.run()
    assert bench.opens().posted


def test_a_cell_that_cannot_be_opened_ends_the_run() -> None:
    bench = Bench(refuses=True)
    bench.run()
    bench.opens()
    assert bench.told[-1]["why"] == "crash"


def test_an_idle_cell_gives_its_memory_back() -> None:
    bench = Bench()
    bench.run()
    cell = bench.opens()
    bench.say(type="end", id="1", why="done")
    bench.timers.pass_by(IDLE_MS)
    assert cell.ended


def test_replies_reach_only_code_that_runs() -> None:
    bench = Bench()
    bench.run()
    cell = bench.opens()
    bench.sandbox.reply(1, {"text": "yes"})
    bench.sandbox.stop()
    bench.sandbox.reply(2, {"text": "no"})
    replies = [message for message in cell.posted if message["type"] == "reply"]
    assert replies == [{"type": "reply", "key": 1, "body": '{"text": "yes"}'}]
