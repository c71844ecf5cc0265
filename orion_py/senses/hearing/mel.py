"""Computes Whisper's log-mel features from sound.

As ``whisper/audio.py`` of https://github.com/openai/whisper defines them: frames of 400 samples every 160, a periodic
Hann window, centred with reflection; the power spectrum through 80 mel bands (Slaney's scale and normalization, as
``librosa.filters.mel(sr=16000, n_fft=400, n_mels=80)``); log10 with a floor of 1e-10, at most 8 below the loudest; and
(x + 4) / 4.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from orion_py.senses.hearing.resampling import RATE, Samples

FRAME, HOP, BANDS = 400, 160, 80
FRAMES_A_SECOND = RATE // HOP
MOST_FRAMES = 3_000
"""30 seconds: as far as Whisper's positions go."""
_FLOOR, _RANGE = 1e-10, 8.0
_AT_ONCE = 250
"""Frames: the spectrum of 30 s takes 30 MB, which a browser would never get back from Python."""


def log_mel(samples: Samples, frames: int) -> NDArray[np.float32]:
    """F32 [1, 80, frames] of ``samples`` at 16 kHz, with silence behind them up to ``frames`` / 100 seconds."""
    size = frames * HOP
    padded = np.zeros(size, np.float32)
    padded[: min(len(samples), size)] = samples[:size]
    centred = np.pad(padded, FRAME // 2, mode="reflect")
    cut = np.lib.stride_tricks.sliding_window_view(centred, FRAME)[::HOP][:frames]
    logs = np.empty((frames, BANDS))
    for start in range(0, frames, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        power = np.abs(np.fft.rfft(cut[part] * _window(), axis=1)) ** 2
        logs[part] = np.log10(np.maximum(power @ _bands().T, _FLOOR))
    logs = np.maximum(logs, logs.max() - _RANGE)
    return np.ascontiguousarray(((logs + 4) / 4).T[None], np.float32)


@cache
def _window() -> NDArray[np.float64]:
    return np.hanning(FRAME + 1)[:-1]


@cache
def _bands() -> NDArray[np.float64]:
    """F64 [80, 201]: triangles over the spectrum, each of area 2 / its width in Hz."""
    edges = _hertz(np.linspace(_mels(np.array(0.0)), _mels(np.array(RATE / 2)), BANDS + 2))
    lines = np.linspace(0, RATE / 2, FRAME // 2 + 1)[None, :]
    rising = (lines - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - lines) / (edges[2:] - edges[1:-1])[:, None]
    area = (2 / (edges[2:] - edges[:-2]))[:, None]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * area, np.float64)


_LINEAR, _LOG_START = 200 / 3, 1_000.0
_LOG_STEP = np.log(6.4) / 27
"""Slaney's scale: linear up to 1 kHz, 15 mels, and 27 mels for each factor of 6.4 above."""


def _mels(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _LOG_START / _LINEAR + np.log(np.maximum(hertz, 1e-9) / _LOG_START) / _LOG_STEP
    return np.where(hertz < _LOG_START, hertz / _LINEAR, above)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    start = _LOG_START / _LINEAR
    return np.where(mels < start, mels * _LINEAR, _LOG_START * np.exp((mels - start) * _LOG_STEP))
