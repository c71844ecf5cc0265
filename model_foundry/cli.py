"""The ``foundry`` command. Exit codes: 0 done, 1 it failed and says why, 2 wrong usage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from model_foundry.commands import (
    calibrate,
    compare,
    environment,
    importing,
    merge,
    merge_study,
    optimize,
    perplexity,
    quantize,
    router,
    shard,
    specialise,
    validate,
)
from model_foundry.errors import FoundryError
from model_foundry.stopping import terminated_by_exception
from orion_py.errors import OrionError

COMMANDS = (
    *(importing, quantize, shard, optimize, calibrate, router, validate, compare),
    *(merge, merge_study, environment, specialise, perplexity),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives the exit code. Wrong usage leaves through SystemExit(2), SIGTERM through 143."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        with terminated_by_exception():
            return command(options)
    except (FoundryError, OrionError, OSError) as error:
        print(f"foundry: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foundry", description="From published weights to shards that a browser runs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser
