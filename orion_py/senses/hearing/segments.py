"""Makes segments of a window's tokens: what was said, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orion_py.senses.hearing.tokens import WhisperTokens


@dataclass(frozen=True, slots=True)
class Segment:
    """``start``, ``end``: seconds from the beginning of the sound."""

    start: float
    end: float
    text: str


def segments_of(tokens: WhisperTokens, said: Sequence[int], offset: float, seconds: float) -> list[Segment]:
    """The segments of a window that begins at ``offset`` and lasts ``seconds``. A segment is text between two times;
    one whose end wasn't said lasts as long as the window. Text alone is one segment."""
    found: list[Segment] = []
    start: float | None = None
    text: list[int] = []

    def close(end: float) -> None:
        words = tokens.text(text).strip()
        if words:
            first = min(0.0 if start is None else start, seconds)
            found.append(Segment(offset + first, offset + max(first, min(end, seconds)), words))
        text.clear()

    for token in said:
        if not tokens.is_time(token):
            text.append(token)
            continue
        at = tokens.seconds(token)
        if text:
            close(at)
        start = at
    close(seconds)
    return found


def joined(segments: Sequence[Segment]) -> str:
    """All that was said, as one text."""
    return " ".join(segment.text for segment in segments)
