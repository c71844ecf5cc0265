"""Reads lists that a newer version wrote: unknown parts are left out and reported, the rest counts.

An unknown field is ignored. An entry with a value that isn't known, such as a tier or a backend of tomorrow, is
skipped where the caller says that entries may be. Everything else is as wrong as it is for a strict reader; a
change that an older reader must not guess at raises the document's version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
Place = tuple[int | str, ...]
Skipped = dict[str, list[Any]]
"""The entries left out, by the field that held them."""
_UNKNOWN_VALUES = ("literal_error", "enum", "union_tag_invalid")
_MOST_ROUNDS = 20


def read_leniently(
    kind: type[M],
    text: str | bytes,
    entry_of: Callable[[Place], Place | None],
    note: Callable[[str], None],
    after: Callable[[Any, Skipped], None] = lambda data, skipped: None,
) -> M:
    """``kind`` from JSON text. ``entry_of`` names the entry to skip for an unknown value at a place, or None.
    ``note`` is called with each thing left out. ``after`` takes out of the data what refers to what was skipped.

    Raises ValidationError, the strict reader's own, for all that isn't merely newer.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        strict = faults = error
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise strict from None
    notes: list[str] = []
    for _ in range(_MOST_ROUNDS):
        skipped = _take_out(data, faults, entry_of, notes)
        if skipped is None:
            raise strict
        after(data, skipped)
        try:
            read = kind.model_validate_json(json.dumps(data))
        except ValidationError as following:
            faults = following
            continue
        for text_of in dict.fromkeys(notes):
            note(text_of)
        return read
    raise strict


def _take_out(
    data: Any, error: ValidationError, entry_of: Callable[[Place], Place | None], notes: list[str]
) -> Skipped | None:
    """Removes from ``data`` what the errors are about; None where one of them isn't about something newer."""
    going: dict[Place, str] = {}
    faults = error.errors()
    places = [tuple(fault["loc"]) for fault in faults]
    for fault in faults:
        if fault["type"] == "too_short" and any(fault["loc"] == p[: len(fault["loc"])] != p for p in places):
            continue  # because an item in it is wrong: that has a fault of its own
        place = tuple(part for part in fault["loc"] if part != "[key]")
        if fault["type"] == "extra_forbidden":
            going[place] = f"{_path(place)}: unknown field, ignored"
            continue
        entry = entry_of(place) if fault["type"] in _UNKNOWN_VALUES else None
        if entry is None:
            return None
        going[entry] = f"{_path(entry)}: skipped, since {_path(place)} is {_shown(fault.get('input'))}"
    skipped: Skipped = {}
    # From the end, so that the places of what comes first stay what they are.
    for place in sorted(going, key=lambda place: [(isinstance(part, str), part) for part in place], reverse=True):
        holder = _at(data, place[:-1])
        if holder is None or (isinstance(holder, dict) and place[-1] not in holder):
            continue  # went with what held it
        removed = holder.pop(place[-1])
        if "skipped" in going[place]:
            skipped.setdefault(str(place[0]), []).append(removed)
    notes.extend(going.values())
    return skipped


def _at(data: Any, place: Sequence[int | str]) -> Any:
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _path(place: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in place)


def _shown(value: Any) -> str:
    return repr(value)[:60]
