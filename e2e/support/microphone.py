"""Writes what Chromium's fake microphone plays."""

from __future__ import annotations

import asyncio
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from orion_py.native.sounds import sound_of
from orion_py.senses.hearing.resampling import RATE, Samples


def microphone_file(path: Path, *parts: float | Path) -> None:
    """What the microphone plays from its next opening on: recordings, and seconds of silence."""

    async def heard() -> list[Samples]:
        found = []
        for part in parts:
            if isinstance(part, Path):
                found += [block async for block in sound_of(part)]
            else:
                found.append(np.zeros(round(part * RATE), np.float32))
        return found

    with ThreadPoolExecutor(1) as apart:  # this thread has a loop, of playwright
        samples = np.concatenate(apart.submit(lambda: asyncio.run(heard())).result())
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
