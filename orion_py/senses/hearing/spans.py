"""Tells where speech begins and ends, by hysteresis over the probabilities of its frames.

Speech begins where a frame is likelier than ``BEGINS``, and ends where all frames of a while are less likely than
``ENDS``; what is shorter than a syllable isn't speech.
"""

from __future__ import annotations

from dataclasses import dataclass

BEGINS, ENDS = 0.5, 0.35
LEAST_SPEECH = 4
"""Frames, 0.13 s."""


@dataclass(frozen=True, slots=True)
class Edge:
    """``speech``: whether it begins or ends at ``frame``: the first one of it, or the first one after it."""

    speech: bool
    frame: int


class SpeechEdges:
    """``silence``: how many frames without speech end it. ``push`` the frames of one stream in order."""

    def __init__(self, silence: int) -> None:
        self._silence = silence
        self._frame = 0
        self._begun: int | None = None
        self._voiced = 0
        self._after: int | None = None
        """The first frame of the silence that may be its end."""
        self.speaking = False

    @property
    def begun(self) -> bool:
        """Whether somebody speaks, or seems to begin."""
        return self._begun is not None

    def push(self, probability: float) -> list[Edge]:
        """The edges that are certain with this frame."""
        at, self._frame = self._frame, self._frame + 1
        if self._begun is None:
            if probability >= BEGINS:
                self._begun, self._voiced, self._after = at, 1, None
            return self._confirmed()
        if probability >= ENDS:
            self._voiced += 1
            self._after = None
            return self._confirmed()
        if self._after is None:
            self._after = at
        return self._over(self._after) if at + 1 - self._after >= self._silence else []

    def finish(self) -> list[Edge]:
        """The stream has ended."""
        if self._begun is None:
            return []
        return self._over(self._frame if self._after is None else self._after)

    def _confirmed(self) -> list[Edge]:
        if self.speaking or self._begun is None or self._voiced < LEAST_SPEECH:
            return []
        self.speaking = True
        return [Edge(True, self._begun)]

    def _over(self, frame: int) -> list[Edge]:
        was, self.speaking, self._begun, self._voiced, self._after = self.speaking, False, None, 0, None
        return [Edge(False, frame)] if was else []
