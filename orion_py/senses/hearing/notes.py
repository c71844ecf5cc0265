"""Describes a transcript as data: for JSON, and for an answer's notes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orion_py.senses.hearing.subtitles import srt, vtt
from orion_py.senses.hearing.transcriber import WHISPER, Transcript


def as_data(transcript: Transcript) -> dict[str, Any]:
    """Times in seconds, to the millisecond."""
    segments = [asdict(segment) for segment in transcript.segments]
    for segment in segments:
        segment["start"], segment["end"] = round(segment["start"], 3), round(segment["end"], 3)
    return {
        "model": WHISPER,
        "language": transcript.language,
        "seconds": round(transcript.seconds, 3),
        "speech_seconds": round(transcript.speech, 3),
        "text": transcript.text,
        "segments": segments,
    }


def with_subtitles(transcript: Transcript) -> dict[str, Any]:
    """The same with ``srt`` and ``vtt``: the files as a player takes them."""
    return {**as_data(transcript), "srt": srt(transcript.segments), "vtt": vtt(transcript.segments)}
