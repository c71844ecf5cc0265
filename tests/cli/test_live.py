"""``orion transcribe - --live``: sound from a pipe becomes text while it comes."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest

from orion_py.cli import commands as cli
from orion_py.cli.live import samples_of, write_live
from tests.senses.hearing.scripted_ears import ears_that_hear, sound

SPOKEN = sound(("silence", 0.5), ("speech", 2), ("silence", 3))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def piped(samples: np.ndarray) -> io.BytesIO:
    return io.BytesIO((samples * 32767).astype("<i2").tobytes())


def told(out: io.StringIO, as_json: bool) -> str:
    ears = ears_that_hear("<0.00> Hello.<2.00>")
    asyncio.run(write_live(ears, piped(SPOKEN), None, out, as_json))
    return out.getvalue()


def test_a_pipe_gets_each_utterance_once() -> None:
    assert told(io.StringIO(), False) == "Hello.\n"


def test_a_program_gets_every_event() -> None:
    rows = [json.loads(line) for line in told(io.StringIO(), True).splitlines()]
    assert [row["kind"] for row in rows if row["kind"] != "partial"] == ["speech_start", "final", "turn_end"]
    assert rows[-1]["text"] == "Hello."
    assert rows[0]["at"] == pytest.approx(0.25, abs=0.1)


def test_a_terminal_sees_the_utterance_grow_on_its_line() -> None:
    shown = told(Terminal(), False)
    assert shown.endswith("\r\x1b[KHello.\n")


def test_samples_are_whole_whatever_the_reads_are() -> None:
    async def run() -> list[np.ndarray]:
        return [each async for each in samples_of(io.BytesIO(b"\x00\x40" * 5000 + b"\x01"))]

    found = np.concatenate(asyncio.run(run()))
    assert len(found) == 5000
    assert set(found.tolist()) == {0.5}


@pytest.mark.parametrize("arguments", [["a.wav", "--live"], ["-", "--live", "--srt"]])
def test_what_cannot_be_live_is_wrong_usage(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models.json").write_text("{}")
    assert cli.main(["--root", str(tmp_path), "transcribe", *arguments]) == 2
    assert "--live takes -" in capsys.readouterr().err
