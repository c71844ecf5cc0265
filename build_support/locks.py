"""Locks files, so that one process at a time builds in a clone or changes the shared cache.

A lock belongs to its process: the system takes it back when that ends, however it ends. Standard library only.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from build_support.progress import say

POLL_SECONDS = 0.5
"""Between two tries where the system can't wait for a lock."""

_held: set[Path] = set()


@contextmanager
def alone(path: Path, what: str) -> Iterator[None]:
    """Holds the lock file ``path``. While another process holds it, waits and says so once: ``what`` is being
    done there. A process that holds it already goes straight on. Raises OSError where ``path`` can't be written.
    """
    key = path.absolute()
    if key in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as stream:
        if not _try(stream):
            stream.seek(0)
            holder = stream.read().strip()
            by = f" (process {holder})" if holder else ""
            say(f"  Another run{by} is {what}: waiting for it to end …")
            _wait(stream)
        _held.add(key)
        try:
            stream.seek(0)
            stream.truncate()
            stream.write(str(os.getpid()))
            stream.flush()
            yield
        finally:
            _held.discard(key)
            stream.truncate(0)
            _release(stream)


if sys.platform == "win32":  # pragma: no cover - tests/build_support/test_locks.py runs it on Windows
    import msvcrt

    _FAR = 1 << 30
    """Locked there, so that the holder's number at the beginning stays readable."""

    def _try(stream: IO[str]) -> bool:
        stream.seek(_FAR)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait(stream: IO[str]) -> None:
        while not _try(stream):
            time.sleep(POLL_SECONDS)

    def _release(stream: IO[str]) -> None:
        stream.seek(_FAR)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(stream: IO[str]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: as it was before there were any
            return True
        return True

    def _wait(stream: IO[str]) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX)

    def _release(stream: IO[str]) -> None:
        try:
            fcntl.flock(stream, fcntl.LOCK_UN)
        except OSError:
            pass
