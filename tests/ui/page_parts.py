"""The parts of a page that ``Keeping`` talks to, without a document."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

Call = Callable[..., Any]


class Timers:
    """What is to happen later happens when a test says so."""

    def __init__(self) -> None:
        self.calls: dict[int, Call] = {}
        self._numbers = itertools.count()

    def later(self, ms: float, call: Call) -> int:
        number = next(self._numbers)
        self.calls[number] = call
        return number

    def cancel(self, handle: int) -> None:
        self.calls.pop(handle, None)

    def all(self) -> None:
        calls, self.calls = self.calls, {}
        for call in calls.values():
            call()


class Box:
    def __init__(self) -> None:
        self.value = ""

    @property
    def textLength(self) -> int:
        return len(self.value)

    def focus(self) -> None:
        pass


class Composer:
    def __init__(self) -> None:
        self.box = Box()
        self.files: list[dict[str, Any]] = []

    @property
    def text(self) -> str:
        return self.box.value

    @text.setter
    def text(self, value: str) -> None:
        self.box.value = value


class List:
    """The sheet of conversations."""

    def __init__(self) -> None:
        self.is_open, self.rows, self.more = False, [], False

    def open(self) -> None:
        self.is_open = True

    def fill(self, rows: list[Any], current: str, more: bool = False, focus: int | None = None) -> None:
        self.rows, self.more = rows, more
