"""Leaves out of a streamed answer what a reasoning model thinks aloud before it."""

from __future__ import annotations

import re

from orion_py.generation.thoughts import OPENER

_MAY_OPEN = re.compile(r"\s*(?:<[a-z]{0,9})?", re.IGNORECASE)
"""The beginning of what may become an ``OPENER``."""
_LONGEST_END = len("</reasoning>")


class ThoughtlessStream:
    """Takes an answer in pieces and gives what can be shown by now: a thought at its beginning is left out."""

    def __init__(self) -> None:
        self._held = ""
        self._shows = self._thought = False

    def piece(self, text: str) -> str:
        """What of the answer so far is new and no thought."""
        if self._shows:
            return text
        self._held += text
        opener = OPENER.match(self._held)
        if opener is None:
            if _MAY_OPEN.fullmatch(self._held):
                return ""
            return self.rest()
        end = re.compile(rf"</{opener[1]}>", re.IGNORECASE).search(self._held, self._searched(text, opener.end()))
        if end is None:
            return ""
        following, self._held, self._thought = self._held[end.end() :], "", True
        return self.piece(following)

    def rest(self) -> str:
        """What is held back still, at the answer's end; a thought that never ended stays out."""
        held, self._held, self._shows = self._held, "", True
        return "" if OPENER.match(held) else held.lstrip() if self._thought else held

    def _searched(self, text: str, least: int) -> int:
        """Where an end can begin that wasn't there before ``text``."""
        return max(least, len(self._held) - len(text) - _LONGEST_END)
