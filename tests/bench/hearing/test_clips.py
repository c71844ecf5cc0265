"""Forty clips and more: what is real, what a voice speaks, and what lies under it stands in each name."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bench.hearing.clips import SENTENCES, clips, music, noise, under

SPOKEN = {
    f"{language}-{number:02}": np.sin(np.arange(16_000) / 10).astype(np.float32) * 0.3
    for language, sentences in SENTENCES.items()
    for number in range(len(sentences))
}
REAL = {"two_cities": np.ones(45 * 16_000, np.float32)}


def test_there_are_enough_in_both_languages_and_of_every_kind() -> None:
    made = list(clips(REAL, SPOKEN))
    assert len(made) >= 40
    assert len({clip.name for clip in made}) == len(made)
    kinds = Counter((clip.name.partition("-")[0], clip.language) for clip in made)
    assert kinds["real", "en"] == 8
    assert min(kinds[kind, language] for kind in ("made", "noise", "music") for language in ("en", "fr")) >= 7


@pytest.mark.parametrize("other", [noise(16_000, 1), music(16_000)])
def test_what_lies_under_a_voice_is_as_far_below_it_as_wanted(other: np.ndarray) -> None:
    voice = SPOKEN["en-00"]
    rest = under(voice, other, 12.0) - voice
    assert 10 * np.log10((voice**2).mean() / (rest**2).mean()) == pytest.approx(12, abs=0.1)


def test_nothing_is_louder_than_full_scale() -> None:
    loud = np.sign(SPOKEN["en-00"]).astype(np.float32)
    assert np.abs(under(loud, noise(16_000, 1), 3.0)).max() <= 1
