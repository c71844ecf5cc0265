"""Reads what the lock files of pip pin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+?))?\s*\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pinned:
    """One package of a lock; ``marker`` says where it is for ("" everywhere)."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def canonical(name: str) -> str:
    """The name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse(lock: Path) -> list[Pinned]:
    """What ``lock`` pins. Raises ValueError for a line that pins nothing."""
    found: list[Pinned] = []
    blocks = re.sub(r"\\\n\s*", " ", lock.read_text("utf-8")).splitlines()
    for block in blocks:
        text = block.split(" --hash", 1)[0].strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.match(text)
        if match is None:
            raise ValueError(f"{lock}: {text!r} isn't an exact version")
        marker = (match["marker"] or "").strip()
        found.append(Pinned(canonical(match["name"]), match["version"], marker, tuple(_HASH.findall(block))))
    return found
