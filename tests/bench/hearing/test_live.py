"""Clips that are spoken into the microphone begin and end in silence, so that their first and last sound is known."""

from __future__ import annotations

import numpy as np

from bench.hearing.clips import Clip
from bench.hearing.live import between_silences, spoken_clips
from orion_py.senses.hearing.resampling import RATE


def clip(name: str, language: str) -> Clip:
    return Clip(name, language, "", np.zeros(9, np.float32))


def test_two_clips_of_each_kind_and_language_are_spoken_and_none_with_noise() -> None:
    names = ["real-en-00", "real-en-01", "real-en-02", "made-en-00", "noise-en-01", "made-fr-00", "music-fr-00"]
    made = [clip(name, name.split("-")[1]) for name in names]
    found = [each.name for each in spoken_clips(made)]
    assert found == ["real-en-00", "real-en-01", "made-en-00", "made-fr-00"]


def test_a_clip_stands_between_silences_at_the_level_of_speech() -> None:
    samples = np.concatenate([np.full(RATE, 0.0005), np.full(RATE, 0.1), np.full(RATE, -0.0005)]).astype(np.float32)
    spoken = between_silences(samples)
    sounds = np.flatnonzero(spoken)
    assert len(spoken) == 7 * RATE
    assert (sounds[0], sounds[-1] + 1) == (2 * RATE, 3 * RATE)
    assert np.abs(spoken).max() == np.float32(0.5)
