"""Writes down what is said in a recording (``orion transcribe``): as text, JSON or subtitles."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from orion_py.senses.hearing.notes import as_data
from orion_py.senses.hearing.subtitles import srt, vtt
from orion_py.senses.hearing.transcriber import WHISPER, Heard, Transcript, transcribe

if TYPE_CHECKING:
    from argparse import ArgumentParser

NOBODY = "[nobody speaks in this recording]"


def add_transcribe(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    """Adds the command to ``orion``'s."""
    parser = commands.add_parser(
        "transcribe",
        help="what is said in a recording, as text, JSON or subtitles",
        description="Writes down what is said in a recording: wav, mp3, ogg, flac, m4a or webm, of any length.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="with --live: - for standard input")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="segments with their times in seconds, and the language")
    form.add_argument("--srt", action="store_true", help="subtitles as SubRip")
    form.add_argument("--vtt", action="store_true", help="subtitles as WebVTT")
    parser.add_argument(
        "--live",
        action="store_true",
        help="write down raw sound (16 bits, 16 kHz, mono) from standard input while it comes; with --json its events",
    )
    parser.add_argument("--language", default="auto", help="fr, en, … or auto (default: auto)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command. Raises OrionError, OSError."""
    if options.live and (str(options.file) != "-" or options.srt or options.vtt):
        print("orion transcribe: --live takes - as FILE, and text or --json", file=sys.stderr)
        return 2
    asyncio.run(_live(options) if options.live else _run(options))
    return 0


async def _live(options: argparse.Namespace) -> None:
    from orion_py.cli.ears import own_ears
    from orion_py.cli.live import write_live

    async with own_ears(options.root, sys.stderr) as ears:
        await write_live(ears, sys.stdin.buffer, ears.language(options.language), sys.stdout, options.json)


async def _run(options: argparse.Namespace) -> None:
    from orion_py.cli.ears import own_ears
    from orion_py.native.sounds import sound_of

    with options.file.open("rb"):
        pass  # before a model is loaded for it
    whole = options.json or options.srt or options.vtt
    said = Said(None if whole else sys.stdout, sys.stderr)
    async with own_ears(options.root, sys.stderr) as ears:
        language, started = ears.language(options.language), time.perf_counter()
        transcript = await transcribe(ears, sound_of(options.file), language, said.heard)
        took = time.perf_counter() - started
    said.end()
    if whole:
        print(_written(options)(transcript), end="")
    print(NOBODY if not transcript.segments else summary(transcript, took), file=sys.stderr)


def _written(options: argparse.Namespace) -> Callable[[Transcript], str]:
    if options.json:
        return lambda transcript: json.dumps(as_data(transcript), ensure_ascii=False, indent=1) + "\n"
    return (
        (lambda transcript: srt(transcript.segments)) if options.srt else (lambda transcript: vtt(transcript.segments))
    )


def summary(transcript: Transcript, took: float) -> str:
    """How it went, in a line."""
    share = took / transcript.seconds
    length = f"{clock(transcript.seconds)} of sound, {clock(transcript.speech)} of speech"
    return f"[{WHISPER} · {transcript.language} · {length}, in {took:.1f} s: {share:.2f} of its length]"


def clock(seconds: float) -> str:
    """1:02:03, or 2:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


class Said:
    """Prints segments to ``out`` as they come, a line each, and on a terminal how far the recording is to ``notes``."""

    def __init__(self, out: TextIO | None, notes: TextIO) -> None:
        self._out, self._notes = out, notes
        self._moves = notes.isatty()

    def heard(self, heard: Heard) -> None:
        """``transcribe``'s ``report``."""
        if self._out is not None and heard.new:
            self._clear()
            print("\n".join(segment.text for segment in heard.new), file=self._out, flush=True)
        if self._moves:
            print(f"\r\x1b[K{clock(heard.seconds)} heard", end="", file=self._notes, flush=True)

    def end(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._moves:
            print("\r\x1b[K", end="", file=self._notes, flush=True)
