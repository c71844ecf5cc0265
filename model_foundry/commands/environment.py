"""Runs ``foundry environment``: makes the Python with torch and mergekit that some commands need."""

from __future__ import annotations

import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    environment = commands.add_parser(
        "environment", help="make the environment with torch and mergekit (some gigabytes, once)"
    )
    environment.set_defaults(command=_environment)


def _environment(options: argparse.Namespace) -> int:
    from model_foundry.training.environment import make

    print(make(print))
    return 0
