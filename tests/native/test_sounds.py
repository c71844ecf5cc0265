"""Audio files become mono sound at 16 kHz, whatever they are called; what isn't sound is refused in words."""

from __future__ import annotations

import asyncio
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from orion_py.errors import UnreadableSound
from orion_py.native.sounds import BLOCK, sound_in, sound_of

SECONDS = 1.5


def decoded(path: Path) -> np.ndarray:
    async def run() -> list[np.ndarray]:
        return [block async for block in sound_of(path)]

    blocks = asyncio.run(run())
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def tone(rate: int, seconds: float = SECONDS) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)


def as_wav(path: Path, samples: np.ndarray, rate: int, width: int = 2) -> Path:
    """``samples`` [n] or [n, channels]."""
    table = samples[:, None] if samples.ndim == 1 else samples
    with wave.open(str(path), "wb") as file:
        file.setnchannels(table.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        if width == 1:
            file.writeframes((table * 127 + 128).astype(np.uint8).tobytes())
        else:
            file.writeframes((table * 32767).astype("<i2").tobytes())
    return path


def encoded(path: Path, container: str, codec: str, rate: int) -> Path:
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        samples = (tone(rate)[None] * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate)
        for each in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(each))
        out.mux(stream.encode(None))
    return path


def sounds_like_the_tone(found: np.ndarray) -> bool:
    inner = found[4_000:20_000]  # a second: the spectrum's lines are 1 Hz apart
    loudest = np.abs(np.fft.rfft(inner)).argmax()
    return bool(abs(loudest - 440) <= 2 and 0.4 < np.abs(inner).max() < 0.62)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("width", [1, 2])
def test_a_wav_of_any_rate(tmp_path: Path, rate: int, width: int) -> None:
    found = decoded(as_wav(tmp_path / "a.wav", tone(rate), rate, width))
    assert len(found) == SECONDS * 16_000
    assert found.dtype == np.float32
    assert sounds_like_the_tone(found)


@pytest.mark.parametrize(
    ("name", "container", "codec", "rate"),
    [
        ("a.mp3", "mp3", "libmp3lame", 44_100),
        ("a.ogg", "ogg", "libopus", 48_000),
        ("a.m4a", "ipod", "aac", 44_100),
        ("a.webm", "webm", "libopus", 48_000),
        ("a.flac", "flac", "flac", 44_100),
        ("a.mp3", "webm", "libopus", 48_000),
        ("song", "ogg", "libopus", 48_000),
        ("picture.png", "mp3", "libmp3lame", 44_100),
    ],
)
def test_each_format_by_its_content_whatever_its_name(
    tmp_path: Path, name: str, container: str, codec: str, rate: int
) -> None:
    found = decoded(encoded(tmp_path / name, container, codec, rate))
    assert len(found) == pytest.approx(SECONDS * 16_000, abs=1600)
    assert sounds_like_the_tone(found)


def test_long_sound_comes_in_blocks_of_some_seconds(tmp_path: Path) -> None:
    path = as_wav(tmp_path / "a.wav", tone(8_000, 30.0), 8_000)

    async def run() -> list[int]:
        return [len(block) async for block in sound_of(path)]

    *blocks, last = asyncio.run(run())
    assert sum(blocks) + last == 30 * 16_000
    assert all(BLOCK <= count <= 1.1 * BLOCK for count in blocks)


def test_eight_channels_are_mixed(tmp_path: Path) -> None:
    channels = np.zeros((12_000, 8))
    channels[:, 3] = tone(8_000)
    found = decoded(as_wav(tmp_path / "a.wav", channels, 8_000))
    assert len(found) == 24_000
    assert np.abs(found[1000:-1000]).max() == pytest.approx(0.5 / 8, abs=0.01)


def test_clipped_sound_stays_within_full_scale(tmp_path: Path) -> None:
    found = decoded(as_wav(tmp_path / "a.wav", np.sign(tone(44_100)), 44_100))
    assert 0.9 < np.abs(found).max() < 1.3


def test_a_float_wav_with_what_is_no_number(tmp_path: Path) -> None:
    samples = tone(16_000).astype("<f4")
    samples[100] = np.nan
    data = samples.tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        3,
        1,
        16_000,
        64_000,
        4,
        32,
        b"data",
        len(data),
    )
    (tmp_path / "a.wav").write_bytes(head + data)
    found = decoded(tmp_path / "a.wav")
    assert np.isfinite(found).all()
    assert found[100] == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"this is a text, and no sound at all\n" * 50, "can't be read as sound"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "can't be read as sound"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://localhost:9/secret.ts\n", "can't be read as sound"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "can't be read as sound"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "can't be read as sound"),
    ],
)
def test_what_is_no_sound_is_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(data)
    with pytest.raises(UnreadableSound, match=rf"sound\.wav.* {words}"):
        decoded(path)


def test_a_recording_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "a.mp3", "mp3", "libmp3lame", 44_100).read_bytes()
    (tmp_path / "b.mp3").write_bytes(whole[: len(whole) // 2])
    found = decoded(tmp_path / "b.mp3")
    assert 0.3 * SECONDS * 16_000 < len(found) < 0.7 * SECONDS * 16_000


def test_a_wav_without_samples_has_no_sound(tmp_path: Path) -> None:
    assert len(decoded(as_wav(tmp_path / "a.wav", np.zeros(0), 16_000))) == 0


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        decoded(tmp_path / "none.wav")


async def test_the_bytes_of_a_file_are_decoded_block_by_block_and_say_how_long_they_are(tmp_path: Path) -> None:
    path = as_wav(tmp_path / "a.wav", np.sin(np.arange(10 * 8_000) / 9), 8_000)
    found = await sound_in(path.read_bytes())
    assert found.seconds == pytest.approx(10, abs=0.01)
    blocks = [block async for block in found.blocks]
    assert len(blocks) > 1
    assert np.array_equal(np.concatenate(blocks), await asyncio.to_thread(decoded, path))


async def test_bytes_that_are_no_sound_are_refused_before_they_are_read() -> None:
    with pytest.raises(UnreadableSound, match="The attached recording can't be read as sound"):
        await sound_in(b"this is a text, and no sound at all\n" * 50)
    with pytest.raises(UnreadableSound, match="is empty"):
        await sound_in(b"")
