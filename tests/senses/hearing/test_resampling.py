"""Sound at any rate becomes sound at 16 kHz: the same, without what 16 kHz can't hold, whatever its blocks are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.errors import UnreadableSound
from orion_py.senses.hearing.resampling import RATE, Resampler, Samples, mixed

RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000, 44_099)


def resampled(samples: Samples, rate: int) -> Samples:
    resampler = Resampler(rate)
    return np.concatenate([resampler.push(samples), resampler.finish()])


def tone(hertz: float, rate: int, seconds: float = 0.5) -> Samples:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_stays_the_same_tone(rate: int) -> None:
    out = resampled(tone(440, rate), rate)
    inner = slice(2000, len(out) - 2000)
    assert np.abs(out[inner] - tone(440, RATE)[: len(out)][inner]).max() < 2e-3


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_what_16_khz_cannot_hold_does_not_fold_back(rate: int) -> None:
    out = resampled(tone(9_000, rate), rate)
    assert np.abs(out[500:-500]).max() < 2e-3


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("count", [0, 1, 7, 1_000])
def test_it_lasts_as_long_as_before(rate: int, count: int) -> None:
    assert len(resampled(np.ones(count, np.float32), rate)) == -(-count * RATE // rate)


@settings(max_examples=40, deadline=None)
@given(rate=st.sampled_from(RATES), cuts=st.lists(st.integers(0, 4000), max_size=6), seed=st.integers(0, 99))
def test_the_blocks_do_not_matter(rate: int, cuts: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).standard_normal(4000).astype(np.float32)
    resampler = Resampler(rate)
    pieces = [resampler.push(piece) for piece in np.split(samples, sorted(cuts))]
    assert np.allclose(np.concatenate([*pieces, resampler.finish()]), resampled(samples, rate), atol=1e-6)


@pytest.mark.parametrize("rate", [0, -8_000, 3_999, 400_000])
def test_a_rate_that_no_recording_has_is_refused(rate: int) -> None:
    with pytest.raises(UnreadableSound, match="samples a second"):
        Resampler(rate)


def test_channels_are_mixed_and_what_is_no_number_is_silence() -> None:
    channels = np.array([[1.0, 0.0], [np.nan, 0.5], [3.0, 3.0], [np.inf, 0.0]], np.float32)
    assert mixed(channels).tolist() == [0.5, 0.0, 1.0, 1.0]
    assert mixed(np.array([[0.25], [-0.5]], np.float32)).tolist() == [0.25, -0.5]
