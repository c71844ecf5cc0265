"""The list of the slowest tests, over several reports."""

from __future__ import annotations

from pathlib import Path

from build_support.slowest import slowest


def report(path: Path, **seconds: float) -> Path:
    cases = "".join(f'<testcase classname="tests.x" name="{name}" time="{time}"/>' for name, time in seconds.items())
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return path


def test_the_longest_of_all_reports_come_first(tmp_path: Path) -> None:
    reports = [report(tmp_path / "a.xml", one=1.0, three=3.0), report(tmp_path / "b.xml", two=2.5)]
    assert slowest(reports, 2) == [(3.0, "tests.x::three"), (2.5, "tests.x::two")]


def test_a_report_that_is_missing_or_half_written_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "half.xml").write_text("<testsuites><testca")
    assert slowest([tmp_path / "none.xml", tmp_path / "half.xml"]) == []
