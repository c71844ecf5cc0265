"""A picture's lines are found, read one by one, told as they are read, and put in order."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, OutOfMemory, RuntimeFailure
from orion_py.runtime.bands import Given, Held, InBands
from orion_py.runtime.graphs import Tensor
from orion_py.runtime.whole import HeldArray
from orion_py.senses.reading.reader import TextReader

CHARACTERS = ("a", "b", "c")
PICTURE = np.full((736, 736, 3), 255, np.uint8)


class Scripted:
    """A session that ``found`` plays."""

    async def run(self, inputs: Mapping[str, Given], want: Sequence[str] | None = None) -> dict[str, Tensor]:
        return {"out": self.found(inputs)}

    async def run_held(self, inputs: Mapping[str, Given]) -> Held:
        return HeldArray(self.found(inputs))

    async def reset(self) -> None: ...

    def found(self, inputs: Mapping[str, Given]) -> np.ndarray:
        raise NotImplementedError


class Detector(Scripted):
    """Finds ``count`` lines, one below the other."""

    def __init__(self, count: int) -> None:
        self.count = count

    def found(self, inputs: Mapping[str, Given]) -> np.ndarray:
        found = np.zeros((1, 1, 736, 736), np.float32)
        for number in range(self.count):
            found[0, 0, 60 + 100 * number : 80 + 100 * number, 100:500] = 0.9
        return found


class Upright(Scripted):
    def found(self, inputs: Mapping[str, Given]) -> np.ndarray:
        return np.array([[0.9, 0.1]], np.float32)


class UpsideDown(Upright):
    def found(self, inputs: Mapping[str, Given]) -> np.ndarray:
        return np.array([[0.02, 0.98]], np.float32)


class Recognizer(Scripted):
    """Reads "a" in the first line, "b" in the second, …; ``sure`` says how sure of each; ``fails`` raises then."""

    def __init__(self, sure: Sequence[float] = (), fails: Exception | None = None, at: int = 0) -> None:
        self.sure, self.fails, self.at, self.runs = sure, fails, at, 0

    def found(self, inputs: Mapping[str, Given]) -> np.ndarray:
        self.runs += 1
        if self.fails and self.runs == self.at:
            raise self.fails
        chances = np.zeros((1, 4, 4), np.float32)
        chances[0, (0, 1, 2, 3), (self.runs, 0, self.runs, 0)] = (*self.sure, *[0.95] * 9)[self.runs - 1]
        return chances


def reader(count: int, recognizer: Recognizer) -> TextReader:
    return TextReader(Detector(count), Upright(), recognizer, CHARACTERS)


async def test_lines_are_read_from_the_top_down_and_told_one_by_one() -> None:
    told: list[tuple[int, int]] = []
    found = await reader(3, Recognizer()).read(PICTURE, CancelToken(), lambda *far: told.append(far))
    assert found.text == "aa\nbb\ncc"
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_a_picture_on_its_head_is_read_from_its_own_top() -> None:
    read = TextReader(Detector(3), UpsideDown(), Recognizer(), CHARACTERS)
    found = await read.read(PICTURE, CancelToken())
    assert found.text == "cc\nbb\naa"
    (x, y), (u, _) = found.lines[0].quad[:2]
    assert x > u, "its first corner is where the text begins"
    assert y > 250


async def test_a_picture_without_text_says_so() -> None:
    told: list[tuple[int, int]] = []
    found = await reader(0, Recognizer()).read(PICTURE, CancelToken(), lambda *far: told.append(far))
    assert (found.text, found.lines, told) == ("", (), [(0, 0)])


async def test_what_is_guessed_is_not_part_of_the_text() -> None:
    found = await reader(2, Recognizer(sure=(0.3,))).read(PICTURE, CancelToken())
    assert found.text == "bb"
    assert [line.text for line in found.unsure] == ["aa"]


async def test_a_stop_ends_it_between_two_lines() -> None:
    cancel, recognizer = CancelToken(), Recognizer()
    with pytest.raises(Cancelled):
        await reader(3, recognizer).read(PICTURE, cancel, lambda line, _: cancel.cancel() if line == 1 else None)
    assert recognizer.runs == 1


@pytest.mark.parametrize("error", [OutOfMemory("It is full."), RuntimeFailure("It failed.")])
async def test_a_failure_in_the_middle_is_the_readings(error: Exception) -> None:
    with pytest.raises(type(error)):
        await reader(3, Recognizer(fails=error, at=2)).read(PICTURE, CancelToken())


class Beside:
    """A detector's map outside Python's memory: [1, 1, h, w] with three lines of text."""

    def __init__(self, rows: int, columns: int) -> None:
        self.shape = (1, 1, rows, columns)

    def rows(self, start: int, stop: int) -> np.ndarray:
        out = np.zeros((stop - start, self.shape[-1]), np.float32)
        for top in (100, 500, 900):
            out[max(0, top - start) : max(0, top + 60 - start), 100:1900] = 0.9
        return out


class LargeDetector(Scripted):
    async def run_held(self, inputs: Mapping[str, Given]) -> Held:
        x = inputs["x"]
        assert isinstance(x, InBands)
        for _ in x.bands():
            pass  # each would be on its way to the session's worker
        return Beside(*x.shape[-2:])


async def test_a_large_picture_is_read_in_a_few_megabytes() -> None:
    """In a browser Python's memory never shrinks: whatever was in hand once stays the tab's."""
    page = np.full((1200, 2000, 3), 255, np.uint8)
    read = TextReader(LargeDetector(), Upright(), Recognizer(), CHARACTERS)
    tracemalloc.start()
    try:
        found = await read.read(page, CancelToken())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.text == "aa\nbb\ncc"
    assert peak < 7e6, f"{peak / 1e6:.1f} MB"
