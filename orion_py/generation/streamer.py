"""An answer's text in pieces of the wanted size, with statistics.

"token" passes on what comes. "word" holds back a word until the next character shows its end.
"sentence" splits French and English prose: not after abbreviations, initials, list numbers or
inside decimals; a line end always splits. The pieces together are the text, and how the incoming
text was cut has no influence on them. How fast they are shown is ``typewriter``'s matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from orion_py.errors import Cancelled, IllegalTransition
from orion_py.protocol import Granularity

MAX_HELD = 800
"""Characters held back at most, so that text without spaces or full stops moves too."""

_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Kana and Han: scripts without spaces; each character counts as a word."""
_WORD = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+(?=[\s{_UNSPACED}]))")
_LINE_END = re.compile(r"\S[^\S\n]*(?=\n)")
_CLOSED = re.compile(r"(?<![.!?…])[.!?…]++[\"'”\u2019)\]*_]*+(?:[\s\u00a0\u202f]?»)?+(?=[^\S\n]+(\S))")
_TITLE = re.compile(
    r"(?:^|[\s(\"'«“\u2019])(?:[A-ZÀ-Þ]|(?:[A-Z]\.)+[A-Z]"
    r"|(?i:m[mr]e?s?|mlles?|mgr|ms|dre?|prof|pr|ste?|cf|vs|i\.e|e\.g|c\.-à-d|p\.\s?ex))$"
)
"""What a capital letter follows without a sentence having ended: titles, initials, references."""
_COUNTED = re.compile(r"(?:^|[\s(])(?i:art|chap|fig|n[o°]|nos|pp?|vol|env|approx|tél)$")
"""Abbreviations only where a number follows: "art. 5" but not "C'est de l'art. Puis"."""
_LIST_NUMBER = re.compile(r"(?:^|\n)[^\S\n]*\d{1,3}$")


@dataclass(frozen=True, slots=True)
class Piece:
    """``text`` is what to append. ``tokens``: so far in all. ``index`` counts pieces from 0."""

    text: str
    index: int
    tokens: int
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True)
class StreamStats:
    """``first_ms``: from the streamer's creation to the first token; ``ms``: to the last.

    ``tokens_per_second`` is the rate after the first token, which the prompt's reading delays;
    None before there are two.
    """

    tokens: int
    pieces: int
    characters: int
    ms: float
    first_ms: float | None
    tokens_per_second: float | None


Listener = Callable[[Piece], None]


class TokenStreamer:
    """``clock`` in seconds. ``on_piece`` is called with each piece, at once."""

    def __init__(
        self,
        granularity: Granularity = "token",
        on_piece: Listener = lambda piece: None,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._granularity = granularity
        self._clock = clock
        self._on_piece = on_piece
        self._held = ""
        self._said: list[str] = []
        self._tokens = 0
        self._heard = 0
        """Tokens that came, with those that were taken back."""
        self._tells = True
        self._pieces = 0
        self._characters = 0
        self._created = clock()
        self._first: float | None = None
        self._last: float | None = None
        self._first_count = 0
        self._state: Literal["open", "finished", "cancelled"] = "open"

    @property
    def text(self) -> str:
        """All that was passed on so far."""
        if len(self._said) > 1:
            self._said = ["".join(self._said)]
        return self._said[0] if self._said else ""

    def push(self, text: str, tokens: int | None = None) -> list[Piece]:
        """Adds what came, and returns the pieces that this completes.

        ``tokens``: how many tokens there are now in all, one more than before if it isn't said.
        Raises Cancelled after ``cancel`` and IllegalTransition after ``finish``.
        """
        self._require_open()
        before = self._tokens
        self._tokens = before + 1 if tokens is None else tokens
        if self._tokens > before and self._tells:
            self._heard += self._tokens - before
            self._last = self._clock()
            if self._first is None:
                self._first, self._first_count = self._last, self._heard
        self._held += text
        pieces = []
        while end := self._end_of_piece():
            pieces.append(self._say(end))
            if self._state != "open":  # a listener cancelled
                break
        return pieces

    def finish(self) -> list[Piece]:
        """Passes on what is held back. Raises Cancelled after ``cancel``; a second time does nothing."""
        if self._state == "finished":
            return []
        self._require_open()
        self._state = "finished"
        return [self._say(len(self._held))] if self._held else []

    def cancel(self) -> None:
        """Nothing more is passed on. What was, stays in ``text``."""
        if self._state == "open":
            self._state, self._held = "cancelled", ""

    def stats(self) -> StreamStats:
        return StreamStats(
            tokens=self._tokens,
            pieces=self._pieces,
            characters=self._characters,
            ms=0.0 if self._last is None else (self._last - self._created) * 1000.0,
            first_ms=None if self._first is None else (self._first - self._created) * 1000.0,
            tokens_per_second=self._rate(),
        )

    def rewind(self) -> None:
        """All that came is void. What is pushed from now to ``resume`` is what is left of it: nobody is
        told of it and it takes no time."""
        self._held, self._said, self._tokens, self._pieces, self._characters = "", [], 0, 0, 0
        self._tells = False

    def resume(self) -> None:
        """What is pushed from now on is new."""
        self._tells = True

    def _require_open(self) -> None:
        if self._state == "cancelled":
            raise Cancelled()
        if self._state == "finished":
            raise IllegalTransition("the stream has ended")

    def _rate(self) -> float | None:
        if self._first is None or self._last is None or self._last <= self._first:
            return None
        return (self._heard - self._first_count) / (self._last - self._first)

    def _say(self, end: int) -> Piece:
        text, self._held = self._held[:end], self._held[end:]
        piece = Piece(text, self._pieces, self._tokens, self._rate())
        self._pieces += 1
        self._characters += len(text)
        self._said.append(text)
        if self._tells:
            self._on_piece(piece)
        return piece

    def _end_of_piece(self) -> int:
        """Where the first complete piece of what is held ends; 0 while there is none."""
        if self._granularity == "token":
            return len(self._held)
        # No further than this, or a piece would depend on how much came at once.
        text = self._held[: MAX_HELD + 1]
        if self._granularity == "word":
            word = _WORD.match(text)
            end = word.end() if word else 0
        else:
            end = _end_of_sentence(text)
        return end or (MAX_HELD if len(text) > MAX_HELD else 0)


def _end_of_sentence(text: str) -> int:
    """Where the first sentence of ``text`` ends, for certain whatever follows; 0 if none does."""
    line = _LINE_END.search(text)
    line_end = line.end() if line else 0
    for match in _CLOSED.finditer(text):
        if line and match.end() > line_end:
            break
        follower = match.group(1)
        if follower.islower() or follower in "»)]":
            continue
        if text[match.start()] == "." and text[match.start() + 1] not in ".!?…":
            before = text[max(0, match.start() - 24) : match.start()]
            if _TITLE.search(before) or _LIST_NUMBER.search(before) or (follower.isdigit() and _COUNTED.search(before)):
                continue
        return match.end()
    return line_end
