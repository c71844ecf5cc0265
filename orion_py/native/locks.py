"""Locks a folder between processes; the operating system releases the lock of a process that ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from orion_py.cancellation import CancelToken

LOOK_S = 0.1
"""Between looks whether a lock became free."""


@asynccontextmanager
async def file_lock(path: Path, cancel: CancelToken) -> AsyncIterator[None]:
    """``async with`` it: no other process or task holds the lock of that file, which exists only meanwhile. Raises
    Cancelled, and OSError where it can't be made."""
    while True:
        cancel.raise_if_cancelled()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        # Who held it before may have taken the file away: then this is the lock of no file any more.
        if _try(descriptor) and _is_at(descriptor, path):
            break
        os.close(descriptor)
        await asyncio.sleep(LOOK_S)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps an open file
            path.unlink()
        os.close(descriptor)  # which gives the lock back


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _try(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
