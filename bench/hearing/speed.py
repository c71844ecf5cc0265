"""Measures how long Chromium takes to hear 30 s and more, by ORION and by transformers.js, on two threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Error

from bench.benches.generate import contender_page
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Target, limit, speedup
from bench.hearing.clips import REAL, SENTENCES, Clip
from bench.hearing.word_errors import rate
from orion_py.senses.hearing.resampling import RATE, Samples

THREADS = 2
MOST_OF_ITS_LENGTH = 0.5
"""Wanted of ORION: seconds of work for a second of sound."""
FASTER = 1.3
"""Wanted of ORION, times transformers.js."""
OURS, THEIRS = "ORION, whole engine in Chromium", "transformers.js in Chromium"
_PAUSE = 0.6
_RUNTIME = ".asyncify"
"""The build of onnxruntime-web that transformers.js chooses by default."""


def long_clips(real: Mapping[str, Samples], spoken: Mapping[str, Samples]) -> list[Clip]:
    """A reading of 44 s, and French sentences one after the other."""
    french = [samples for key, samples in sorted(spoken.items()) if key.startswith("fr")]
    pause = np.zeros(round(_PAUSE * RATE), np.float32)
    joined = np.concatenate([part for samples in french for part in (samples, pause)])
    return [
        Clip("real-en", "en", " ".join(said for *_, said in REAL), real["two_cities"]),
        Clip("made-fr", "fr", " ".join(SENTENCES["fr"][: len(french)]), joined),
    ]


def measured(
    context: Context, clips: Sequence[Clip], peer: Path | None
) -> tuple[list[Contender], list[Target], list[str]]:
    """``peer``: the folder of transformers.js' model; None: ORION alone is measured."""
    folder = context.site / "clips"
    folder.mkdir(exist_ok=True)
    for clip in clips:
        (folder / f"{clip.name}.f32").write_bytes(np.ascontiguousarray(clip.samples, np.float32).tobytes())
    modules = {OURS: ("orion-hearing", {"threads": THREADS})}
    if peer is not None:
        modules[THEIRS] = ("transformers-hearing", {"threads": THREADS, "runtime": _RUNTIME})
    contenders, notes = {name: Contender(name) for name in modules}, list[str]()
    for number in range(context.rounds):
        for name in modules if number % 2 == 0 else reversed(modules):
            context.settle(f"round {number + 1} of {context.rounds}: {name}")
            try:
                _hear(context, *modules[name], clips, contenders[name])
            except Error as error:
                notes.append(f"{name} failed: {str(error).splitlines()[0]}")
    done = [contender for contender in contenders.values() if contender.series]
    return done, targets(contenders, clips), list(dict.fromkeys(notes))


def _hear(context: Context, module: str, options: dict[str, Any], clips: Sequence[Clip], contender: Contender) -> None:
    with contender_page(context) as job:
        job.prepare(module, options)
        job.run({"clip": clips[0].name, "language": clips[0].language})  # warm
        for clip in clips:
            with watching() as watch:
                found = job.run({"clip": clip.name, "language": clip.language})
            seconds = len(clip.samples) / RATE
            contender.add(f"{clip.name}, {seconds:.0f} s", "of its length", found["seconds"] / seconds, watch.foreign)
            if "first_text_ms" in found:
                contender.add(f"{clip.name}, first text", "ms", found["first_text_ms"], watch.foreign)
            contender.facts[f"word error rate, {clip.name}, %"] = round(100 * rate([(clip.said, found["text"])]), 2)


def targets(contenders: Mapping[str, Contender], clips: Sequence[Clip]) -> list[Target]:
    """ORION's share of each recording's length, and how many times faster it is, where both were measured."""
    found = []
    for clip in clips:
        metric = f"{clip.name}, {len(clip.samples) / RATE:.0f} s"
        ours = contenders[OURS].series.get(metric)
        if ours is None:
            continue
        found.append(limit(f"{metric}: share of its length", ours, MOST_OF_ITS_LENGTH))
        theirs = contenders[THEIRS].series.get(metric) if THEIRS in contenders else None
        if theirs is not None:
            found.append(speedup(f"{metric}: times transformers.js", ours, theirs, FASTER))
    return found
