"""Work that nobody waits for any more."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import Cancelled, RuntimeFailure


async def test_a_failure_at_the_very_moment_of_the_cancel_is_no_warning() -> None:
    warned: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: warned.append(context))
    cancel = CancelToken()

    async def fails() -> None:
        cancel.cancel()
        raise RuntimeFailure("broken")

    with pytest.raises(Cancelled):
        await until_cancelled(fails(), cancel)
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()
    assert warned == []
