"""Runs ``foundry compare A B``: two models on the same samples and prompts."""

from __future__ import annotations

import argparse
from pathlib import Path

from model_foundry.building.versions import MODELS
from model_foundry.commands.evaluating import add_options, evaluate, threshold
from model_foundry.measuring.tasks.catalogue import PERPLEXITY
from model_foundry.measuring.texts import NAMES as TEXTS

EPILOG = """A and B are MODEL[@VARIANT] (native onnxruntime), browser:MODEL[@VARIANT] or reference:MODEL (numpy, slow);
B may be command:PROGRAM ARGUMENTS, a program that answers requests (docs/foundry.md). Exit code 1 past a threshold."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("compare", help="two models on the same tasks, sample by sample", epilog=EPILOG)
    parser.add_argument("model", metavar="A")
    parser.add_argument("baseline", metavar="B")
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of built models")
    parser.add_argument("--text", action="append", choices=TEXTS, help="of perplexity; may be repeated; default: all")
    add_options(parser)
    parser.add_argument(
        "--threshold",
        action="append",
        type=threshold,
        metavar="TASK=VALUE",
        help="the largest loss of A against B: 0.03 is 3 points of a score, 3 %% of perplexity; of agreement the least",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="as one JSON object, with every sample")
    parser.set_defaults(command=_compare)


def _compare(options: argparse.Namespace) -> int:
    options.task = options.task or [PERPLEXITY]
    return evaluate(options, options.model, options.baseline)
