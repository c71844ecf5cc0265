"""Checks how much of the Python the unit tests reach, package by package.

Reads the JSON report of coverage.py (its documentation: "JSON reporting"). A package's share is
covered lines and branches over all lines and branches, as coverage.py's own percentage is.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FLOOR, PACKAGE_FLOOR = 0.90, 0.85


@dataclass(frozen=True)
class Reached:
    """``covered`` of ``all`` lines and branches."""

    covered: int = 0
    all: int = 0

    def __add__(self, other: Reached) -> Reached:
        return Reached(self.covered + other.covered, self.all + other.all)

    @property
    def share(self) -> float:
        """0 to 1; what has nothing to cover is covered."""
        return self.covered / self.all if self.all else 1.0


def by_package(report: Path) -> dict[str, Reached]:
    """The packages of the JSON report ``report`` by their folders. Raises OSError, ValueError, KeyError."""
    packages: dict[str, Reached] = defaultdict(Reached)
    for file, found in json.loads(report.read_text("utf-8"))["files"].items():
        summary = found["summary"]
        packages[PurePosixPath(file.replace("\\", "/")).parent.as_posix()] += Reached(
            summary["covered_lines"] + summary.get("covered_branches", 0),
            summary["num_statements"] + summary.get("num_branches", 0),
        )
    return dict(packages)


def faults(packages: dict[str, Reached]) -> list[str]:
    """A sentence for each package below its floor, and one for the whole; none if all is well."""
    found = [
        f"{name}: {reached.share:.1%} of its lines and branches are tested, {PACKAGE_FLOOR:.0%} is the floor"
        for name, reached in sorted(packages.items())
        if reached.share < PACKAGE_FLOOR
    ]
    whole = sum(packages.values(), Reached())
    if whole.share < FLOOR:
        found.append(f"all Python: {whole.share:.1%} of its lines and branches are tested, {FLOOR:.0%} is the floor")
    return found


def table(packages: dict[str, Reached]) -> list[str]:
    """A line for each package, the least tested first, and one for all."""
    rows = sorted(packages.items(), key=lambda row: (row[1].share, row[0]))
    whole = sum(packages.values(), Reached())
    return [f"  {reached.share:6.1%}  {name}" for name, reached in [*rows, ("all Python", whole)]]
