"""A window's tokens become segments with the times of the whole sound."""

from __future__ import annotations

import pytest

from orion_py.senses.hearing.segments import Segment, joined, segments_of
from tests.senses.hearing.scripted_ears import ids_of, tiny_tokens

TOKENS = tiny_tokens()


def segments(said: str, offset: float = 0.0, seconds: float = 10.0) -> list[Segment]:
    return segments_of(TOKENS, ids_of(TOKENS, said), offset, seconds)


def test_a_segment_is_text_between_two_times() -> None:
    found = segments("<0.00> Hello.<1.50><2.00> Bye.<3.00>", offset=100)
    assert found == [Segment(100.0, 101.5, "Hello."), Segment(102.0, 103.0, "Bye.")]
    assert joined(found) == "Hello. Bye."


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", []),
        ("<0.00><2.00>", []),
        ("<0.00>  <2.00>", []),
        ("Hi", [Segment(0.0, 10.0, "Hi")]),
        ("<1.00>Hi", [Segment(1.0, 10.0, "Hi")]),
        ("<0.00>a<1.00>b<2.00>", [Segment(0.0, 1.0, "a"), Segment(1.0, 2.0, "b")]),
        ("<0.00>a<29.00>", [Segment(0.0, 10.0, "a")]),
    ],
)
def test_marks_that_are_missing_or_too_late_are_the_windows_own(said: str, expected: list[Segment]) -> None:
    assert segments(said) == expected
