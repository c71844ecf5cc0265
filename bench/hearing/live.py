"""Measures how soon text comes while somebody speaks: Chromium's microphone plays clips to the whole engine.

The time counts from the first sound of the clip, as the page records it.
"""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Error

from bench.chromium import fresh_profile, opened
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender
from bench.hearing.clips import Clip
from bench.hearing.word_errors import rate
from orion_py.senses.hearing.resampling import RATE, Samples

NAME = "ORION, microphone in Chromium"
THREADS = 2
KINDS = ("real", "made")
EACH = 2
"""Clips of a kind and language."""
FIGURES = {
    "noticed": "from the first sound until speech is noticed",
    "first": "from the first sound to the first text",
    "whole": "from the last sound to the whole text",
}
_QUIETEST = 0.01
_BEFORE, _BEHIND = 1.0, 3.0
"""Seconds of silence around a clip: a turn ends after 1.6."""


def spoken_clips(clips: Sequence[Clip]) -> list[Clip]:
    """The first ones of each kind and language: those without noise, whose beginning is certain."""
    found: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        found.setdefault((clip.name.partition("-")[0], clip.language), []).append(clip)
    return [clip for (kind, _), group in found.items() if kind in KINDS for clip in group[:EACH]]


def between_silences(samples: Samples) -> Samples:
    """``samples`` at a level that people speak at, as a microphone records them."""
    loud = np.array(samples * (0.5 / max(1e-6, float(np.abs(samples).max()))), np.float32)
    sounds = np.flatnonzero(np.abs(loud) > _QUIETEST)  # what a recording has of its room is no first word
    loud[: sounds[0]] = loud[sounds[-1] + 1 :] = 0
    return np.pad(loud, (round(_BEFORE * RATE), round(_BEHIND * RATE)))


def measured(context: Context, clips: Sequence[Clip]) -> tuple[Contender, list[str]]:
    """The delays of all ``clips`` together, and what failed."""
    contender, notes = Contender(NAME), list[str]()
    with tempfile.TemporaryDirectory(prefix="orion-bench-") as work:
        file = Path(work) / "microphone.wav"
        plays = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        plays.append(f"--use-file-for-fake-audio-capture={file}%noloop")
        for number in range(context.rounds):
            context.settle(f"round {number + 1} of {context.rounds}: {NAME}")
            try:
                with fresh_profile(context.playwright, *plays) as browser:
                    _listen(context, browser, file, clips, contender)
            except Error as error:
                notes.append(f"{NAME} failed: {str(error).splitlines()[0]}")
    return contender, list(dict.fromkeys(notes))


def _listen(context: Context, browser: Any, file: Path, clips: Sequence[Clip], contender: Contender) -> None:
    with opened(browser, f"{context.url}pages/listening.html") as page:
        page.wait_for_function("() => 'bench' in globalThis")
        page.evaluate("(options) => bench.prepare(options)", {"threads": THREADS})
        pairs = []
        for warm, clip in [(True, clips[0]), *((False, clip) for clip in clips)]:
            samples = between_silences(clip.samples)
            _write(file, samples)  # which the browser reads when the microphone is opened
            with watching() as watch:
                found = page.evaluate("(options) => bench.listened(options)", {"seconds": len(samples) / RATE})
            if warm:
                continue
            pairs.append((clip.said, found["text"]))
            for key, metric in FIGURES.items():
                contender.add(metric, "ms", found[key], watch.foreign)
            contender.add("texts a clip", "", found["texts"], watch.foreign)
        contender.facts[f"word error rate, {len(pairs)} clips, %"] = round(100 * rate(pairs), 2)


def _write(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
