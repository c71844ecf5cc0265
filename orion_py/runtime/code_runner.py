"""Defines the seam to a sandbox that runs Python apart from the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from orion_py.cancellation import CancelToken
from orion_py.protocol import RunEnd

MOST_OUTPUT = 20_000
"""Characters of output that are kept."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program printed, and how it ended. ``error``: the last line of its traceback where it failed."""

    output: str
    end: RunEnd
    error: str = ""


class CodeRunner(Protocol):
    """A sandbox. Nothing that runs in it reaches the network, the engine or files."""

    async def run(self, code: str, seconds: float, cancel: CancelToken) -> Ran:
        """Runs ``code`` to its end, or for ``seconds`` at most. Raises Cancelled, and NoSandbox where nothing
        can confine it."""
        ...
