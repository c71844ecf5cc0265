"""Two hearings are compared by the words of all clips, and by kind and language."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.benches.hearing import compared
from bench.hearing.clips import Clip

SOUND = np.zeros(16_000, np.float32)
CLIPS = [
    Clip("made-en-00", "en", "one two three four", SOUND),
    Clip("noise-fr-01", "fr", "un deux trois quatre", SOUND),
]


def heard(*texts: str) -> dict[str, Any]:
    return {
        clip.name: {"greedy": text, "beams": text, "language": "en", "seconds": 0.5}
        for clip, text in zip(CLIPS, texts, strict=True)
    }


def test_orion_may_be_a_point_behind() -> None:
    outcome = compared(
        CLIPS, heard("one two three", "un deux trois quatre"), heard("one two three four", "un deux trois")
    )
    assert outcome.targets[0].value == 0
    assert outcome.targets[0].met
    ours, theirs, beams = outcome.contenders
    assert ours.series["word error rate"].median == 12.5
    assert ours.facts["word error rate, made en, 1 clips, %"] == 25
    assert ours.facts["languages taken for another"] == ["noise-fr-01"]
    assert ours.facts["time a second of sound, median"] == 0.5
    assert theirs.facts["word error rate, noise fr, 1 clips, %"] == 25
    assert "time a second of sound, median" not in beams.facts


def test_a_worse_hearing_misses_the_goal() -> None:
    outcome = compared(CLIPS, heard("one", "un"), heard("one two three four", "un deux trois quatre"))
    assert outcome.targets[0].value == 75
    assert outcome.targets[0].met is False
