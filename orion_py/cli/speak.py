"""Speaks a text into a file (``orion speak``): WAV, 16 bits, one channel."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import wave
from pathlib import Path
from typing import TYPE_CHECKING

from orion_py.cancellation import CancelToken
from orion_py.errors import ModelNotBuilt
from orion_py.senses.speaking.lent import LentVoice, Sound, Wish, chosen

if TYPE_CHECKING:
    from argparse import ArgumentParser

LARGEST = 32_767


def add_speak(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    """Adds the command to ``orion``'s."""
    parser = commands.add_parser(
        "speak",
        help="a text read aloud, into a WAV file",
        description="Reads a text aloud into a WAV file. Markdown is understood: signs and code aren't read.",
    )
    parser.add_argument("text", metavar="TEXT", help="what to say, or - for standard input")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the WAV file")
    parser.add_argument("--voice", help="joe or heart or michael (English), siwis (French); default: by the language")
    parser.add_argument("--language", help="en or fr (default: that of the text)")
    parser.add_argument("--speed", type=float, default=1.0, help="0.5 to 2 times the voice's own (default: 1)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command. Raises OrionError, OSError."""
    text = sys.stdin.read() if options.text == "-" else options.text
    wish = Wish(text, options.language, options.voice, options.speed)
    voice = chosen(wish)  # before a model is loaded for it
    if not (options.root / "public" / "models" / voice.model / "manifest.json").is_file():
        raise ModelNotBuilt(f"{voice.model} isn't built here. Build it first: python3 build.py models voices.")
    asyncio.run(_run(wish, options.out, options.root))
    return 0


async def _run(wish: Wish, out: Path, root: Path) -> None:
    from orion_py.cli.loading import Loading
    from orion_py.config import EngineConfig
    from orion_py.engine.engine import Engine
    from orion_py.native.ports import native_ports
    from orion_py.telemetry.log import Logger

    log, loading = Logger(clock=time.monotonic), Loading(sys.stderr)
    async with await Engine.start(EngineConfig(), native_ports(root), log, subscribers=[loading]) as engine:
        started, first, seconds = time.perf_counter(), 0.0, 0.0
        with _Recording(out) as recording:
            async for sound in LentVoice(engine.senses.lent).speak(wish, CancelToken()):
                recording.add(sound)
                first = first or time.perf_counter() - started
                seconds += len(sound.samples) / sound.rate
        took = time.perf_counter() - started
    voice = chosen(wish)
    print(
        f"[{voice.id} · {voice.model} · {voice.language} · {seconds:.1f} s of sound in {took:.1f} s, "
        f"the first after {first:.1f} s: {out}]",
        file=sys.stderr,
    )


class _Recording:
    """A WAV file that is there whole, or not at all: a text that fails midway leaves the one from before."""

    def __init__(self, path: Path) -> None:
        self._path, self._partial = path, path.with_name(f".{path.name}.partial")
        self._file: wave.Wave_write | None = None

    def __enter__(self) -> _Recording:
        self._stream = self._partial.open("wb")  # now: a folder that isn't there is said before a model is loaded
        return self

    def add(self, sound: Sound) -> None:
        import numpy as np

        if self._file is None:
            self._file = wave.Wave_write(self._stream)
            self._file.setnchannels(1)
            self._file.setsampwidth(2)
            self._file.setframerate(sound.rate)
        self._file.writeframes(np.rint(np.clip(sound.samples, -1, 1) * LARGEST).astype("<i2").tobytes())

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        self._stream.close()
        if kind is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink(missing_ok=True)
