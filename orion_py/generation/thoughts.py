"""Separates what a reasoning model thought aloud from what it answered.

Models trained with ``<think>…</think>`` (DeepSeek-R1, Qwen3) expect earlier turns without it; their own
chat templates take it out, those of other models don't. ``web/bridge/page/thoughts.js`` does the same for
what people read; a test holds the two together.
"""

from __future__ import annotations

import re

_NAMES = "think(?:ing)?|thought|reasoning"
OPENER = re.compile(rf"\s*<({_NAMES})>", re.IGNORECASE)
"""Where a text begins with a thought; its group is the tag's name."""
_LATER = re.compile(rf"(?:^|\n)[ \t]*<({_NAMES})>(?=[\s\S]*?</\1>)", re.IGNORECASE)
_LONE_END = re.compile(rf"(?:^|\n)[ \t]*</(?:{_NAMES})>[ \t]*(?=\n|$)", re.IGNORECASE)
"""An end without a beginning, on a line of its own: the prompt had begun the thought."""
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)


def answer_of(text: str) -> str:
    """``text`` without its thoughts, also one that never ended; "" when there is nothing else. A text
    without thoughts is returned as it is."""
    if "<" not in text:
        return text
    answer, rest, thought = "", text, False
    lone = None if OPENER.match(text) else _LONE_END.search(text)
    if lone and not _LATER.search(text[: lone.start()]) and not _in_code(text[: lone.start()]):
        rest, thought = text[lone.end() :], True
    pieces: list[str] = []
    while rest:
        opener = (None if answer.strip() else OPENER.match(rest)) or _LATER.search(rest)
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


def _in_code(text: str) -> bool:
    """Whether the end of ``text`` is inside a block of code."""
    return len(_FENCE.findall(text)) % 2 == 1
