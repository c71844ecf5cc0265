"""Names what a classifier or a detector tells apart, in English and in French."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from orion_py.errors import InvalidModel

Language = Literal["en", "fr"]
MAX_KINDS = 100_000


@dataclass(frozen=True, slots=True)
class Name:
    """What a kind is called. ``english`` and ``french``: the singular, and the plural where the kind can be counted."""

    english: tuple[str, ...]
    french: tuple[str, ...]

    def one(self, language: Language) -> str:
        return (self.french if language == "fr" else self.english)[0]

    def counted(self, count: int, language: Language) -> str:
        """ "2 people": French has the singular up to 1, English for 1 alone."""
        names = self.french if language == "fr" else self.english
        single = count < 2 if language == "fr" else count == 1
        return f"{count} {names[0] if single else names[-1]}"


def parse_labels(data: bytes, model: str) -> tuple[Name, ...]:
    """The names of ``labels.json``, in the order of the model's outputs. Raises InvalidModel."""
    try:
        rows = json.loads(data)
        if not isinstance(rows, list) or not 0 < len(rows) <= MAX_KINDS:
            raise ValueError("it isn't a list of names")
        return tuple(Name(_names(row["en"]), _names(row["fr"])) for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidModel(f"The labels of {model} can't be read: {error}", model=model) from error


def _names(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list) or len(found) not in (1, 2):
        raise ValueError("a kind has a singular, and perhaps a plural")
    if not all(isinstance(name, str) and 0 < len(name) <= 100 for name in found):
        raise ValueError("a name has 1 to 100 characters")
    return tuple(found)
