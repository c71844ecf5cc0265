"""Defines a screening rule and how its pattern is written.

Patterns are read on normalised text: small letters, no accents, single blanks. In them a blank
stands for any white space, and ``~`` for a gap of up to six words. Both keep every rule free of
nested repetition, so that no text makes a search slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from orion_py.protocol import GuardCategory
from orion_py.safety.literal_prefilter import possible

Category = GuardCategory
Language = Literal["en", "fr", "any"]

_GAP = r"(?:[^\w\n.!?]{1,3}\w{1,30}){0,6}?[^\w\n.!?]{1,3}"
_TIGHT_GAP = r"\w{0,30}?"


@dataclass(frozen=True, slots=True)
class Rule:
    """``weight`` from 0 to 1: how much one match alone says. ``name`` is stable and can be logged.

    Rules of one name say the same thing in several ways and languages: only the heaviest counts.
    """

    name: str
    category: Category
    language: Language
    weight: float
    pattern: str

    def possible(self, text: str) -> bool:
        """Whether a search could find anything, by looking for plain words: far cheaper than it."""
        return possible(self.name, text)

    def compiled(self) -> re.Pattern[str]:
        return _compiled(self.pattern)

    def compiled_tight(self) -> re.Pattern[str]:
        """For text whose blanks are lost: letters that were spaced out evenly."""
        return _compiled_tight(self.pattern)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("~", _GAP).replace(" ", r"\s"))


@cache
def _compiled_tight(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("~", _TIGHT_GAP).replace(" ?", "").replace(" ", "").replace(r"\b", ""))
