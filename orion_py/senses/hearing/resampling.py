"""Resamples sound to 16 kHz, block by block, and mixes its channels.

A windowed sinc (Smith, "Digital Audio Resampling", https://ccrma.stanford.edu/~jos/resample/): output k lies at k M / L
samples of the input, and each of the L phases has its own row of coefficients. What the target can't hold is filtered
out, so that nothing folds back into the voice.
"""

from __future__ import annotations

from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import UnreadableSound

Samples = NDArray[np.float32]
"""Mono sound: F32 [n], from -1 to 1."""

RATE = 16_000
"""Samples a second of all that is heard: Whisper's and Silero's."""
LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000
_ZEROS = 24
"""Zero crossings of the sinc on each side."""
_BETA = 9.0
"""Of the Kaiser window: side lobes of some -90 dB."""
_PASSED = 0.94
"""Share of the band that passes; the filter falls off in the rest."""
_AT_ONCE = 8192


class Resampler:
    """One stream from ``source`` samples a second to RATE: ``push`` its blocks in order, then ``finish``.

    The whole output has ceil(n RATE / source) samples, and is aligned with the input: no delay.
    Raises UnreadableSound for a rate outside LOWEST_RATE to HIGHEST_RATE.
    """

    def __init__(self, source: int) -> None:
        if not LOWEST_RATE <= source <= HIGHEST_RATE:
            limits = f"{LOWEST_RATE:,} to {HIGHEST_RATE:,}"
            raise UnreadableSound(f"The recording has {source:,} samples a second; {limits} can be read.")
        divisor = gcd(source, RATE)
        self._up, self._down = RATE // divisor, source // divisor
        self._half, self._table = _coefficients(self._up, self._down)
        # Silence before the first sample, so that the first output has neighbours on both sides.
        self._kept = np.zeros(self._half - 1, np.float32)
        self._first = 1 - self._half
        """Index in the input of the first sample that is kept."""
        self._made = self._taken = 0

    def push(self, samples: Samples) -> Samples:
        """What can be computed once ``samples`` are there."""
        self._taken += len(samples)
        if self._up == self._down:
            return samples
        self._kept = np.concatenate([self._kept, samples])
        last = self._first + len(self._kept) - 1 - self._half
        """The last input position whose neighbours are all there."""
        return self._until(max(self._made, (last * self._up) // self._down + 1 if last >= 0 else 0))

    def finish(self) -> Samples:
        """The rest, as if silence followed."""
        if self._up == self._down:
            return np.zeros(0, np.float32)
        self._kept = np.concatenate([self._kept, np.zeros(self._half + 1, np.float32)])
        return self._until(-(-self._taken * self._up // self._down))

    def _until(self, end: int) -> Samples:
        """Outputs from the last one made to before ``end``."""
        made = [self._some(start, min(start + _AT_ONCE, end)) for start in range(self._made, end, _AT_ONCE)]
        self._made = max(self._made, end)
        needed = (self._made * self._down) // self._up - self._half + 1
        drop = min(max(0, needed - self._first), len(self._kept))
        self._kept, self._first = self._kept[drop:], self._first + drop
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def _some(self, start: int, end: int) -> Samples:
        whole, phase = np.divmod(np.arange(start, end, dtype=np.int64) * self._down, self._up)
        around = np.arange(1 - self._half, self._half + 1)
        windows = self._kept[(whole - self._first)[:, None] + around]
        out: Samples = np.einsum("ij,ij->i", windows, self._table[phase], dtype=np.float32)
        return out


def _coefficients(up: int, down: int) -> tuple[int, Samples]:
    """How many samples count on each side, and F32 [up, 2 half]: a row for each phase, which adds up to 1."""
    cutoff = min(1.0, up / down) * _PASSED
    half = ceil(_ZEROS / cutoff)
    distance = np.arange(1 - half, half + 1)[None, :] - (np.arange(up) / up)[:, None]
    inside = np.clip(1 - (distance / half) ** 2, 0, None)
    rows = np.sinc(distance * cutoff) * np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA)
    return half, (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


def mixed(channels: NDArray[np.float32]) -> Samples:
    """The mean of ``channels`` F32 [n, channels]. What isn't a number is silence; what is louder than full scale by
    a decoder's overshoot is cut there."""
    mono = channels[:, 0] if channels.shape[1] == 1 else channels.mean(axis=1, dtype=np.float32)
    return np.clip(np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
