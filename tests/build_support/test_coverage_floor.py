"""The floor of the coverage: each package's own, and that of the whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from build_support.coverage_floor import Reached, by_package, faults, table


def report(folder: Path, **files: tuple[int, int, int, int]) -> Path:
    """Of files with covered lines, lines, covered branches, branches."""
    keys = ("covered_lines", "num_statements", "covered_branches", "num_branches")
    found = {
        name.replace("__", "/") + ".py": {"summary": dict(zip(keys, numbers, strict=True))}
        for name, numbers in files.items()
    }
    path = folder / "coverage.json"
    path.write_text(json.dumps({"files": found}))
    return path


def test_lines_and_branches_of_a_packages_files_are_added_up(tmp_path: Path) -> None:
    packages = by_package(report(tmp_path, a__x=(8, 10, 1, 2), a__y=(2, 2, 0, 0), a__b__z=(1, 4, 0, 0)))
    assert packages == {"a": Reached(11, 14), "a/b": Reached(1, 4)}


def test_a_package_below_its_floor_is_named_with_its_share() -> None:
    found = faults({"a": Reached(84, 100), "b": Reached(1000, 1000)})
    assert found == ["a: 84.0% of its lines and branches are tested, 85% is the floor"]


def test_the_whole_has_a_floor_of_its_own() -> None:
    assert faults({"a": Reached(89, 100), "b": Reached(86, 100)}) == [
        "all Python: 87.5% of its lines and branches are tested, 90% is the floor"
    ]


@pytest.mark.parametrize("packages", [{}, {"empty": Reached()}, {"a": Reached(90, 100)}])
def test_enough_is_enough(packages: dict[str, Reached]) -> None:
    assert faults(packages) == []


def test_the_table_begins_with_the_least_tested_and_ends_with_all() -> None:
    lines = table({"good": Reached(1, 1), "bad": Reached(1, 2)})
    assert [line.split() for line in lines] == [["50.0%", "bad"], ["100.0%", "good"], ["66.7%", "all", "Python"]]
