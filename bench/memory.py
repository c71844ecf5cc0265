"""Measures what the browser's processes keep in memory, from Linux's own accounts.

Counted is what a process holds for itself (RssAnon and RssShmem of proc(5)): heaps, WASM memories,
stacks; not the program's file, which the system can drop. It is what the machine really lacks, other
than ``performance.measureUserAgentSpecificMemory``, which doesn't see what the allocator failed to
give back. A renderer is where the page, its workers and their WASM memories live; of several it is the
largest, the others being spares that the browser keeps for pages to come.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.cpu import PROC, below

SETTLED = 0.005
"""A change below this share in a second is none."""


@dataclass(frozen=True, slots=True)
class Memory:
    """In MiB: of the page's renderer, and of all the browser's processes."""

    renderer: float
    browser: float


def parse_status(text: str) -> tuple[int, float]:
    """(parent, MiB held for itself) from ``/proc/<pid>/status``."""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    kib = sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem") if name in fields)
    return int(fields["PPid"]), kib / 1024


def read() -> Memory:
    """Of Chromium processes below this one. Raises OSError where there is no /proc."""
    parents: dict[int, int] = {}
    held: dict[int, float] = {}
    commands: dict[int, str] = {}
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            pid = int(folder.name)
            parents[pid], held[pid] = parse_status((folder / "status").read_text())
            commands[pid] = (folder / "cmdline").read_text(errors="replace")
        except OSError:
            continue  # it ended meanwhile
    ours = [pid for pid in commands if "chrom" in commands[pid].split("\0")[0] and below(pid, os.getpid(), parents)]
    renderers = [pid for pid in ours if "--type=renderer" in commands[pid]]
    return Memory(max((held[pid] for pid in renderers), default=0.0), sum(held[pid] for pid in ours))


def settled(limit_s: float = 20.0, sleep: Callable[[float], None] = time.sleep) -> Memory:
    """The memory once it stays the same for two seconds, or after about ``limit_s``."""
    last, still, waited = read(), 0, 0.0
    while still < 2 and waited < limit_s:
        sleep(1.0)
        waited += 1.0
        now = read()
        still = still + 1 if abs(now.renderer - last.renderer) <= SETTLED * last.renderer else 0
        last = now
    return last
