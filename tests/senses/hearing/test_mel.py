"""Log-mel features are Whisper's, also where they are computed by their definition, number by number."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.senses.hearing.mel import log_mel
from orion_py.senses.hearing.resampling import RATE


def by_definition(samples: np.ndarray, frame: int, band: int) -> float:
    """log10 of one band's power in one frame, by sums."""
    centred = np.pad(samples.astype(np.float64), 200, mode="reflect")[frame * 160 : frame * 160 + 400]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    power = [abs(sum(centred * window * np.exp(-2j * np.pi * line * np.arange(400) / 400))) ** 2 for line in range(201)]

    def hertz(mels: float) -> float:
        return mels * 200 / 3 if mels < 15 else 1000 * 6.4 ** ((mels - 15) / 27)

    highest = 15 + 27 * np.log(8) / np.log(6.4)
    low, middle, high = (hertz(highest * (band + step) / 81) for step in range(3))
    weights = [max(0.0, min((f - low) / (middle - low), (high - f) / (high - middle))) for f in np.arange(201) * 40.0]
    return float(np.log10(max(np.dot(weights, power) * 2 / (high - low), 1e-10)))


def test_each_number_is_what_the_definition_says() -> None:
    samples = np.random.default_rng(1).standard_normal(16_000).astype(np.float32) * 0.1
    found = log_mel(samples, 100)[0]
    for frame in (0, 1, 50, 99):
        for band in (0, 1, 20, 40, 79):
            assert found[band, frame] * 4 - 4 == pytest.approx(by_definition(samples, frame, band), abs=2e-4)


def test_a_tone_is_loudest_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    found = log_mel(tone, 100)
    assert found.shape == (1, 80, 100)
    assert found.dtype == np.float32
    loudest = found[0, :, 50].argmax()
    assert pytest.approx(loudest + 1, abs=2) == 80 * 15 / 45


def test_silence_is_flat_and_finite() -> None:
    assert np.unique(log_mel(np.zeros(100, np.float32), 50)).tolist() == [-1.5]


def test_the_quiet_is_at_most_eight_decades_below_the_loudest() -> None:
    burst = np.zeros(RATE, np.float32)
    burst[8000:8400] = 1
    found = log_mel(burst, 100)
    assert found.max() - found.min() == pytest.approx(2.0)


def test_what_is_longer_than_the_window_is_cut() -> None:
    samples = np.random.default_rng(2).standard_normal(32_000).astype(np.float32)
    assert np.array_equal(log_mel(samples, 100), log_mel(samples[:16_000], 100))
