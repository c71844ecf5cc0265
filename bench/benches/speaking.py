"""Measures how long reading aloud takes: until the first sound of a clause, and for a second of sound.

Natively and by the whole engine in Chromium, on one thread and on two. Piper speaks English, Kokoro French. Wanted:
Piper's first sound within 1.5 s of the first clause, on two threads in Chromium.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from playwright.sync_api import Error

from bench.benches.generate import contender_page
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, limit
from build_support import paths
from build_support.errors import StepFailed
from orion_py.cancellation import CancelToken
from orion_py.senses.speaking.catalogue import KOKORO, PIPER, VOICES, Voice
from orion_py.senses.speaking.lent import LentVoice, Wish

FIRST_MS = 1500.0
THREADS = (1, 2)
TEXTS = {
    "en": (
        "The library opens at nine o'clock in the morning,",
        "The library opens at nine o'clock in the morning, and the children read their favorite stories. "
        "Yesterday we walked along the river until the evening.",
    ),
    "fr": (
        "Les enfants ont attendu leurs amis,",
        "Les enfants ont attendu leurs amis devant la bibliothèque. Nous avons mangé ensemble.",
    ),
}
"""By language: a first clause, and a text."""


def run(context: Context) -> Outcome:
    for folder in (paths.MODELS, context.site / "orion" / "models"):
        if not all((folder / name / "manifest.json").is_file() for name in (PIPER, KOKORO)):
            raise StepFailed(
                "The models that speak aren't built.", "Make them with: python3 build.py build --models lite,voices"
            )
    voices = [next(voice for voice in VOICES if voice.model == model) for model in (PIPER, KOKORO)]
    contenders, notes = dict[str, Contender](), list[str]()
    for number in range(context.rounds):
        for threads in THREADS:
            for voice in voices:
                native, page = f"CPython, {threads}", f"Chromium, {threads}"
                context.settle(f"round {number + 1} of {context.rounds}: {voice.model} on {threads}")
                here = contenders.setdefault(native, Contender(native))
                with ThreadPoolExecutor(1) as pool:  # the browser has this thread's event loop
                    pool.submit(lambda: asyncio.run(_natively(voice, threads, here))).result()  # noqa: B023 - at once
                try:
                    _in_chromium(context, voice, threads, contenders.setdefault(page, Contender(page)))
                except Error as error:
                    notes.append(f"{voice.model} on {threads} in Chromium failed: {str(error).splitlines()[0]}")
    done = [contender for contender in contenders.values() if contender.series]
    return Outcome("speaking", done, _targets(contenders, voices), list(dict.fromkeys(notes)))


def _targets(contenders: dict[str, Contender], voices: list[Voice]) -> list[Any]:
    found = []
    for threads in THREADS:
        contender = contenders[f"Chromium, {threads}"]
        for voice in voices:
            wanted = FIRST_MS if (voice.model, threads) == (PIPER, 2) else None
            for metric, goal in ((f"{voice.model}: first sound", wanted), (f"{voice.model}: a second of sound", None)):
                if metric in contender.series:
                    found.append(limit(f"{metric}, {threads} in Chromium", contender.series[metric], goal))
    return found


def _add(contender: Contender, voice: Voice, clause: float, text: tuple[float, float], foreign: float | None) -> None:
    """``clause``: ms to its first sound; ``text``: what it took, and how long its sound is, in seconds."""
    contender.add(f"{voice.model}: first sound", "ms", clause, foreign)
    contender.add(f"{voice.model}: a second of sound", "s", text[0] / text[1], foreign)


def _in_chromium(context: Context, voice: Voice, threads: int, contender: Contender) -> None:
    clause, text = TEXTS[voice.language]
    with contender_page(context) as job:
        job.prepare("orion-speaking", {"threads": threads, "model": voice.model})
        job.run({"text": clause, "voice": voice.id})  # warm
        with watching() as watch:
            first = job.run({"text": clause, "voice": voice.id})
            whole = job.run({"text": text, "voice": voice.id})
        _add(contender, voice, first["first_ms"], (whole["took"], whole["seconds"]), watch.foreign)
        contender.facts[f"{voice.model}: memory, MB"] = round(whole["memory"] / 1e6)


async def _natively(voice: Voice, threads: int, contender: Contender) -> None:
    from orion_py.manifest.graph_manifest import parse_graph_manifest
    from orion_py.native.graph_model import opened_graphs

    manifest = parse_graph_manifest((paths.MODELS / voice.model / "manifest.json").read_bytes())
    model = await opened_graphs(manifest, paths.MODELS / "shards", threads)

    @asynccontextmanager
    async def lent(model_id: str, cancel: CancelToken) -> AsyncIterator[Any]:
        yield model

    async def speak(words: str) -> tuple[float, float, float]:
        """ms to the first sound, seconds in all, seconds of sound."""
        started, first, sound_s = time.perf_counter(), 0.0, 0.0
        async for sound in LentVoice(lent).speak(Wish(words, voice=voice.id), CancelToken()):
            first = first or (time.perf_counter() - started) * 1000
            sound_s += len(sound.samples) / sound.rate
        return first, time.perf_counter() - started, sound_s

    clause, text = TEXTS[voice.language]
    await speak(clause)  # warm
    with watching() as watch:
        first, _, _ = await speak(clause)
        _, took, seconds = await speak(text)
    await model.close()
    _add(contender, voice, first, (took, seconds), watch.foreign)
