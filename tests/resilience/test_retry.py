from __future__ import annotations

import pytest

from orion_py.errors import DownloadFailed, QuotaExceeded
from orion_py.resilience.retry import RetryPolicy, retry
from tests.tiny import Clock


def failing(times: int, error: Exception):
    calls = []

    async def action() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return "done"

    return action, calls


async def test_a_passing_failure_is_tried_again_until_it_passes() -> None:
    clock = Clock()
    action, calls = failing(2, DownloadFailed())
    assert await retry(action, RetryPolicy(tries=4), clock.sleep, lambda: 1.0) == "done"
    assert len(calls) == 3


async def test_the_last_failure_is_raised_when_tries_are_used_up() -> None:
    clock = Clock()
    action, calls = failing(9, DownloadFailed("down"))
    with pytest.raises(DownloadFailed, match="down"):
        await retry(action, RetryPolicy(tries=3), clock.sleep, lambda: 0.5)
    assert len(calls) == 3


async def test_what_trying_again_cannot_cure_is_raised_at_once() -> None:
    clock = Clock()
    action, calls = failing(9, QuotaExceeded())
    with pytest.raises(QuotaExceeded):
        await retry(action, RetryPolicy(), clock.sleep, lambda: 0.5)
    assert len(calls) == 1
    assert clock.now == 0


async def test_waits_double_up_to_the_cap_and_are_jittered() -> None:
    policy = RetryPolicy(base=1.0, cap=5.0)
    assert [policy.delay(n, 1.0) for n in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 5.0]
    assert policy.delay(3, 0.25) == 1.0


async def test_each_failure_is_reported_with_its_number() -> None:
    seen: list[tuple[str, int]] = []
    action, _ = failing(2, DownloadFailed())
    await retry(action, RetryPolicy(), Clock().sleep, lambda: 0.0, lambda e, n: seen.append((e.code, n)))
    assert seen == [("download_failed", 1), ("download_failed", 2)]
