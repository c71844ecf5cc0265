"""Shares options and execution between ``validate --task`` and ``compare``."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import time
from pathlib import Path

from rich.console import Console

from model_foundry.measuring.journal import Journal
from model_foundry.measuring.report import AGREEMENT, Either, Report, checks, show
from model_foundry.measuring.running import run_task
from model_foundry.measuring.subjects.arguments import Place, open_subject
from model_foundry.measuring.tasks.catalogue import PERPLEXITY, TASKS
from model_foundry.measuring.text_perplexity import run_texts
from model_foundry.measuring.texts import NAMES as TEXTS
from model_foundry.measuring.texts import evaluation_texts
from model_foundry.progress import ProgressBars

DATA = Path(".cache/evaluation")
NAMES = (PERPLEXITY, *TASKS)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", action="append", choices=NAMES, help="may be repeated")
    parser.add_argument("--limit", type=_count, metavar="N", help="that many samples of each task (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="which samples (default: 1)")
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help=f"the tasks' data (default: {DATA})")
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="keep answers in FILE, and go on from there after a stop"
    )
    parser.add_argument(
        "--site", type=Path, default=Path("dist"), help="the built site, for the browser (default: dist)"
    )


def threshold(text: str) -> tuple[str, float]:
    """``TASK=VALUE``. Raises ArgumentTypeError."""
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not equals or name not in (*NAMES, AGREEMENT) or not math.isfinite(number):
        known = ", ".join((*NAMES, AGREEMENT))
        raise argparse.ArgumentTypeError(f"{text!r} isn't TASK=VALUE with a number and one of {known}")
    return name, number


def _count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a number of samples")
    return int(text)


def evaluate(options: argparse.Namespace, subject: str, baseline: str | None) -> int:
    """Runs the tasks of ``options`` on ``subject``, and on ``baseline``; prints what came out. The exit code.

    Raises FoundryError and OrionError.
    """
    thresholds = dict(options.threshold or [])
    missing = [name for name in thresholds if (PERPLEXITY if name == AGREEMENT else name) not in options.task]
    if missing:
        print(f"foundry: a threshold needs its task to be run: {', '.join(missing)}", file=sys.stderr)
        return 2
    place, journal = Place(options.models, options.site, options.threads), Journal(options.answers)
    with ProgressBars() as bars:
        results = asyncio.run(_run(options, subject, None, place, journal, bars))
        other = asyncio.run(_run(options, baseline, subject, place, journal, bars)) if baseline else []
    report = Report(options.seed, options.limit, results, other, checks(thresholds, results, other))
    if options.json:
        print(json.dumps(report.as_json()))
    else:
        show(report, Console())
    return 0 if report.passed else 1


async def _run(
    options: argparse.Namespace, word: str, like: str | None, place: Place, journal: Journal, bars: ProgressBars
) -> list[Either]:
    """One model in memory at a time."""
    subject = await open_subject(word, place, like)
    texts = {name: text for name, text in evaluation_texts().items() if name in (options.text or TEXTS)}
    found: list[Either] = []
    try:
        for name in dict.fromkeys(options.task):
            if name == PERPLEXITY:
                found.append(await run_texts(subject, texts, journal, bars.report, time.monotonic))
            else:
                found.append(
                    await run_task(
                        subject,
                        TASKS[name],
                        options.data,
                        options.limit,
                        options.seed,
                        journal,
                        bars.report,
                        time.monotonic,
                    )
                )
    finally:
        await subject.close()
    return found
