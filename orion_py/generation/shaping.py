"""The seam through which an agent has a say in its answer's text while that streams."""

from __future__ import annotations

from typing import Protocol


class Shaper(Protocol):
    """Text in, in pieces of any size; text out, at once or later. One serves one answer."""

    @property
    def done(self) -> bool:
        """Whether the answer is whole: nothing more is decoded then."""

    def push(self, text: str) -> str:
        """What may be shown now."""

    def finish(self) -> str:
        """What is still held back or missing, once no more text comes."""
