"""What is printed says how good the figures are."""

from __future__ import annotations

import io

from rich.console import Console

from bench.figures import Contender, Outcome, Target
from bench.report import number, show


def printed(outcome: Outcome) -> str:
    console = Console(file=io.StringIO(), width=160)
    show(outcome, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def contender(foreign: float) -> Contender:
    found = Contender("ORION")
    for value in (50.0, 51.0, 52.0):
        found.add("decode", "tokens/s", value, foreign)
    return found


def test_a_median_comes_with_its_spread() -> None:
    assert "51.0 (50.0 to 52.0)" in printed(Outcome("generate", [contender(0.0)], []))


def test_a_busy_machine_is_said() -> None:
    assert "not to be quoted" in printed(Outcome("generate", [contender(1.0)], []))
    assert "not to be quoted" not in printed(Outcome("generate", [contender(0.0)], []))


def test_a_missed_target_is_called_missed() -> None:
    text = printed(Outcome("generate", [contender(0.0)], [Target("decode", 1.2, 1.7, True, "x", False)]))
    assert "missed" in text
    assert "≥ 1.70 x" in text


def test_a_busy_machine_gives_no_verdict() -> None:
    text = printed(Outcome("generate", [contender(1.0)], [Target("decode", 2.0, 1.7, True, "x", True)]))
    assert "unclear" in text
    assert "met" not in text.replace("median", "")


def test_numbers_have_three_digits() -> None:
    assert [number(value) for value in (426.4, 51.26, 1.888, 0.031)] == ["426", "51.3", "1.89", "0.03"]
