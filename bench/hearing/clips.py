"""Makes the clips of the bench of hearing: real readings cut at pauses, sentences that a voice of the package Kokoro
speaks, and these with noise or music under them.

Which are which stands in each clip's name: ``real-``, ``made-``, ``noise-``, ``music-``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orion_py.senses.hearing.resampling import RATE, Samples

SENTENCES: dict[str, list[str]] = json.loads((Path(__file__).parent / "sentences.json").read_text("utf-8"))
"""By language, what the voice speaks."""
NOISE_DB, MUSIC_DB = 12.0, 10.0
"""How far the voice is above them."""
_CHORDS = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9))


@dataclass(frozen=True, slots=True)
class Clip:
    """``said``: what a person hears in it."""

    name: str
    language: str
    said: str
    samples: Samples


REAL = (
    ("two_cities", 0.9, 4.9, "It was the best of times, it was the worst of times,"),
    ("two_cities", 4.85, 8.6, "it was the age of wisdom, it was the age of foolishness,"),
    ("two_cities", 8.55, 13.3, "it was the epoch of belief, it was the epoch of incredulity,"),
    ("two_cities", 13.2, 17.4, "it was the season of Light, it was the season of Darkness,"),
    ("two_cities", 17.3, 21.1, "it was the spring of hope, it was the winter of despair,"),
    ("two_cities", 21.0, 24.5, "we had everything before us, we had nothing before us,"),
    ("two_cities", 24.4, 28.8, "we were all going direct to Heaven, we were all going direct the other way"),
    ("two_cities", 28.7, 42.2, "in short, the period was so far like the present period, that some of its noisiest "
     "authorities insisted on its being received, for good or for evil, in the superlative degree of comparison only."),
)  # fmt: skip
"""Of LibriVox' reading of A Tale of Two Cities, which the package moonshine-voice carries: file, seconds, text."""


def clips(real: Mapping[str, Samples], spoken: Mapping[str, Samples]) -> Iterator[Clip]:
    """``real``: recordings by name; ``spoken``: sentences by language and number, such as "fr-03". All at 16 kHz."""
    for index, (name, start, end, said) in enumerate(REAL):
        yield Clip(f"real-en-{index:02}", "en", said, real[name][round(start * RATE) : round(end * RATE)])
    for key, samples in spoken.items():
        language, number = key.split("-")
        said = SENTENCES[language][int(number)]
        padded = np.pad(samples, RATE // 2)
        yield Clip(f"made-{key}", language, said, padded)
        if int(number) % 2:
            yield Clip(f"noise-{key}", language, said, under(padded, noise(len(padded), int(number)), NOISE_DB))
        else:
            yield Clip(f"music-{key}", language, said, under(padded, music(len(padded)), MUSIC_DB))


def under(voice: Samples, other: Samples, decibels: float) -> Samples:
    """``voice`` with ``other`` so many decibels below it."""
    wanted = np.sqrt((voice**2).mean()) * 10 ** (-decibels / 20)
    mixed = voice + other * (wanted / np.sqrt((other**2).mean()))
    return np.asarray(mixed / max(1.0, float(np.abs(mixed).max())), np.float32)


def noise(count: int, seed: int) -> Samples:
    """Pink noise, as of a street."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    shaped = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)
    return shaped.astype(np.float32)


def music(count: int) -> Samples:
    """Chords with overtones, a new one each second."""
    at = np.arange(count) / RATE
    out = np.zeros(count)
    for number, chord in enumerate(_CHORDS):
        playing = (at.astype(int) % len(_CHORDS) == number) * np.exp(-1.5 * (at % 1.0))
        for tone in chord:
            out += playing * sum(np.sin(2 * np.pi * tone * part * at) / part for part in (1, 2, 3))
    return out.astype(np.float32)
