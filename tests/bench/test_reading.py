"""The bench of reading: its pictures, and how it counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.benches.reading import compared, text_of
from bench.reading.accuracy import agreement, character_accuracy, edits, overlap
from bench.reading.pictures import COUNT, STATES, Drawn, drawn

WORDS = st.text("abc ", max_size=12)


def plain_edits(a: str, b: str) -> int:
    """By the definition (Wagner and Fischer 1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


@given(WORDS, WORDS)
def test_edits_are_the_definitions(a: str, b: str) -> None:
    assert edits(a, b) == plain_edits(a, b)


def test_accuracy_is_of_characters_and_white_space_is_one_blank() -> None:
    assert character_accuracy("Café crème", "Café  crème\n") == 1.0
    assert character_accuracy("abcd", "abxd") == 0.75
    assert character_accuracy("ab", "something else") == 0.0


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0
    assert agreement([(0, 0, 2, 2)], [(0, 0, 2, 2), (5, 5, 6, 6)]) == [1.0, 0.0]
    assert agreement([], [(0, 0, 1, 1)]) == [0.0]


def test_both_readers_are_held_against_what_was_drawn() -> None:
    picture = Drawn("one", np.zeros((10, 10, 3), np.uint8), ("first", "second"))
    lines = [("second", [[0, 40], [9, 40], [9, 49], [0, 49]], 0.9), ("first", [[0, 0], [9, 0], [9, 9], [0, 9]], 0.9)]
    assert text_of(lines) == "first\nsecond"
    right = {"one": {"lines": lines, "seconds": 1.0}}
    outcome = compared([picture], {"one": {"lines": lines[:1], "seconds": 1.0}}, right)
    assert outcome.contenders[1].facts["mean character accuracy, %"] == 100
    assert outcome.targets[0].value == pytest.approx(50)
    assert outcome.targets[0].met is False
    assert outcome.targets[1].value == 50
    assert compared([picture], right, right).targets[0].met


def test_the_pictures_are_the_same_each_time_and_of_every_kind() -> None:
    pil = pytest.importorskip("PIL.ImageFont")
    fonts = [Path(font) for font in Path("/usr/share/fonts/truetype").rglob("*Sans*.ttf")][:2]
    if not fonts:
        pytest.skip(f"{pil.__name__} has no font to draw with")
    first, again = list(drawn(fonts)), list(drawn(fonts))
    assert len(first) == COUNT
    assert all((a.picture == b.picture).all() for a, b in zip(first, again, strict=True))
    assert {drawn.name.split()[1].rstrip(",") for drawn in first} == set(STATES)
    assert all(one.lines and min(one.picture.shape[:2]) > 50 for one in first)
