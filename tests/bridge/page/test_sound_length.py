"""How long a recording is stands in its file, whatever its kind. Under Node."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
import { secondsOf } from "./bridge/page/sound-length.js";
const answer = (text) => {
  const bytes = Buffer.from(text, "base64");
  return secondsOf(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};
"""
SECONDS = 20


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("node"), SCRIPT) as running:
        yield running


def encoded(path: Path, codec: str, rate: int) -> bytes:
    sound = 0.3 * np.sin(np.arange(SECONDS * rate) / 20)
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        for start in range(0, len(sound), 960):
            block = sound[None, start : start + 960].astype(np.float32)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, start
            resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate)
            for part in resampler.resample(frame):
                out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return path.read_bytes()


def seconds(node: Node, data: bytes) -> float | None:
    found: float | None = node.ask(base64.b64encode(data).decode())
    return found


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 16_000),
        ("a.mp3", "libmp3lame", 44_100),
        ("b.mp3", "libmp3lame", 16_000),
        ("a.ogg", "libopus", 48_000),
        ("a.flac", "flac", 44_100),
        ("a.m4a", "aac", 44_100),
        ("a.webm", "libopus", 48_000),
    ],
)
def test_each_kind_of_file_says_how_long_it_is(node: Node, tmp_path: Path, name: str, codec: str, rate: int) -> None:
    found = seconds(node, encoded(tmp_path / name, codec, rate))
    assert found == pytest.approx(SECONDS, rel=0.05)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"OggS", b"fLaC\0\0", b"\0\0\0\x20ftypM4A ", b"\x1a\x45\xdf\xa3", b"hello" * 9]
)
def test_what_does_not_say_it_is_not_guessed(node: Node, data: bytes) -> None:
    assert seconds(node, data) is None
