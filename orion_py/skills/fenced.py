"""Finds the fenced code in an answer, and puts other code in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})([^`\n]*)\n(.*?)(?:^ {0,3}\2[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """``start`` and ``end``: where the code itself stands in the text. ``closed``: the answer wasn't cut off in it."""

    label: str
    code: str
    start: int
    end: int
    closed: bool


def blocks(text: str) -> list[Block]:
    """The fenced blocks of ``text``, in their order."""
    return [
        Block(
            label=match[3].strip().lower(),
            code=match[4],
            start=match.start(4),
            end=match.end(4),
            closed=match.end() > match.end(4),
        )
        for match in _FENCE.finditer(text)
    ]


def replaced(text: str, block: Block, code: str) -> str:
    """``text`` with ``code`` in the place of ``block``'s."""
    return text[: block.start] + code.rstrip("\n") + "\n" + text[block.end :]
