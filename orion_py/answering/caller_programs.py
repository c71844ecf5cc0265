"""Has the caller of a question run a skill's programs, in its own sandbox, and waits for what comes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.protocol import Event, SkillCodeEvent
from orion_py.runtime.code_runner import Ran

SPARE_S = 20.0
"""What a sandbox may take beyond the program's own time: on a page its Python starts first."""


class CallerPrograms:
    """The programs that run now, by the request and their number."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Future[Ran]] = {}

    def take(self, request_id: str, run: int, ran: Ran) -> None:
        """What came of a program; of one that nobody waits for any more it is nobody's."""
        waiting = self._open.get((request_id, run))
        if waiting is not None and not waiting.done():
            waiting.set_result(ran)

    async def run(
        self,
        request_id: str,
        run: int,
        code: str,
        seconds: float,
        emit: Callable[[Event], None],
        cancel: CancelToken,
    ) -> Ran:
        """What came of ``code``. A caller that says nothing for ``SPARE_S`` beyond ``seconds`` counts as out of time.
        Raises Cancelled."""
        waiting: asyncio.Future[Ran] = asyncio.get_running_loop().create_future()
        self._open[request_id, run] = waiting
        try:
            emit(SkillCodeEvent(id=request_id, run=run, code=code, seconds=seconds))
            return await until_cancelled(waiting, cancel, seconds + SPARE_S)
        except TimeoutError:
            return Ran("", "time")
        finally:
            del self._open[request_id, run]
