"""``build.py serve``: the finished site on a local port, and a browser that shows it."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path

from build_support.errors import StepFailed
from build_support.server import StaticServer


def serve(folder: Path, *, port: int, open_page: bool, plain: bool) -> int:
    """Serves ``folder`` until interrupted; returns the exit code. Raises StepFailed if the port is taken."""
    try:
        server = StaticServer(folder, port=port, plain=plain)
    except (OSError, OverflowError) as error:
        raise StepFailed(
            f"Port {port} can't be used: {error}.", "Choose another one with --port, or --port 0 for any free one."
        ) from error
    with server:
        print(f"ORION is at {server.url}  (Ctrl-C stops)", flush=True)
        if open_page and not os.environ.get("CI"):
            webbrowser.open(server.url)
        try:
            server.wait()
        except KeyboardInterrupt:
            print("\nStopped.")
    return 0
