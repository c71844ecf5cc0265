"""Hosts the engine in a terminal: ``orion`` and ``python -m orion_py.cli``."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; see ``orion_py.cli.commands``, which is imported only now."""
    from orion_py.cli.commands import main as run

    return run(arguments)
