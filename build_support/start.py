"""From a bare Python to the commands, with one clear sentence when something fails. Standard library only."""

from __future__ import annotations

import sys
from pathlib import Path

from build_support import environment
from build_support.errors import BuildError


def start(script: Path, arguments: list[str]) -> int:
    """Runs the command of ``arguments`` inside the virtual environment; returns its exit code."""
    from build_support import cli

    try:
        options = cli.parse(arguments)  # before anything is installed: wrong usage is told at once
        environment.enter(script, arguments)
        return cli.run(options)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nStopped. What is done is kept; the same command goes on from here.", file=sys.stderr)
        return 1
