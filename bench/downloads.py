"""Records what a visit downloads, file by file: bytes of bodies as they were sent, up to a moment and after it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from build_support.server import Request

KINDS = (
    ("models/shards/", "parts of models"),
    ("models/", "manifests"),
    ("vendor/ort/", "onnxruntime"),
    ("vendor/python/", "Python and its packages"),
    ("vendor/pyodide/", "Python and its packages"),
    ("kernel/", "our kernel"),
    ("vendor/", "other libraries"),
)
REST = "the page, its workers and its words"


@dataclass(frozen=True, slots=True)
class File:
    """One file of the site. ``before`` and ``after``: bytes of the answers that were over by the moment, and later."""

    path: str
    before: int
    after: int

    @property
    def bytes(self) -> int:
        return self.before + self.after


def tally(requests: Iterable[Request], moment: float) -> list[File]:
    """Each file that moved bytes, the largest first. ``moment`` in seconds since the epoch: an answer under way
    then counts as after it."""
    counts: dict[str, list[int]] = {}
    for request in requests:
        if request.bytes:
            sides = counts.setdefault(request.path, [0, 0])
            sides[request.ended > moment] += request.bytes
    files = [File(path, *sides) for path, sides in counts.items()]
    return sorted(files, key=lambda file: (-file.bytes, file.path))


def kind_of(path: str) -> str:
    """What a file of the site, by its path in it, belongs to."""
    return next((kind for start, kind in KINDS if path.startswith(start)), REST)


def by_kind(files: Sequence[File]) -> list[File]:
    """The sums of each kind, in the place of paths; the largest first."""
    sums: dict[str, list[int]] = {}
    for file in files:
        sides = sums.setdefault(kind_of(file.path), [0, 0])
        sides[0] += file.before
        sides[1] += file.after
    return sorted((File(kind, *sides) for kind, sides in sums.items()), key=lambda file: -file.bytes)


def shard_titles(models: Path) -> dict[str, str]:
    """For each shard's path in the site, what it is: its role and its model, from the manifests in ``models``."""
    titles: dict[str, str] = {}
    for path in sorted(models.glob("*/manifest.json")):
        manifest = json.loads(path.read_text("utf-8"))
        for shard in manifest.get("shards", ()):
            sha256, role = str(shard.get("sha256")), str(shard.get("role", "part"))
            titles[f"models/shards/{sha256}"] = f"models/shards/{sha256[:12]}… ({role} of {path.parent.name})"
    return titles


def lines(files: Sequence[File], titles: Mapping[str, str], most: int, noun: str = "files") -> list[str]:
    """A line for each of the ``most`` largest, one for the rest, and the sums of all ``noun``."""
    shown = [_line(file, titles.get(file.path, file.path)) for file in files[:most]]
    rest = files[most:]
    if rest:
        shown.append(_line(_sum(rest), f"{len(rest)} smaller {noun}"))
    return [*shown, _line(_sum(files), f"all {len(files)} {noun}")]


def _sum(files: Sequence[File]) -> File:
    return File("", sum(file.before for file in files), sum(file.after for file in files))


def _line(file: File, title: str) -> str:
    return f"{file.before / 1e6:9.3f} {file.after / 1e6:9.3f}  {title}"
