"""Defines the ``foundry`` command. Exit codes: 0 done, 1 failed, 2 usage."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence

from model_foundry.errors import FoundryError
from model_foundry.sigterm import terminated_by_exception
from orion_py.cli.extras import missing
from orion_py.errors import OrionError
from orion_py.faults import reason

COMMANDS = (
    *("importing", "quantize", "shard", "optimize", "calibrate", "router", "validate", "compare"),
    *("merge", "merge_study", "environment", "specialise", "perplexity", "agents", "guard"),
)
"""Modules of ``model_foundry.commands``. They are imported when a command line is read, so that a package
which isn't installed is reported in one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives the exit code. Wrong usage leaves through SystemExit(2), SIGTERM through 143."""
    try:
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        with terminated_by_exception():
            return command(options)
    except (FoundryError, OrionError) as error:
        print(f"foundry: {error}", file=sys.stderr)
    except OSError as error:
        print(f"foundry: {reason(error)}", file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"foundry: {missing(error, 'foundry')}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foundry", description="From published weights to shards that a browser runs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"model_foundry.commands.{name}").add(commands)
    return parser
