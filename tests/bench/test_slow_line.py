"""The time that bytes need on a line, and what was the last of them."""

from __future__ import annotations

import pytest

from bench.benches.slow_line import last_byte, over_its_bytes, with_bodies
from build_support.server import Request


def test_bytes_at_the_lines_speed_take_their_time_once() -> None:
    assert over_its_bytes(ms=40_000, sent=100_000_000, megabits=20) == pytest.approx(1)
    assert over_its_bytes(ms=46_000, sent=100_000_000, megabits=20) == pytest.approx(1.15)


SENT = [
    Request("GET", "orion/vendor/ort/ort.wasm", 200, 14_000_000, ended=10.0),
    Request("GET", "orion/workers/inference.js", 304, 0, ended=11.0),
    Request("GET", "orion/models/shards/aa", 200, 40_000_000, ended=20.0),
    Request("GET", "orion/models/shards/bb", 206, 50_000_000, ended=30.0),
    Request("GET", "orion/models/shards/router", 200, 8_000_000, ended=33.0),
]


def test_only_what_moved_bytes_counts() -> None:
    assert with_bodies(SENT) == [SENT[0], *SENT[2:]]


def test_the_last_byte_is_the_models_whatever_comes_behind_it() -> None:
    assert last_byte(SENT, {"aa", "bb"}) == 30.0
    with pytest.raises(ValueError, match="empty"):
        last_byte(SENT, {"cc"})
