"""Measures what loop detection costs: Python's share of a step with the detector and without it.

The whole engine in one Chromium, as in ``speculate``: the same answers, with ``cut_loops`` and without in
turn, after a run that leaves the prompt in the cache for both. An answer that isn't the same both times
looped: then another seed's is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from playwright.sync_api import Error

from bench.benches.generate import contender_page
from bench.benches.speculate import LEAST, STEPS
from bench.chromium import Job
from bench.contenders import PYTHON
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, Target

QUERIES = (
    "Tell me a long story about an old lighthouse keeper and a young whale.",
    "Explain to a child how bread is made, from the field to the table.",
)
SAMPLED = {"temperature": 0.7, "top_p": 0.95, "repetition_penalty": 1.1, "speculation": False}
SEEDS = range(1, 9)
PAIRS = 3
"""Measured a round and query: so often with, and as often without."""
MOST = 1.0
"""Percent of a step that the detector may take."""
METRIC = ("Python's work", "% of a step")
"""Where the model waits for it and where it doesn't: on two cores, both cost."""
WAYS = {False: "without", True: "with"}


def run(context: Context) -> Outcome:
    contenders = {watched: Contender(f"{way} the detector") for watched, way in WAYS.items()}
    notes: list[str] = []
    options = {"model": context.model, "threads": 2, "steps": STEPS}
    for number in range(context.rounds):
        context.settle(f"round {number + 1} of {context.rounds}")
        try:
            with contender_page(context) as job:
                job.prepare("orion-engine", options)
                for query in QUERIES:
                    measure(job, query, contenders, watching)
        except Error as error:
            notes.append(f"round {number + 1} failed: {error.message.splitlines()[0]}")
    done = [contender for contender in contenders.values() if contender.series]
    return Outcome("loops", done, targets_for(contenders), notes)


def measure(
    job: Job, query: str, contenders: dict[bool, Contender], watch: Callable[[], AbstractContextManager[Any]]
) -> None:
    """Both ways in turn. Raises playwright's Error where all answers loop or are too short."""
    metric, unit = METRIC
    seed, text = steady(job, query)
    for number in range(2 * PAIRS):
        watched = number % 2 == 1
        with watch() as seen:
            figures = job.run(asking(query, seed, watched))
        if figures["text"] != text:
            raise Error("the answer isn't the same each time")
        contenders[watched].add(metric, unit, sum(figures[key] for key in PYTHON), seen.foreign)


def steady(job: Job, query: str) -> tuple[int, str]:
    """The first seed whose answer is long and doesn't loop, and that answer. Raises playwright's Error."""
    for seed in SEEDS:
        without, watched = (job.run(asking(query, seed, way)) for way in WAYS)
        if without["text"] == watched["text"] and watched["completion"] >= LEAST:
            return seed, without["text"]
    raise Error(f"every answer looped or ended before {LEAST} tokens: {query}")


def asking(query: str, seed: int, watched: bool) -> dict[str, Any]:
    return {"query": query, "options": {**SAMPLED, "seed": seed, "cut_loops": watched}}


def targets_for(contenders: dict[bool, Contender]) -> list[Target]:
    """The detector's share of a step: the difference of the two medians."""
    metric, unit = METRIC
    without, watched = (contenders[way].series.get(metric) for way in (False, True))
    if not without or not watched:
        return []
    difference = watched.median - without.median
    return [Target("noticing loops", difference, MOST, False, unit, without.noisy or watched.noisy)]
