"""Reads what the renderers of a test's browsers hold in memory."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path


def settled_memory() -> float:
    """Bytes of all renderers together, when they don't fall any more."""
    lowest, deadline = renderer_memory(), time.monotonic() + 20
    still = 0
    while still < 4 and time.monotonic() < deadline:
        time.sleep(0.5)
        now = renderer_memory()
        still = still + 1 if now > lowest - 5e6 else 0
        lowest = min(lowest, now)
    return lowest


def renderer_memory() -> float:
    """Resident anonymous and shared bytes of this test's renderers."""
    total = 0
    for pid in renderers():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        total += sum(int(kb) for kb in re.findall(r"Rss(?:Anon|Shmem):\s+(\d+) kB", status))
    return total * 1024


def renderers() -> list[int]:
    """The ids of the processes in which this test's pages and their workers run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (process / "cmdline").read_bytes() and _is_ours(process):
                found.append(int(process.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def _is_ours(process: Path) -> bool:
    """Whether ``process`` descends from this one."""
    pid = int(process.name)
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False
