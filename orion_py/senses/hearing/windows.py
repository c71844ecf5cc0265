"""Cuts long sound into windows at silence, each at most as long as Whisper hears, and drops silence between them.

Speech with short pauses stays together: what was said before helps to understand. Where somebody speaks on without a
pause, the window ends at the frame that sounds least like speech.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orion_py.senses.hearing.decoding import LONGEST_SECONDS
from orion_py.senses.hearing.resampling import RATE, Samples
from orion_py.senses.hearing.spans import SpeechEdges
from orion_py.senses.hearing.voice import FRAME, FRAME_SECONDS

_LONGEST = int(LONGEST_SECONDS / FRAME_SECONDS)
_PAUSE = round(1.6 / FRAME_SECONDS)
"""Frames without speech that end a window."""
_SILENCE = round(0.3 / FRAME_SECONDS)
_BEFORE, _AFTER = round(0.25 / FRAME_SECONDS), round(0.35 / FRAME_SECONDS)
"""Frames around speech that are heard, too: soft beginnings and ends."""
_LOOK_BACK = _BEFORE + 2 * _SILENCE
_EARLIEST_CUT = 0.45
"""Share of a window that is kept at least when it is cut."""
_SMOOTH = 5


@dataclass(frozen=True, slots=True)
class Window:
    """``start``: seconds from the beginning of the sound. ``samples``: at 16 kHz."""

    start: float
    samples: Samples

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


class SpeechWindows:
    """One stream: ``push`` samples and the probabilities of the frames that they complete, then ``finish``."""

    def __init__(self) -> None:
        self._edges = SpeechEdges(_SILENCE)
        self._samples = np.zeros(0, np.float32)
        self._likely: list[float] = []
        """Probabilities of the frames of ``_samples``."""
        self._base = 0
        """The frame with which both begin."""
        self._frame = 0
        """The next frame."""
        self._start: int | None = None
        self._ended: int | None = None
        """Of the open window: its first frame, and the end of the last speech in it, unless somebody speaks."""
        self._free = 0
        """The first frame that no window has had."""

    @property
    def done(self) -> float:
        """Seconds of the stream that no later window needs."""
        return self._base * FRAME_SECONDS

    def push(self, samples: Samples, probabilities: NDArray[np.float32]) -> list[Window]:
        """The windows that are complete."""
        self._samples = np.concatenate([self._samples, samples])
        found: list[Window] = []
        for probability in probabilities:
            self._likely.append(float(probability))
            self._frame += 1
            found += self._step(float(probability))
        self._forget()
        return found

    def finish(self) -> list[Window]:
        """The last one, where somebody spoke to the end."""
        for edge in self._edges.finish():
            self._ended = edge.frame
        return [] if self._start is None else [self._closed(self._start)]

    def _step(self, probability: float) -> list[Window]:
        for edge in self._edges.push(probability):
            if not edge.speech:
                self._ended = edge.frame
                continue
            self._ended = None
            if self._start is None:
                self._start = max(edge.frame - _BEFORE, self._free, self._base)
        start, ended = self._start, self._ended
        if start is None:
            return []
        if ended is not None and self._frame - ended >= _PAUSE:
            return [self._closed(start)]
        if self._frame - start < _LONGEST:
            return []
        if ended is not None and ended > start:
            return [self._closed(start)]
        cut = self._cut(start)
        self._start = self._free = cut
        return [self._window(start, cut)]

    def _closed(self, start: int) -> Window:
        ended = self._frame if self._ended is None else self._ended
        self._start = self._ended = None
        self._free = min(ended + _AFTER, self._frame)
        return self._window(start, self._free)

    def _cut(self, start: int) -> int:
        """The frame before which a window that begins at ``start`` ends: the least like speech, the latest of these."""
        likely = np.array(self._likely[start - self._base :])
        smooth = np.convolve(likely, np.ones(_SMOOTH) / _SMOOTH, mode="same")
        first = int(len(smooth) * _EARLIEST_CUT)
        tail = smooth[first : len(smooth) - _SMOOTH]
        return start + first + len(tail) - 1 - int(np.argmin(np.round(tail[::-1], 2)))

    def _window(self, start: int, end: int) -> Window:
        samples = self._samples[(start - self._base) * FRAME : (end - self._base) * FRAME]
        return Window(start * FRAME / RATE, samples.copy())

    def _forget(self) -> None:
        """Drops what no window needs any more."""
        needed = max(self._base, self._frame - _LOOK_BACK if self._start is None else self._start)
        drop = needed - self._base
        self._samples, self._likely, self._base = self._samples[drop * FRAME :], self._likely[drop:], needed
