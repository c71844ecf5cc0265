"""Lends the ears, whose models belong to whoever owns all models in memory."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from orion_py.cancellation import CancelToken
from orion_py.runtime.graphs import Lend

if TYPE_CHECKING:
    from orion_py.senses.hearing.transcriber import Ears


class Hearing(Protocol):
    def ears(self, cancel: CancelToken) -> AbstractAsyncContextManager[Ears]:
        """The ears, the caller's alone while the block runs; what isn't in memory yet is loaded before it begins.
        Raises LoadError, CircuitOpen, RuntimeFailure, InvalidModel or Cancelled."""


class LentEars:
    """A ``Hearing`` that borrows its models each time."""

    def __init__(self, lend: Lend) -> None:
        self._lend = lend

    @asynccontextmanager
    async def ears(self, cancel: CancelToken) -> AsyncIterator[Ears]:
        """Raises as ``Hearing.ears``, and as ``Lend``."""
        from orion_py.senses.hearing.transcriber import VAD, WHISPER, Ears  # a start needn't wait for it

        async with self._lend(WHISPER, cancel) as whisper, self._lend(VAD, cancel) as vad:
            # The same recording gives the same text each time.
            yield await Ears.open(whisper, vad, random.Random(0).random)
