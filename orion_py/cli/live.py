"""Writes down what is said while it is said (``orion transcribe - --live``): events of sound from standard input.

arecord -q -f S16_LE -r 16000 -c 1 | orion transcribe - --live
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import BinaryIO, TextIO

import numpy as np

from orion_py.senses.hearing.listening import Listened, listen
from orion_py.senses.hearing.resampling import Samples
from orion_py.senses.hearing.transcriber import Ears

_BYTES = 3_200
"""A tenth of a second."""


async def write_live(ears: Ears, stream: BinaryIO, language: str | None, out: TextIO, as_json: bool) -> None:
    """Prints to ``out`` the events of ``stream``, raw mono sound of 16 bits at 16 kHz: as a JSON line each, or the text
    of each utterance. On a terminal the utterance under way is shown, too, and replaced as it grows."""
    shown = _Shown(out, as_json)
    async for event in listen(ears, samples_of(stream), language):
        shown.show(event)


async def samples_of(stream: BinaryIO) -> AsyncIterator[Samples]:
    """As much as is there, at least a tenth of a second; half a sample at the end is dropped."""
    rest = b""
    while data := await asyncio.to_thread(_read, stream):
        data = rest + data
        whole = len(data) // 2 * 2
        rest = data[whole:]
        yield np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(32768)


def _read(stream: BinaryIO) -> bytes:
    return stream.read(_BYTES)


class _Shown:
    def __init__(self, out: TextIO, as_json: bool) -> None:
        self._out, self._json = out, as_json

    def show(self, event: Listened) -> None:
        if self._json:
            row = {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(event).items()}
            print(json.dumps(row, ensure_ascii=False), file=self._out, flush=True)
        elif event.kind == "final" and event.text:
            print(f"\r\x1b[K{event.text}" if self._out.isatty() else event.text, file=self._out, flush=True)
        elif event.kind == "partial" and self._out.isatty():
            print(f"\r\x1b[K{event.text}", end="", file=self._out, flush=True)
