"""Writes subtitles: SubRip (SRT) and WebVTT (https://www.w3.org/TR/webvtt1/)."""

from __future__ import annotations

from collections.abc import Sequence

from orion_py.senses.hearing.segments import Segment

_LEAST_SECONDS = 0.1
"""A player skips what ends when it begins."""


def srt(segments: Sequence[Segment]) -> str:
    """Numbered cues with a comma before the milliseconds."""
    cues = [
        f"{number}\n{_stamp(segment.start, ',')} --> {_stamp(_end(segment), ',')}\n{_plain(segment.text)}\n"
        for number, segment in enumerate(segments, 1)
    ]
    return "\n".join(cues)


def vtt(segments: Sequence[Segment]) -> str:
    """With the characters escaped that WebVTT reads as marks."""
    cues = [
        f"{_stamp(segment.start, '.')} --> {_stamp(_end(segment), '.')}\n{_escaped(_plain(segment.text))}\n"
        for segment in segments
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _end(segment: Segment) -> float:
    return max(segment.end, segment.start + _LEAST_SECONDS)


def _stamp(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _plain(text: str) -> str:
    """One line: an empty one would end the cue, and an arrow is the mark of its times."""
    return " ".join(text.split()).replace("-->", "→")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
