from __future__ import annotations

import asyncio

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled
from orion_py.generation.transcript import Piece
from orion_py.generation.typewriter import Typewriter
from tests.patient_clock import PatientClock


def piece(text: str) -> Piece:
    return Piece(text, 0, 0, None)


class Page:
    """What was shown, and when."""

    def __init__(self, delay: float) -> None:
        self.time = PatientClock()
        self.shown: list[tuple[float, str]] = []
        self.typewriter = Typewriter(self._show, delay, self.time.sleep)

    def _show(self, each: Piece) -> None:
        self.shown.append((self.time(), each.text))

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.shown)


async def test_without_a_delay_pieces_are_shown_as_they_come() -> None:
    page = Page(0.0)
    for letter in "abc":
        page.typewriter.push(piece(letter))
    assert page.text == "abc"
    await page.typewriter.finish(CancelToken())


async def test_the_first_piece_comes_at_once_and_the_others_one_delay_apart() -> None:
    page = Page(0.25)
    for letter in "abc":
        page.typewriter.push(piece(letter))
    assert page.shown == [(0.0, "a")]
    done = asyncio.ensure_future(page.typewriter.finish(CancelToken()))
    for _ in range(4):
        await page.time.passes(0.25)
    await done
    assert page.shown == [(0.0, "a"), (0.25, "b"), (0.5, "c")]


async def test_a_piece_that_comes_late_anyway_waits_no_longer() -> None:
    page = Page(0.25)
    page.typewriter.push(piece("a"))
    await page.time.passes(2.0)
    page.typewriter.push(piece("b"))
    assert [text for _, text in page.shown] == ["a", "b"]


async def test_stop_while_it_types_shows_nothing_more() -> None:
    page, cancel = Page(0.25), CancelToken()
    for letter in "abcd":
        page.typewriter.push(piece(letter))
    done = asyncio.ensure_future(page.typewriter.finish(cancel))
    await page.time.passes(0.3)
    cancel.cancel()
    with pytest.raises(Cancelled):
        await done
    await page.time.passes(5.0)
    assert page.text == "ab"


async def test_what_waits_when_an_answer_fails_is_shown_at_once() -> None:
    page = Page(0.25)
    for letter in "abcd":
        page.typewriter.push(piece(letter))
    page.typewriter.flush()
    assert page.text == "abcd"
