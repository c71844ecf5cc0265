"""How long recordings take to hear is held against their length and against transformers.js."""

from __future__ import annotations

import numpy as np
import pytest

from bench.figures import Contender
from bench.hearing.clips import SENTENCES, Clip
from bench.hearing.speed import OURS, THEIRS, long_clips, targets
from orion_py.senses.hearing.resampling import RATE


def measured(name: str, share: float) -> Contender:
    made = Contender(name, enough=1)
    made.add("made-fr, 40 s", "of its length", share, 0.0)
    return made


CLIP = Clip("made-fr", "fr", "Bonjour", np.zeros(40 * RATE, np.float32))


def test_both_clips_are_longer_than_half_a_minute_and_say_what_is_said() -> None:
    spoken = {f"fr-{number:02}": np.ones(3 * RATE, np.float32) for number in range(len(SENTENCES["fr"]))}
    real, made = long_clips(
        {"two_cities": np.zeros(44 * RATE, np.float32)}, {**spoken, "en-00": np.ones(9, np.float32)}
    )
    assert (real.language, made.language) == ("en", "fr")
    assert len(real.samples) == 44 * RATE
    assert len(made.samples) == round(3.6 * RATE) * len(SENTENCES["fr"]) > 30 * RATE
    assert made.said.startswith(SENTENCES["fr"][0])


@pytest.mark.parametrize(("share", "met"), [(0.4, True), (0.6, False)])
def test_orion_may_take_half_of_a_recordings_length(share: float, met: bool) -> None:
    (found,) = targets({OURS: measured(OURS, share)}, [CLIP])
    assert (found.value, found.met) == (share, met)


@pytest.mark.parametrize(("theirs", "met"), [(0.6, True), (0.5, False)])
def test_orion_is_to_be_faster_than_transformers_js(theirs: float, met: bool) -> None:
    found = targets({OURS: measured(OURS, 0.4), THEIRS: measured(THEIRS, theirs)}, [CLIP])
    assert (found[1].value, found[1].met) == (pytest.approx(theirs / 0.4), met)


def test_who_could_not_be_measured_has_no_verdict() -> None:
    assert targets({OURS: Contender(OURS)}, [CLIP]) == []
    assert len(targets({OURS: measured(OURS, 0.4), THEIRS: Contender(THEIRS)}, [CLIP])) == 1
