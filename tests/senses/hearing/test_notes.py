"""A transcript as data has its times in seconds, and the subtitles as files."""

from __future__ import annotations

import json

from orion_py.senses.hearing.notes import as_data, with_subtitles
from orion_py.senses.hearing.segments import Segment
from orion_py.senses.hearing.subtitles import srt, vtt
from orion_py.senses.hearing.transcriber import Transcript

SPOKEN = Transcript("fr", (Segment(0.20004, 1.5, "Bonjour."), Segment(1.5, 3.99999, "Ça va ?")), 4.00001, 3.8)


def test_times_are_rounded_to_the_millisecond() -> None:
    assert as_data(SPOKEN) == {
        "model": "whisper-base",
        "language": "fr",
        "seconds": 4.0,
        "speech_seconds": 3.8,
        "text": "Bonjour. Ça va ?",
        "segments": [
            {"start": 0.2, "end": 1.5, "text": "Bonjour."},
            {"start": 1.5, "end": 4.0, "text": "Ça va ?"},
        ],
    }


def test_subtitles_are_those_of_the_command() -> None:
    found = with_subtitles(SPOKEN)
    assert (found["srt"], found["vtt"]) == (srt(SPOKEN.segments), vtt(SPOKEN.segments))
    assert json.loads(json.dumps(found)) == found
