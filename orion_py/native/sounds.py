"""Decodes audio files with FFmpeg (PyAV): wav, mp3, ogg, m4a, webm and their kin, as mono sound at 16 kHz.

What a file is decides its content, never its name. Only containers of sound are tried, so that a playlist can't open
other files or addresses.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import UnreadableSound
from orion_py.runtime.attachments import Sound
from orion_py.senses.hearing.resampling import RATE, Resampler, Samples, mixed

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

CONTAINERS = "wav,w64,aiff,au,caf,mp3,ogg,flac,mov,matroska,aac,adts,amr,asf"
"""FFmpeg's names. mov: m4a and mp4; matroska: webm."""
BLOCK = 4 * RATE
"""Samples at 16 kHz of each block but the last, or some more."""
_FORMATS = "wav, mp3, ogg, flac, m4a and webm"


async def sound_of(path: Path) -> AsyncIterator[Samples]:
    """The sound of a file, block by block, so that hours of it take no memory.

    Raises UnreadableSound for what isn't sound or can't be decoded, OSError where the file can't be opened.
    """
    with path.open("rb") as file:
        for block in _blocks(file, path.name):
            yield block


async def sound_in(data: bytes, name: str = "The attached recording") -> Sound:
    """The sound of a file's bytes, as ``runtime.attachments`` has it. Raises UnreadableSound, some of it once the
    blocks are read."""

    async def blocks() -> AsyncIterator[Samples]:
        for block in _blocks(BytesIO(data), name):
            yield block

    return Sound(blocks(), await asyncio.to_thread(_seconds, BytesIO(data), name))


def _seconds(file: BinaryIO, name: str) -> float | None:
    """What the file says of its length."""
    with _opened(file, name) as container:
        return None if container.duration is None else float(container.duration) / 1_000_000  # FFmpeg counts in µs


def _blocks(file: BinaryIO, name: str) -> Iterator[Samples]:
    with _opened(file, name) as container:
        yield from _gathered(_resampled(_frames(container, name)))


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Any]:
    """The container, which holds sound. Raises UnreadableSound, also for FFmpeg's errors in the block."""
    import av

    if not file.read(1):
        raise UnreadableSound(f"{name} is empty.")
    file.seek(0)
    try:
        with av.open(file, options={"format_whitelist": CONTAINERS}) as container:
            if not container.streams.audio:
                raise UnreadableSound(f"{name} holds no sound. {_FORMATS} can be read.")
            yield container
    except av.FFmpegError as error:
        reason = error.strerror or "unknown format"
        raise UnreadableSound(f"{name} can't be read as sound ({reason}). {_FORMATS} can be read.") from error


def _frames(container: Any, name: str) -> Iterator[AudioFrame]:
    """The decoded frames. A damaged packet is left out, as players do; raises UnreadableSound if nothing else is
    there."""
    import av

    decoded = damaged = 0
    for packet in container.demux(container.streams.audio[0]):
        try:
            for frame in packet.decode():
                decoded += 1
                yield frame
        except av.InvalidDataError:
            damaged += 1
    if damaged and not decoded:
        raise UnreadableSound(f"{name} is damaged: none of its sound can be decoded.")


def _resampled(frames: Iterator[AudioFrame]) -> Iterator[Samples]:
    """A file may change its rate on the way, as streams that were joined do."""
    rate, resampler = 0, None
    for frame in frames:
        if resampler is None or frame.sample_rate != rate:
            if resampler is not None:
                yield resampler.finish()
            rate, resampler = frame.sample_rate, Resampler(frame.sample_rate)
        yield resampler.push(mixed(_floats(frame)))
    if resampler is not None:
        yield resampler.finish()


def _gathered(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """The same sound in larger blocks: a decoder gives some 20 ms at a time."""
    waiting: list[Samples] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= BLOCK:
            yield np.concatenate(waiting)
            waiting.clear()
    if waiting:
        yield np.concatenate(waiting)


def _floats(frame: AudioFrame) -> NDArray[np.float32]:
    """F32 [n, channels], from -1 to 1, of whatever the decoder gives."""
    array: NDArray[Any] = frame.to_ndarray()
    table = array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels)
    floats = table.astype(np.float32)
    if table.dtype == np.uint8:
        floats -= 128
        floats /= 128
    elif table.dtype.kind == "i":
        floats /= 2.0 ** (8 * table.dtype.itemsize - 1)
    return floats
