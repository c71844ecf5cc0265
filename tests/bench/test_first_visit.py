"""What belongs to the visit, when it is over, and what is printed of it."""

from __future__ import annotations

from typing import Any

import pytest

from bench.benches import first_visit
from bench.benches.first_visit import STILL_S, notes_for, of_site, wait_until_still
from bench.downloads import File
from build_support.server import Request


class Line:
    """A server whose last answer ended at ``ended``."""

    def __init__(self, *ended: float) -> None:
        self.log = [Request("GET", "orion/a", 200, 1, ended=when) for when in ended]

    def requests(self) -> list[Request]:
        return self.log


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def waited(line: Line) -> float:
    clock = Clock()
    server: Any = line
    wait_until_still(server, clock.sleep, lambda: clock.now)
    return clock.now - 100.0


def test_it_waits_until_nothing_has_moved_for_a_while() -> None:
    assert waited(Line()) == pytest.approx(STILL_S, abs=1)
    assert waited(Line(90.0)) == pytest.approx(STILL_S, abs=1)
    assert waited(Line(130.0)) == pytest.approx(30 + STILL_S, abs=1)


def test_a_line_that_never_rests_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_visit, "LIMIT_S", 50.0)
    assert waited(Line(1e9)) == pytest.approx(50, abs=1)


def test_only_the_sites_files_count_by_their_paths_in_it() -> None:
    sent = [Request("GET", "orion/app.js", 200, 5, 1.0), Request("GET", "pages/job.js", 200, 5, 1.0)]
    assert [request.path for request in of_site(sent)] == ["app.js"]


def test_files_are_told_one_by_one_and_by_what_they_belong_to() -> None:
    notes = notes_for([File("models/shards/aa", 50_000_000, 0), File("app.js", 1000, 0)], {})
    assert notes[1].endswith("models/shards/aa")
    assert notes[3].endswith("all 2 files")
    assert notes[-1].endswith("all 2 kinds")
    assert any("parts of models" in note for note in notes)
