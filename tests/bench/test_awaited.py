"""Coroutines of a bench run although playwright's event loop runs in the same thread."""

from __future__ import annotations

import pytest

from bench.awaited import awaited


async def _doubled(value: int) -> int:
    if not value:
        raise ValueError("nothing to double")
    return 2 * value


async def test_it_runs_in_a_thread_with_a_running_loop_and_hands_on_what_it_raises() -> None:
    assert awaited(_doubled(3)) == 6
    with pytest.raises(ValueError, match="nothing to double"):
        awaited(_doubled(0))


def test_it_runs_without_one() -> None:
    assert awaited(_doubled(4)) == 8
