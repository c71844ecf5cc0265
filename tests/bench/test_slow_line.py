"""The time that bytes need on a line."""

from __future__ import annotations

import pytest

from bench.benches.slow_line import over_its_bytes


def test_bytes_at_the_lines_speed_take_their_time_once() -> None:
    assert over_its_bytes(ms=40_000, sent=100_000_000, megabits=20) == pytest.approx(1)
    assert over_its_bytes(ms=46_000, sent=100_000_000, megabits=20) == pytest.approx(1.15)
