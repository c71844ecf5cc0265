"""Reading order: rows, columns, headings, slanted pages and receipts."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orion_py.senses.reading.lines import Line, columns, joined, reading_order


def line(text: str, left: float, top: float, width: float = 100, height: float = 20, angle: float = 0.0) -> Line:
    corners = np.array(
        [[left, top], [left + width, top], [left + width, top + height], [left, top + height]], np.float64
    )
    cos, sin = math.cos(angle), math.sin(angle)
    return Line(text, corners @ np.array([[cos, sin], [-sin, cos]]), 0.99, 0.9)


def order(*lines: Line) -> str:
    return joined(reading_order(lines))


def test_rows_from_the_top_each_from_the_left() -> None:
    assert order(line("d", 108, 52), line("a", 0, 0), line("c", 0, 50), line("b", 108, 3)) == "a b\nc d"


def test_two_columns_are_read_one_after_the_other() -> None:
    left = [line(f"left {n}", 0, 30 * n, 180) for n in range(4)]
    right = [line(f"right {n}", 260, 30 * n + 2, 180) for n in range(4)]
    text = order(*[one for pair in zip(left, right, strict=True) for one in pair])
    assert text.split("\n") == [f"left {n}" for n in range(4)] + [f"right {n}" for n in range(4)]
    assert columns([*left, *right]) == 2


def test_a_heading_over_two_columns_comes_first() -> None:
    lines = [line("heading", 0, 0, 440)]
    lines += [line(f"l{n}", 0, 40 + 30 * n, 180) for n in range(4)]
    lines += [line(f"r{n}", 260, 40 + 30 * n, 180) for n in range(4)]
    assert order(*lines).split("\n") == ["heading", "l0", "l1", "l2", "l3", "r0", "r1", "r2", "r3"]


def test_amounts_beside_words_stand_in_the_words_rows() -> None:
    words = ["Café", "Croissant", "Jus d'orange", "TOTAL"]
    lines = [line(word, 0, 30 * n, 120) for n, word in enumerate(words)]
    lines += [line(amount, 300, 30 * n, 60) for n, amount in enumerate(["2,50", "1,80 €", "4,00", "8,30 €"])]
    assert order(*lines) == "Café 2,50\nCroissant 1,80 €\nJus d'orange 4,00\nTOTAL 8,30 €"
    assert columns(lines) == 1


@given(st.floats(-0.3, 0.3), st.sampled_from([1, 2, 3]))
def test_a_page_that_lies_on_its_side_or_head_is_read_as_an_upright_one(slant: float, quarters: int) -> None:
    angle = slant + quarters * math.pi / 2
    lines = [line(f"line {row}", 0, 40 * row, angle=angle) for row in range(5)]
    assert order(*reversed(lines)) == "line 0\nline 1\nline 2\nline 3\nline 4"


def test_a_word_on_the_margin_that_runs_upwards_turns_no_page() -> None:
    lines = [line(f"line {row}", 50, 40 * row) for row in range(3)]
    margin = line("draft", -110, 5, angle=-math.pi / 2)
    assert order(*lines, margin).replace("draft", "").split() == ["line", "0", "line", "1", "line", "2"]


@given(st.floats(-0.3, 0.3))
def test_a_slanted_page_is_read_as_a_straight_one(angle: float) -> None:
    lines = [line(f"{row}{column}", 200 * column, 40 * row, angle=angle) for row in range(3) for column in range(2)]
    text = order(*reversed(lines))
    assert text in ("00 01\n10 11\n20 21", "00\n10\n20\n01\n11\n21")


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=12), st.randoms())
def test_no_line_is_lost_or_told_twice_whatever_order_they_come_in(
    places: list[tuple[int, int]], chance: object
) -> None:
    lines = [line(str(number), x, y) for number, (x, y) in enumerate(places)]
    found = [one.text for row in reading_order(lines) for one in row]
    assert sorted(found) == sorted(one.text for one in lines)


def test_nothing_to_read_is_nothing() -> None:
    assert reading_order([]) == []
    assert columns([]) == 0
