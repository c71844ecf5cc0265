"""Measures how much of the processor other programs took during a measurement.

From Linux' accounting: what all processors were busy with, less what this process and everything it
started (the browser with all its processes) used. A child that has ended counts in its parent's
``cutime`` and ``cstime``, so nothing has to be polled. Elsewhere nothing is known, and said so.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

QUIET = 0.12
"""At most this share of one core may go to others for a run to count as undisturbed."""

IDLE = 0.08
"""A machine below this share of one core is idle enough to begin."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Processor time so far, in ticks: all of the machine's, what the host took from it, and ours."""

    busy: int
    stolen: int
    ours: int
    at: float


@dataclass(frozen=True, slots=True)
class Ticks:
    """One process: its parent and the ticks that it and its finished children used."""

    parent: int
    used: int


def parse_stat(text: str) -> Ticks:
    """A line of ``/proc/<pid>/stat`` (proc(5)): the name in it may hold spaces and parentheses."""
    fields = text[text.rindex(")") + 2 :].split()
    return Ticks(parent=int(fields[1]), used=sum(int(fields[index]) for index in (11, 12, 13, 14)))


def used_by_tree(processes: dict[int, Ticks], root: int) -> int:
    """Ticks of ``root`` and all its descendants."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid, ticks in processes.items():
        children[ticks.parent].append(pid)
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        if pid in processes:
            total += processes[pid].used
        waiting.extend(children[pid])
    return total


def parse_machine(text: str) -> tuple[int, int]:
    """(busy, stolen) ticks from the first line of ``/proc/stat``; waiting for disks isn't busy."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(field) for field in text.split()[1:9])
    return user + nice + system + irq + softirq, steal


def read(root: int | None = None) -> Reading | None:
    """The state now, ours being ``root`` (default: this process) and its descendants; None where unknown."""
    try:
        machine = (PROC / "stat").read_text().splitlines()[0]
    except OSError:
        return None
    processes = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                processes[int(folder.name)] = parse_stat((folder / "stat").read_text())
            except OSError:
                continue  # it ended meanwhile
    busy, stolen = parse_machine(machine)
    return Reading(busy, stolen, used_by_tree(processes, os.getpid() if root is None else root), time.monotonic())


def used_by_browser(root: int | None = None) -> int | None:
    """Ticks that Chromium's processes below ``root`` (default: this process) have used; None where unknown."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    try:
        folders = [folder for folder in PROC.iterdir() if folder.name.isdigit()]
    except OSError:
        return None
    for folder in folders:
        try:
            ticks = parse_stat((folder / "stat").read_text())
            program = (folder / "cmdline").read_text(errors="replace").split("\0")[0]
        except OSError:
            continue  # it ended meanwhile
        parents[int(folder.name)] = ticks.parent
        if "chrom" in program:
            used[int(folder.name)] = ticks.used
    return sum(count for pid, count in used.items() if below(pid, os.getpid() if root is None else root, parents))


def below(pid: int, root: int, parents: dict[int, int]) -> bool:
    """Whether ``root`` is ``pid`` or one of its ancestors."""
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root


def foreign_share(before: Reading, after: Reading, ticks_per_second: int) -> float:
    """What others took between two readings, in cores (1.0: one core all the time), the host included."""
    others = (after.busy - before.busy) - (after.ours - before.ours) + (after.stolen - before.stolen)
    seconds = max(after.at - before.at, 1 / ticks_per_second)
    return max(0.0, others / ticks_per_second / seconds)


class Watch:
    """The share of others while a block ran, None until it has ended or where it can't be known."""

    def __init__(self) -> None:
        self.foreign: float | None = None

    @property
    def quiet(self) -> bool:
        return self.foreign is not None and self.foreign <= QUIET


@contextmanager
def watching() -> Iterator[Watch]:
    """Measures what others take while the block runs."""
    watch, before = Watch(), read()
    yield watch
    after = read()
    if before and after:
        watch.foreign = foreign_share(before, after, os.sysconf("SC_CLK_TCK"))


def wait_until_idle(limit: float = 60.0, sleep: Callable[[float], None] = time.sleep) -> float | None:
    """Returns once others take next to nothing, or after about ``limit`` seconds; the last share seen."""
    share, waited = None, 0.0
    while waited < limit:
        with watching() as watch:
            sleep(1.0)
        waited += 1.0
        share = watch.foreign
        if share is None or share <= IDLE:
            break
    return share
