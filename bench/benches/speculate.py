"""Measures prompt-lookup speculation: the same answers with and without, as tokens per second and as ratios.

The whole engine, Python in the loop, in one Chromium: a text to be said again with a change, code to be
edited, and plain chat, where there is little to look up. Every task is answered with and without in
turn, after a run that leaves its prompt in the cache for both; an answer that isn't the same is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Error

from bench.benches.generate import contender_page
from bench.chromium import Job
from bench.contenders import GREEDY, METRICS
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, Target, ratio

STEPS = 160
LEAST = 32
"""Tokens of an answer that is long enough to be timed."""
PAIRS = 2
"""Measured a round: so often with, and as often without."""
GAIN = 1.3
"""Wanted where text is rewritten or code edited."""
NO_LOSS = 0.95
"""Wanted of chat."""

PASSAGE = (
    "The harbour of Saint-Malo wakes before the sun does. At four in the morning the first boats come in with "
    "the tide, their lamps swinging, and the buyers are already waiting on the quay with their hands in their "
    "pockets. The crates are set down in rows on the wet stone: sole, mackerel, spider crabs that still move. "
    "Nobody talks much. A man in a blue cap walks along the rows, names a price, and writes it on a slate. By "
    "six the quay is empty again, the stone has been washed, and the gulls fight over what was left behind."
)
CODE = '''\
def read_records(path):
    """Rows of a file as dictionaries, by the names in its first line."""
    records = []
    with open(path, encoding="utf-8") as lines:
        names = next(lines).rstrip("\\n").split(",")
        for line in lines:
            values = line.rstrip("\\n").split(",")
            if len(values) != len(names):
                raise ValueError(f"{path}: a row has {len(values)} values instead of {len(names)}")
            records.append(dict(zip(names, values)))
    return records


def write_records(path, records):
    """Writes dictionaries as rows, with their names in the first line."""
    with open(path, "w", encoding="utf-8") as lines:
        names = list(records[0])
        lines.write(",".join(names) + "\\n")
        for record in records:
            lines.write(",".join(record[name] for name in names) + "\\n")
'''
SAMPLED = {"temperature": 0.7, "top_p": 0.95, "repetition_penalty": 1.0, "seed": 1}


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked, and how many times as many tokens a second speculation is to bring."""

    name: str
    query: str
    wanted: float | None
    options: dict[str, Any] = field(default_factory=lambda: dict(GREEDY))


TASKS = (
    Task("rewriting", f"Repeat this text word for word, but write Brest for Saint-Malo.\n\n{PASSAGE}", GAIN),
    Task("editing code", f"Rename `records` to `rows` in this code and print all of it.\n\n```python\n{CODE}```", GAIN),
    Task("chat", "Tell me a long story about an old lighthouse keeper and a young whale.", NO_LOSS),
    Task("chat, sampled", "Explain to a child how bread is made, from the field to the table.", NO_LOSS, SAMPLED),
)


def run(context: Context) -> Outcome:
    contenders = {
        (task.name, ahead): Contender(f"{task.name}, {'with' if ahead else 'without'}")
        for task in TASKS
        for ahead in (False, True)
    }
    notes: list[str] = []
    options = {"model": context.model, "threads": 2, "steps": STEPS}
    for number in range(context.rounds):
        context.settle(f"round {number + 1} of {context.rounds}")
        try:
            with contender_page(context) as job:
                facts = job.prepare("orion-engine", options)
                for task in TASKS:
                    measure(job, task, contenders[task.name, False], contenders[task.name, True], watching)
            for contender in contenders.values():
                contender.facts |= {"loaded": facts["loaded"]}
        except Error as error:
            notes.append(f"round {number + 1} failed: {error.message.splitlines()[0]}")
    done = [contender for contender in contenders.values() if contender.series]
    return Outcome("speculate", done, targets_for(contenders), notes)


def measure(
    job: Job, task: Task, without: Contender, ahead: Contender, watch: Callable[[], AbstractContextManager[Any]]
) -> None:
    """Both ways in turn. Raises playwright's Error where the answers differ or are too short."""
    asked = {"query": task.query, "options": {**task.options, "speculation": False}}
    job.run(asked)
    said: set[str] = set()
    for number in range(2 * PAIRS):
        speculates = number % 2 == 1
        with watch() as seen:
            figures = job.run({**asked, "options": {**asked["options"], "speculation": speculates}})
        said.add(figures["text"])
        if len(said) > 1:
            raise Error(f"{task.name}: the answer isn't the same with speculation as without")
        if figures["completion"] < LEAST:
            raise Error(f"{task.name}: the answer ended after {figures['completion']} tokens")
        contender = ahead if speculates else without
        metric, unit = METRICS["decode_tps"]
        contender.add(metric, unit, figures["decode_tps"], seen.foreign)
        if speculates:
            # Facts, not samples: the same answer is drafted by what steps took, so they vary a little.
            contender.facts |= {name: figures[name] for name in ("completion", "drafted", "accepted")}


def targets_for(contenders: dict[tuple[str, bool], Contender]) -> list[Target]:
    """For each task that was measured, the tokens a second with speculation over those without."""
    metric = METRICS["decode_tps"][0]
    targets = []
    for task in TASKS:
        ahead, without = (contenders[task.name, way].series.get(metric) for way in (True, False))
        if ahead and without:
            targets.append(ratio(f"{task.name}: decode with speculation over without", ahead, without, task.wanted))
    return targets
