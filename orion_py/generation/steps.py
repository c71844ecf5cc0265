"""Runs an answer's calls of its model: each is begun at once and awaited later.

In between there is time to turn the previous token into text and send it, while a worker computes. A model whose
session chooses tokens itself is asked for a run of them, which come some at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, InferenceTimeout
from orion_py.runtime.base import Logits
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.segments import Inputs
from orion_py.runtime.token_runs import RunRequest, TokenRun

T = TypeVar("T")


class Steps:
    """One call at a time: ``begin``, then ``rows``; or ``begin_run``, then ``tokens`` while it ``runs``. End with
    ``close``, whatever happened.

    A call that is cancelled, that takes too long or that ``close`` leaves behind goes on in its worker;
    the next one waits for it there.
    """

    def __init__(self, model: LoadedModel, cancel: CancelToken, clock: Callable[[], float]) -> None:
        self._model, self._cancel, self._clock = model, cancel, clock
        self._call: asyncio.Future[Logits] | None = None
        self._run: TokenRun | None = None
        self._news: asyncio.Future[None] | None = None
        self._limit = TimeLimit(lambda: self._end(TimeoutError()), asyncio.get_running_loop())
        self._timeout: float | None = None
        self._verifies = self._stopping = False
        self._begun = 0.0
        self._unsubscribe = cancel.subscribe(lambda: self._end(Cancelled()))
        self.seconds = 0.0
        """What the latest call took, from its beginning to its rows; of a run, what the session says that it took for
        the latest tokens."""

    def begin(self, tokens: Sequence[int], position: int, timeout: float | None) -> None:
        """Runs ``tokens`` from ``position`` on: one is a step, several are a draft to verify. ``timeout`` in seconds.
        Raises Cancelled."""
        self._prepare(timeout, verify=len(tokens) > 1)
        self._call = (self._model.begin_verify if self._verifies else self._model.begin)(tokens, position)
        self._limit.set(timeout)

    def begin_prompt(self, inputs: Inputs, position: int, timeout: float | None) -> None:
        """Reads ``inputs``, of which only the last one's logits are wanted. Raises Cancelled."""
        self._prepare(timeout, verify=False)
        self._call = self._model.begin(inputs, position)
        self._limit.set(timeout)

    def begin_run(self, request: RunRequest, timeout: float | None) -> None:
        """Has the session choose the tokens. ``timeout`` in seconds, for each. Raises Cancelled."""
        self._prepare(timeout, verify=False)
        self._stopping = False
        self._run = self._model.begin_run(request, self._on_news)

    def _prepare(self, timeout: float | None, *, verify: bool) -> None:
        self._cancel.raise_if_cancelled()
        self._timeout, self._verifies, self._begun = timeout, verify, self._clock()

    @property
    def under_way(self) -> bool:
        """Whether a call was begun whose rows nobody took yet, or a run that hasn't ended."""
        return self._call is not None or (self._run is not None and not self._run.ended)

    @property
    def runs(self) -> bool:
        """Whether a run was begun of which tokens are to be taken."""
        return self._run is not None

    async def rows(self) -> list[Logits]:
        """The logits after each token of a draft, else after the last one, each of shape [vocab].

        Raises Cancelled, InferenceTimeout (the model is closed: the next request gets another worker, and doesn't
        wait behind this call), and what the session raises.
        """
        assert self._call is not None, "nothing was begun"
        try:
            logits = await self._ended(self._call)
        finally:
            self._call = None
            self.seconds = self._clock() - self._begun
        return list(logits) if self._verifies else [logits]

    async def tokens(self) -> list[int]:
        """What the run has chosen since the last call; nothing where it ended meanwhile. Raises as ``rows``."""
        assert self._run is not None, "no run was begun"
        if self._cancel.cancelled:
            await self._model.interrupt()
            raise Cancelled
        if self._run.waits:
            self._news = asyncio.get_running_loop().create_future()
            self._limit.set(self._timeout)
            try:
                await self._ended(self._news)
            finally:
                self._news = None
        found = self._run.take()
        self.seconds = found.seconds
        if self._run.over:
            self._run = None
        return list(found.tokens)

    def stop_run(self) -> None:
        """The run ends soon; what it has chosen until then still comes."""
        if self._run is not None and not self._stopping:
            self._stopping = True
            self._model.stop_run(self._run)

    async def _ended(self, call: asyncio.Future[T]) -> T:
        try:
            return await call
        except Cancelled:
            await self._model.interrupt()
            raise
        except TimeoutError:
            await self._model.close()
            raise InferenceTimeout(f"No token for {self._timeout:.0f} s.") from None
        finally:
            self._limit.set(None)

    def _on_news(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def close(self) -> None:
        """Nobody waits for what was begun."""
        if self._run is not None:
            self._run.give_up()
            self._model.stop_run(self._run)
            self._run = None
        self._unsubscribe()
        self._limit.close()
        self._unsubscribe = _nothing  # what knows this object mustn't be known by it: it would keep the model
        if self._call is not None and not self._call.cancel() and not self._call.cancelled():
            self._call.exception()  # it failed meanwhile, and the next call reports it
        self._call = None

    def _end(self, error: Exception) -> None:
        for awaited in (self._call, self._news):
            if awaited is not None and not awaited.done():
                awaited.set_exception(error)


def _nothing() -> None:
    pass


SLEPT_S = 2.0
"""A timer that is called later than that after its time: nothing ran meanwhile."""


class TimeLimit:
    """A time limit that is set anew with each call. Its timer isn't: in a browser a timer costs more than
    the call's other book-keeping, so one looks, when it is due, whether it still has to wait. Where the machine slept,
    or the browser froze the tab, the limit begins anew: what is waited for slept, too."""

    def __init__(self, on_late: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        self._on_late, self._loop = on_late, loop
        self._due: float | None = None
        self._seconds = 0.0
        self._timer: asyncio.Handle | None = None
        self._fires = 0.0

    def set(self, seconds: float | None) -> None:
        """``on_late`` is called so many seconds from now; None: never."""
        self._due, self._seconds = (None, 0.0) if seconds is None else (self._loop.time() + seconds, seconds)
        if self._due is not None and (self._timer is None or self._due < self._fires):
            self._wait(self._due)

    def close(self) -> None:
        """For good."""
        self._due, self._on_late = None, _nothing
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires = until
        self._timer = self._loop.call_at(until, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        now = self._loop.time()
        if now - self._fires > SLEPT_S:
            self._due = now + self._seconds
        if now < self._due:
            self._wait(self._due)
            return
        self._due = None
        self._on_late()
