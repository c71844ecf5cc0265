"""Defines a text stage: a step that an answer's text goes through on its way to the reader."""

from __future__ import annotations

from typing import Protocol


class TextStage(Protocol):
    """Takes text in pieces of any size and gives text, at once or later. One serves one answer."""

    @property
    def done(self) -> bool:
        """Whether the answer is whole. The stage takes nothing more then, and no more tokens are decoded."""

    def push(self, text: str) -> str:
        """What may go on now. ``text`` isn't empty."""

    def finish(self) -> str:
        """Returns the text that is still held back, once no more text comes."""
