"""Runs ``foundry validate --task``: a model's scores, beside its agreement with the reference."""

from __future__ import annotations

import argparse
import sys

from model_foundry.commands.evaluating import add_options, evaluate, threshold
from model_foundry.measuring.fidelity import INT8
from model_foundry.measuring.report import AGREEMENT
from model_foundry.measuring.tasks.catalogue import PERPLEXITY


def add_task_options(parser: argparse.ArgumentParser) -> None:
    """Adds to ``validate`` what makes it run tasks."""
    add_options(parser)
    parser.add_argument(
        "--threshold",
        action="append",
        type=threshold,
        metavar="TASK=VALUE",
        help="the lowest score (the highest perplexity) that passes; with --baseline the largest loss against it",
    )
    parser.add_argument("--baseline", metavar="MODEL", help="score this one too, as 'compare' does")
    engine = parser.add_mutually_exclusive_group()
    engine.add_argument("--browser", action="store_true", help="run the model in Chromium")
    engine.add_argument("--reference", action="store_true", help="run the reference implementation: slow")


def wants_tasks(options: argparse.Namespace) -> bool:
    """Whether this is about scores; else it is about likeness to the reference, step by step."""
    return bool(options.task or options.browser or options.reference or options.baseline or options.threshold)


def validate_tasks(options: argparse.Namespace) -> int:
    """The exit code. Without a task, a browser is held to the reference as a native session would be."""
    if options.gguf or len(options.variant or []) > 1:
        print("foundry: --gguf and several --variant don't go with tasks", file=sys.stderr)
        return 2
    word = "@".join([options.model, *(options.variant or [])])
    word = f"browser:{word}" if options.browser else f"reference:{options.model}" if options.reference else word
    if not options.task:
        options.task = [PERPLEXITY]
        if options.browser and not options.baseline and not options.threshold:
            options.baseline = f"reference:{options.model}"
            options.threshold = [(PERPLEXITY, INT8.perplexity_loss), (AGREEMENT, INT8.top1_agreement)]
    return evaluate(options, word, options.baseline)
