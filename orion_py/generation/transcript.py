"""Keeps an answer's text, in the one place where it accumulates, with the statistics of its stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Piece:
    """``text`` is what to append. ``tokens``: so far in all. ``index`` counts pieces from 0."""

    text: str
    index: int
    tokens: int
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True)
class StreamStats:
    """``first_ms``: from the transcript's creation to the first token; ``ms``: to the last.

    ``tokens_per_second`` is the rate after the first token, which the prompt's reading delays;
    None before there are two.
    """

    tokens: int
    pieces: int
    characters: int
    ms: float
    first_ms: float | None
    tokens_per_second: float | None


class Transcript:
    """What an answer says. ``clock`` in seconds. ``on_piece`` is called with each piece, at once.

    ``text`` is all that the stages passed on: the response's content, and a revision's. ``shown`` is how many of
    its characters have reached the reader, which the caller that shows them counts.
    """

    def __init__(self, on_piece: Callable[[Piece], object], *, clock: Callable[[], float]) -> None:
        self._on_piece, self._clock = on_piece, clock
        self._pieces: list[str] = []
        """The text, in one piece where somebody asked for it."""
        self._count = 0
        self.tokens = 0
        self.shown = 0
        self._heard = 0
        """Tokens that came, with those that were taken back."""
        self._tells = True
        self._created = clock()
        self._first: float | None = None
        self._last: float | None = None

    @property
    def text(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def partial(self) -> str:
        """The text that has reached the reader."""
        return self.text[: self.shown]

    def count(self) -> None:
        """One more token came."""
        self.tokens += 1
        if self._tells:
            self._heard += 1
            self._last = self._clock()
            if self._first is None:
                self._first = self._last

    def add(self, text: str) -> None:
        """Appends a piece."""
        piece = Piece(text, self._count, self.tokens, self._rate())
        self._count += 1
        self._pieces.append(text)
        if self._tells:
            self._on_piece(piece)

    def reset(self, text: str) -> None:
        """The answer is ``text`` from here on, and the reader sees all of it. The counts of tokens stay."""
        self._pieces, self.shown = [text] if text else [], len(text)

    def rewind(self) -> None:
        """Discards the text so far. What is pushed until ``resume`` is the part of it that remains: it isn't
        reported, and takes no time."""
        self._pieces, self._count, self.tokens = [], 0, 0
        self._tells = False

    def resume(self) -> None:
        """Reports text again. The text so far counts as shown: the reader's copy is replaced as a whole."""
        self._tells = True
        self.shown = len(self.text)

    def stats(self) -> StreamStats:
        return StreamStats(
            tokens=self.tokens,
            pieces=self._count,
            characters=len(self.text),
            ms=0.0 if self._last is None else (self._last - self._created) * 1000.0,
            first_ms=None if self._first is None else (self._first - self._created) * 1000.0,
            tokens_per_second=self._rate(),
        )

    def _rate(self) -> float | None:
        if self._first is None or self._last is None or self._last <= self._first:
            return None
        return (self._heard - 1) / (self._last - self._first)
