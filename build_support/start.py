"""Starts the commands from a bare Python, with one clear sentence when something fails. Standard library only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from build_support import environment
from build_support.errors import BuildError
from model_foundry.failures import local, of_error


def start(script: Path, arguments: list[str]) -> int:
    """Runs the command of ``arguments`` inside the virtual environment; returns its exit code."""
    from build_support import cli

    def command() -> int:
        options = cli.parse(arguments)  # before anything is installed: wrong usage is reported at once
        if options.command == "doctor":  # it changes nothing, so it comes before what it looks at
            return cli.run(options)
        environment.enter(script, arguments)
        return cli.run(options)

    return with_failures_explained(command)


def with_failures_explained(command: Callable[[], int]) -> int:
    """Returns what ``command`` returns; prints a failure of the build or of this machine in one sentence: 1 or 2.

    Anything else that is raised is a bug and stays a traceback.
    """
    try:
        return command()
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except (OSError, MemoryError) as error:
        if not local(error):
            raise
        reason = of_error(error)
        print(f"error: {reason.line}. {reason.remedy()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What is done is kept; the same command goes on from here.", file=sys.stderr)
        return 1
