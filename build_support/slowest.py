"""Lists the slowest tests, from pytest's JUnit XML reports."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path


def slowest(reports: Iterable[Path], count: int = 10) -> list[tuple[float, str]]:
    """Seconds (set-up and tear-down counted) and name of the ``count`` longest tests of all ``reports``.

    A report that isn't there, since its run never began, counts for nothing.
    """
    found: list[tuple[float, str]] = []
    for report in reports:
        try:
            cases = ElementTree.parse(report).iter("testcase")
        except (OSError, ElementTree.ParseError):
            continue
        found += [(float(case.get("time", 0)), f"{case.get('classname')}::{case.get('name')}") for case in cases]
    return sorted(found, reverse=True)[:count]
