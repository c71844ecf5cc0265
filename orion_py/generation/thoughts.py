"""Separates what a reasoning model thought aloud from what it answered.

Models trained with ``<think>…</think>`` (DeepSeek-R1, Qwen3) expect earlier turns without it; their own
chat templates take it out, those of other models don't. ``web/bridge/page/thoughts.js`` does the same for
what people read; a test holds the two together.
"""

from __future__ import annotations

import re

_NAMES = "think(?:ing)?|thought|reasoning"
_OPENER = re.compile(rf"\s*<({_NAMES})>", re.IGNORECASE)
_LATER = re.compile(rf"(?:^|\n)[ \t]*<({_NAMES})>(?=[\s\S]*?</\1>)", re.IGNORECASE)
_LONE_END = re.compile(rf"(?:^|\n)[ \t]*</(?:{_NAMES})>[ \t]*(?=\n|$)", re.IGNORECASE)
"""An end without a beginning, on a line of its own: the prompt had begun the thought."""
_MAY_OPEN = re.compile(r"\s*(?:<[a-z]{0,9})?", re.IGNORECASE)
"""The beginning of what may become an ``_OPENER``."""
_LONGEST_END = len("</reasoning>")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)


def answer_of(text: str) -> str:
    """``text`` without its thoughts, also one that never ended; "" when there is nothing else. A text
    without thoughts is returned as it is."""
    if "<" not in text:
        return text
    answer, rest, thought = "", text, False
    lone = None if _OPENER.match(text) else _LONE_END.search(text)
    if lone and not _LATER.search(text[: lone.start()]) and not _in_code(text[: lone.start()]):
        rest, thought = text[lone.end() :], True
    pieces: list[str] = []
    while rest:
        opener = (None if answer.strip() else _OPENER.match(rest)) or _LATER.search(rest)
        if opener is None:
            break
        answer += rest[: opener.start()]
        rest = rest[opener.start() :]
        length = opener.end() - opener.start()
        if _in_code(answer):
            answer, rest = answer + rest[:length], rest[length:]
            continue
        end = re.compile(rf"</{opener[1]}>", re.IGNORECASE).search(rest, length)
        pieces, answer, thought = [*pieces, answer], "", True
        rest = rest[end.end() :] if end else ""
    if not thought:
        return text
    return "\n\n".join(piece.strip() for piece in [*pieces, answer + rest] if piece.strip())


class ThoughtlessStream:
    """Takes an answer in pieces and gives what can be shown by now: a thought at its beginning is left out."""

    def __init__(self) -> None:
        self._held = ""
        self._shows = self._thought = False

    def piece(self, text: str) -> str:
        """What of the answer so far is new and no thought."""
        if self._shows:
            return text
        self._held += text
        opener = _OPENER.match(self._held)
        if opener is None:
            if _MAY_OPEN.fullmatch(self._held):
                return ""
            return self.rest()
        end = re.compile(rf"</{opener[1]}>", re.IGNORECASE).search(self._held, self._searched(text, opener.end()))
        if end is None:
            return ""
        following, self._held, self._thought = self._held[end.end() :], "", True
        return self.piece(following)

    def rest(self) -> str:
        """What is held back still, at the answer's end; a thought that never ended stays out."""
        held, self._held, self._shows = self._held, "", True
        return "" if _OPENER.match(held) else held.lstrip() if self._thought else held

    def _searched(self, text: str, least: int) -> int:
        """Where an end can begin that wasn't there before ``text``."""
        return max(least, len(self._held) - len(text) - _LONGEST_END)


def _in_code(text: str) -> bool:
    """Whether the end of ``text`` is inside a block of code."""
    return len(_FENCE.findall(text)) % 2 == 1
