"""Defines the seam to snapshots: the memory of a Python that has imported everything."""

from __future__ import annotations

from typing import Protocol


class Snapshots(Protocol):
    async def make(self) -> str:
        """Makes one for this version, browser and machine and tests it, unless there is one. Answers "there",
        "made", "impossible", "busy" (another tab makes it), "stopped", or why it failed. Never raises."""

    def stop(self) -> None:
        """Ends what is under way; nothing of it is used."""


class NoSnapshots:
    """Makes none, where a start is quick without: CPython, tests."""

    async def make(self) -> str:
        return "impossible"

    def stop(self) -> None:
        return None
