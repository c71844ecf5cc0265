"""Stop strings over a text that arrives in pieces."""

from __future__ import annotations

from collections.abc import Sequence


class StopMatcher:
    """Ends a text before the first stop string that is complete; how the pieces are cut is no matter.

    "First" is the one whose end comes first (of two with one end, the longer): what a person who
    reads along character by character would stop at. Text that may yet turn out to be the start of
    a stop string is held back, and no more than that.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._longest = max(map(len, self._stops), default=0)
        self._held = ""
        self._stopped = False

    @property
    def stopped(self) -> bool:
        return self._stopped

    def push(self, text: str) -> tuple[str, bool]:
        """What may be shown now, and whether a stop string ended the text (then all else is dropped)."""
        if self._stopped:
            return "", True
        if not self._stops:
            return text, False
        text = self._held + text
        found = [(start + len(stop), start) for stop in self._stops if (start := text.find(stop)) >= 0]
        if found:
            self._stopped, self._held = True, ""
            return text[: min(found)[1]], True
        keep = self._partial(text)
        self._held = text[keep:]
        return text[:keep], False

    def flush(self) -> str:
        """What is still held back, once no more text comes."""
        held, self._held = self._held, ""
        return held

    def _partial(self, text: str) -> int:
        """Where the longest end of ``text`` begins that a stop string starts with."""
        for start in range(max(0, len(text) - self._longest + 1), len(text)):
            if any(stop.startswith(text[start:]) for stop in self._stops):
                return start
        return len(text)
