"""Ends an answer at a stop string, in a text that arrives in pieces."""

from __future__ import annotations

from collections.abc import Sequence


class StopMatcher:
    """Ends a text before the first stop string that is complete; how the pieces are cut is no matter.

    "First" is the one whose end comes first (of two with one end, the longer): what a person who
    reads along character by character would stop at. Text that may yet turn out to be the start of
    a stop string is held back, and no more than that.
    """

    def __init__(self, stops: Sequence[str], spared: int = 0) -> None:
        """``spared``: so many characters at the text's beginning aren't searched, since no model said them."""
        self._stops = tuple(stop for stop in stops if stop)
        self._longest = max(map(len, self._stops), default=0)
        self._first = frozenset(stop[0] for stop in self._stops)
        self._spared = spared
        self._held = ""
        self.done = False
        """Whether a stop string ended the text; then all else is dropped."""

    def push(self, text: str) -> str:
        """What may go on now."""
        if self.done:
            return ""
        if not self._stops:
            return text
        if self._spared:
            spared = text[: self._spared]
            self._spared -= len(spared)
            return spared + self._searched(text[len(spared) :])
        return self._searched(text)

    def finish(self) -> str:
        """Returns the text that is still held back, once no more text comes."""
        held, self._held = self._held, ""
        return held

    def _searched(self, text: str) -> str:
        text = self._held + text
        found = [(start + len(stop), start) for stop in self._stops if (start := text.find(stop)) >= 0]
        if found:
            self.done, self._held = True, ""
            return text[: min(found)[1]]
        keep = self._partial(text)
        self._held = text[keep:]
        return text[:keep]

    def _partial(self, text: str) -> int:
        """Where the longest end of ``text`` begins that a stop string starts with."""
        for start in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[start] in self._first and self._begins(text[start:]):
                return start
        return len(text)

    def _begins(self, end: str) -> bool:
        return any(stop.startswith(end) for stop in self._stops)
