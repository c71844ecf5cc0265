"""Serves the finished site on a local port and opens a browser (``build.py serve``).

The process that serves imports nothing but the server: what is built is built by children (making.py).
"""

from __future__ import annotations

import os
import signal
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType

from build_support import coming, making, paths
from build_support.errors import StepFailed
from build_support.progress import say
from build_support.server import StaticServer

FIRST, THEN = "lite", ("full", "vision", "speech", "voices")
"""What is made before the page opens and what after it, in the background, unless somebody chooses."""


def build_and_serve(folder: Path, models: str | None, *, port: int, open_page: bool, plain: bool) -> int:
    """Makes ``folder``, serves it until interrupted, and makes the larger models meanwhile; returns the exit code.

    With ``models`` exactly these are made, all of them before the page opens. Raises StepFailed if the port is taken.
    """
    server = _opened(folder, port, plain)  # a port that is taken is said before anything is built
    try:
        code = making.now(models or FIRST, () if models else THEN)
    except BaseException:
        server.close()
        raise
    if code:
        server.close()
        return code
    return _serve(server, open_page=open_page, later=() if models else THEN)


def serve(folder: Path, *, port: int, open_page: bool, plain: bool) -> int:
    """Serves ``folder`` until interrupted; returns the exit code. Raises StepFailed if the port is taken."""
    return _serve(_opened(folder, port, plain), open_page=open_page)


def _opened(folder: Path, port: int, plain: bool) -> StaticServer:
    try:
        return StaticServer(folder, port=port, plain=plain)
    except (OSError, OverflowError) as error:
        raise StepFailed(
            f"Port {port} can't be used: {error}.", "Choose another one with --port, or --port 0 for any free one."
        ) from error


def _serve(server: StaticServer, *, open_page: bool, later: Sequence[str] = ()) -> int:
    with server, _ended_politely():
        print(f"ORION is at {server.url}  (Ctrl-C stops)", flush=True)
        if open_page and not os.environ.get("CI"):
            webbrowser.open(server.url)
        if later:
            named = " and ".join(later).capitalize()
            say(f"  {named} are made beside it, as far as they aren't there yet; --models {FIRST} leaves them out.")
        with making.beside(",".join([FIRST, *later])) if later else nullcontext() as process:
            if process is not None:
                ids = coming.ids_of(later, paths.ROOT / coming.REGISTRY)
                server.rewrites[coming.REGISTRY] = lambda listed: (
                    coming.marked(listed, ids) if process.poll() is None else listed
                )
            try:
                server.wait()
            except KeyboardInterrupt:
                print("\nStopped.", flush=True)
    return 0


@contextmanager
def _ended_politely() -> Iterator[None]:
    """A request to end (SIGTERM) is taken as Ctrl-C, so that what was started ends too."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread: the caller there ends us
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
