"""Cuts an answer's text into pieces of the wanted size.

"token" passes on what comes. "word" holds back a word until the next character shows its end.
"sentence" splits French and English prose: not after abbreviations, initials, list numbers or
inside decimals; a line end always splits. The pieces together are the text, and how the incoming
text was cut has no influence on them. How fast they are shown is ``typewriter``'s matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable

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


class Chunker:
    """The last stage of an answer. ``on_piece`` is called with each piece, at once."""

    done = False

    def __init__(self, granularity: Granularity, on_piece: Callable[[str], object]) -> None:
        self._granularity, self._on_piece = granularity, on_piece
        self._held = ""

    def push(self, text: str) -> str:
        if self._granularity == "token":
            self._on_piece(text)
            return text
        self._held += text
        passed = ""
        while end := self._end_of_piece():
            piece, self._held = self._held[:end], self._held[end:]
            passed += piece
            self._on_piece(piece)
        return passed

    def finish(self) -> str:
        held, self._held = self._held, ""
        if held:
            self._on_piece(held)
        return held

    def _end_of_piece(self) -> int:
        """Where the first complete piece of what is held ends; 0 while there is none."""
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
