"""Runs an answer's calls of its model: each is begun at once and awaited later.

In between there is time to turn the previous token into text and send it, while a worker computes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, InferenceTimeout
from orion_py.runtime.base import Logits
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.segments import Inputs


class Steps:
    """One call at a time: ``begin``, then ``rows``. End with ``close``, whatever happened.

    A call that is cancelled, that takes too long or that ``close`` leaves behind goes on in its worker;
    the next one waits for it there.
    """

    def __init__(self, model: LoadedModel, cancel: CancelToken, clock: Callable[[], float]) -> None:
        self._model, self._cancel, self._clock = model, cancel, clock
        self._call: asyncio.Future[Logits] | None = None
        self._limit = TimeLimit(lambda: self._end(TimeoutError()), asyncio.get_running_loop())
        self._timeout: float | None = None
        self._verifies = False
        self._begun = 0.0
        self._unsubscribe = cancel.subscribe(lambda: self._end(Cancelled()))
        self.seconds = 0.0
        """What the latest call took, from its beginning to its rows."""

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

    def _prepare(self, timeout: float | None, *, verify: bool) -> None:
        self._cancel.raise_if_cancelled()
        self._timeout, self._verifies, self._begun = timeout, verify, self._clock()

    @property
    def under_way(self) -> bool:
        """Whether a call was begun whose rows nobody took yet."""
        return self._call is not None

    async def rows(self) -> list[Logits]:
        """The logits after each token of a draft, else after the last one, each of shape [vocab].

        Raises Cancelled, InferenceTimeout (the model is closed: the next request gets another worker, and doesn't
        wait behind this call), and what the session raises.
        """
        assert self._call is not None, "nothing was begun"
        try:
            logits = await self._call
        except Cancelled:
            await self._model.interrupt()
            raise
        except TimeoutError:
            await self._model.close()
            raise InferenceTimeout(f"No token for {self._timeout:.0f} s.") from None
        finally:
            self._call = None
            self._limit.set(None)
            self.seconds = self._clock() - self._begun
        return list(logits) if self._verifies else [logits]

    def close(self) -> None:
        """Nobody waits for what was begun."""
        self._unsubscribe()
        self._limit.close()
        self._unsubscribe = _nothing  # what knows this object mustn't be known by it: it would keep the model
        if self._call is not None and not self._call.cancel() and not self._call.cancelled():
            self._call.exception()  # it failed meanwhile, and the next call reports it
        self._call = None

    def _end(self, error: Exception) -> None:
        if self._call is not None and not self._call.done():
            self._call.set_exception(error)


def _nothing() -> None:
    pass


class TimeLimit:
    """A time limit that is set anew with each call. Its timer isn't: in a browser a timer costs more than
    the call's other book-keeping, so one looks, when it is due, whether it still has to wait."""

    def __init__(self, on_late: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        self._on_late, self._loop = on_late, loop
        self._due: float | None = None
        self._timer: asyncio.Handle | None = None
        self._fires = 0.0

    def set(self, seconds: float | None) -> None:
        """``on_late`` is called so many seconds from now; None: never."""
        self._due = None if seconds is None else self._loop.time() + seconds
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
        if self._loop.time() < self._due:
            self._wait(self._due)
            return
        self._due = None
        self._on_late()
