"""Describes a line of text that was read, and sets lines into the order in which a person reads them."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.senses.images.resampling import Quad

_SAME_ROW = 0.5
"""Of the lower height: how far two boxes overlap that stand in one row."""
_GUTTER = 0.8
"""Of a line's height: the least width of the gap between two columns."""
_CROSSED_BY = 0.25
"""The part of the lines that may lie across a gap between columns: headings do."""
_FIGURES = re.compile(r"[\d\W_]*(?:EUR|USD|GBP|CHF|[A-Z])?[\d\W_]*")


@dataclass(frozen=True, slots=True)
class Line:
    """``quad``: its corners in pixels of the picture, clockwise from the text's own top left. ``confidence``: of its
    text, 0 to 1; ``box_score``: of its place."""

    text: str
    quad: Quad
    confidence: float
    box_score: float


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line in the frame of the text, which may be turned against the picture's."""

    line: Line
    left: float
    right: float
    top: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


def reading_order(lines: Sequence[Line]) -> list[list[Line]]:
    """Rows from top to bottom, column by column, each from left to right. A heading over two columns comes before
    both. Figures to the right of words, as on a receipt, aren't a column: they stand in the words' rows."""
    if not lines:
        return []
    return _blocks(_all_placed(lines))


def columns(lines: Sequence[Line]) -> int:
    """How many columns of text stand side by side; 0 without lines."""
    if not lines:
        return 0
    return _columns(_all_placed(lines))


def _columns(items: list[_Placed]) -> int:
    found = _gutter(items)
    if found is None:
        return 1
    sides = [item for item in items if item.right <= found], [item for item in items if item.left >= found]
    return sum(_columns(side) for side in sides if side)


def joined(rows: Sequence[Sequence[Line]]) -> str:
    """The text of ``rows``, a row a line."""
    return "\n".join(" ".join(line.text for line in row) for row in rows)


def _all_placed(lines: Sequence[Line]) -> list[_Placed]:
    """In the frame of the page, which is turned as most of the text is, by quarters, and then slanted."""
    letters = [0] * 4
    for line in lines:
        letters[_quarters(line.quad)] += len(line.text)
    quarters = max(range(4), key=lambda turn: letters[turn])
    # A line that runs another way says nothing of the page's slant.
    slants = [_angle(line.quad) - quarters * math.pi / 2 for line in lines if _quarters(line.quad) == quarters]
    slants = [math.remainder(slant, 2 * math.pi) for slant in slants]
    angle = quarters * math.pi / 2 + (statistics.median(slants) if slants else 0.0)
    return [_placed(line, angle) for line in lines]


def _angle(quad: Quad) -> float:
    (x, y), (u, v) = quad[0], quad[1]
    return math.atan2(v - y, u - x)


def _quarters(quad: Quad) -> int:
    """How many quarter turns, clockwise, the line is from upright: 0 to 3."""
    return round(_angle(quad) / (math.pi / 2)) % 4


def _placed(line: Line, angle: float) -> _Placed:
    cos, sin = math.cos(angle), math.sin(angle)
    xs = [x * cos + y * sin for x, y in line.quad.tolist()]
    ys = [y * cos - x * sin for x, y in line.quad.tolist()]
    return _Placed(line, min(xs), max(xs), min(ys), max(ys))


def _blocks(items: list[_Placed]) -> list[list[Line]]:
    found = _gutter(items)
    if found is None:
        return _rows(items)
    out: list[list[Line]] = []
    band: list[_Placed] = []

    def flush() -> None:
        left = [item for item in band if item.right <= found]
        right = [item for item in band if item.left >= found]
        for column in (left, right):
            if column:
                out.extend(_blocks(column) if len(column) < len(items) else _rows(column))
        band.clear()

    for item in sorted(items, key=lambda item: item.top):
        if item.left < found < item.right:
            flush()
            out.append([item.line])
        else:
            band.append(item)
    flush()
    return out


def _gutter(items: list[_Placed]) -> float | None:
    """Where a gap between two columns lies: few lines cross it, and on either side are lines of text, side by side."""
    if len(items) < 4:
        return None
    least = _GUTTER * statistics.median(item.height for item in items)
    best: tuple[int, float, float] | None = None
    rights = sorted({item.right for item in items})
    for edge in rights:
        before = [item for item in items if item.right <= edge]
        after = [item for item in items if item.left >= edge + least]
        crossing = len(items) - len(before) - len(after)
        if len(before) < 2 or len(after) < 2 or crossing > _CROSSED_BY * len(items):
            continue
        if not _side_by_side(before, after) or _is_figures(after) or _is_figures(before):
            continue
        width = min(item.left for item in after) - edge
        if best is None or (crossing, -width) < (best[0], -best[1]):
            best = (crossing, width, edge + width / 2)
    return None if best is None else best[2]


def _side_by_side(before: list[_Placed], after: list[_Placed]) -> bool:
    top, bottom = (
        max(min(i.top for i in side) for side in (before, after)),
        min(max(i.bottom for i in side) for side in (before, after)),
    )
    return all(sum(item.top < bottom and item.bottom > top for item in side) >= 2 for side in (before, after))


def _is_figures(items: list[_Placed]) -> bool:
    figures = sum(_FIGURES.fullmatch(item.line.text.strip()) is not None for item in items)
    return figures > len(items) / 2


def _rows(items: list[_Placed]) -> list[list[Line]]:
    rows: list[list[_Placed]] = []
    for item in sorted(items, key=lambda item: item.top + item.bottom):
        row = rows[-1] if rows else []
        if row and _overlap(row[-1], item) >= _SAME_ROW * min(row[-1].height, item.height):
            row.append(item)
        else:
            rows.append([item])
    return [[item.line for item in sorted(row, key=lambda item: item.left)] for row in rows]


def _overlap(one: _Placed, other: _Placed) -> float:
    return min(one.bottom, other.bottom) - max(one.top, other.top)
