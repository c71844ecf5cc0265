from __future__ import annotations

import asyncio
import sys

import pytest

from orion_py.starting import start


async def test_work_has_run_to_its_first_wait_when_start_returns_where_python_can() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    seen: list[str] = []

    async def work() -> None:
        seen.append("begun")
        await gate
        seen.append("ended")

    task = start(work())
    assert seen == (["begun"] if sys.version_info >= (3, 12) else [])
    await asyncio.sleep(0)
    assert seen == ["begun"]
    gate.set_result(None)
    await task
    assert seen == ["begun", "ended"]


async def test_work_that_fails_at_once_fails_as_a_task() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await start(work())
