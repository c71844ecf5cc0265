"""Long sound is cut at silence; all speech is in some window, once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.senses.hearing.resampling import RATE
from orion_py.senses.hearing.voice import FRAME, FRAME_SECONDS
from orion_py.senses.hearing.windows import SpeechWindows, Window


def windows(likely: list[float], step: int = 7) -> list[Window]:
    """Of a sound whose sample at n is n, so that a window shows where it was cut."""
    cutter, samples = SpeechWindows(), np.arange(len(likely) * FRAME, dtype=np.float32)
    found = []
    for start in range(0, len(likely), step):
        part = slice(start * FRAME, (start + step) * FRAME)
        found += cutter.push(samples[part], np.array(likely[start : start + step], np.float32))
    return found + cutter.finish()


def frames(seconds: float, probability: float) -> list[float]:
    return [probability] * round(seconds / FRAME_SECONDS)


def test_silence_is_in_no_window() -> None:
    assert windows(frames(60, 0.02)) == []


def test_a_window_has_a_little_silence_around_speech_and_knows_where_it_was() -> None:
    (window,) = windows(frames(5, 0.02) + frames(3, 0.95) + frames(5, 0.02))
    assert window.start == pytest.approx(4.75, abs=0.05)
    assert window.seconds == pytest.approx(3.6, abs=0.1)
    assert window.samples[0] == round(window.start * RATE)


def test_sentences_with_short_pauses_share_a_window_and_long_pauses_part_them() -> None:
    said = frames(3, 0.9) + frames(1, 0.02)
    assert len(windows(said * 3 + frames(3, 0.02))) == 1
    assert len(windows((said + frames(2, 0.02)) * 3)) == 3


def test_speech_without_a_pause_is_cut_where_it_sounds_least_like_speech() -> None:
    likely = frames(20, 0.95) + frames(0.2, 0.4) + frames(20, 0.95)
    first, second = windows(likely)
    assert first.seconds == pytest.approx(20.1, abs=0.2)
    assert second.start == pytest.approx(first.start + first.seconds, abs=1e-6)


def test_a_pause_ends_a_window_that_is_nearly_full() -> None:
    found = windows((frames(9, 0.95) + frames(0.8, 0.02)) * 6)
    assert all(window.seconds <= 28.1 for window in found)
    assert all(window.samples[0] == round(window.start * RATE) for window in found)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 40), st.sampled_from([0.02, 0.4, 0.95])), max_size=8), st.integers(1, 40))
def test_all_speech_is_heard_once_in_windows_of_at_most_28_seconds(parts: list[tuple[float, float]], step: int) -> None:
    likely = [each for seconds, probability in parts for each in frames(seconds, probability)]
    found = windows(likely, step)
    heard = np.zeros(len(likely), int)
    for window in found:
        assert window.seconds <= 28.1
        start = round(window.start / FRAME_SECONDS)
        heard[start : start + len(window.samples) // FRAME] += 1
        assert np.array_equal(window.samples, np.arange(start * FRAME, start * FRAME + len(window.samples)))
    assert heard.max(initial=0) <= 1
    at = 0
    for seconds, probability in parts:
        count = len(frames(seconds, probability))
        if probability > 0.5 and count >= 4:
            assert heard[at : at + count].all()
        at += count
