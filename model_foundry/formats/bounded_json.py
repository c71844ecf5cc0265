"""Parses JSON from outside, only after its size, depth and number of parts are known.

A parser builds what it reads: sixteen megabytes of ``[[],[],…`` become half a gigabyte of lists.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from model_foundry.errors import FoundryError

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]},]', re.DOTALL)
"""Whole strings, so that brackets inside don't count. One that doesn't end reaches to the end of
the text: looking for its end from every quote in it would take a time that grows with the square."""


@dataclass(frozen=True)
class JsonLimits:
    """The largest that is parsed: bytes, nesting, and the brackets that open and commas together."""

    size: int
    depth: int
    parts: int


def read_json(path: Path, limits: JsonLimits, error: type[FoundryError]) -> dict[str, Any]:
    """The object in the file ``path``. Raises ``error`` where it can't be read, or as ``parse_json`` does."""
    try:
        with path.open("rb") as stream:
            data = stream.read(limits.size + 1)
    except FileNotFoundError as fault:
        raise error(f"there is no {path.name} in {path.parent}") from fault
    except OSError as fault:
        raise error(f"{path} can't be read: {fault.strerror or fault}") from fault
    return parse_json(data, path.name, limits, error)


def parse_json(data: bytes, what: str, limits: JsonLimits, error: type[FoundryError]) -> dict[str, Any]:
    """The object that ``data`` is, with no key twice and finite numbers.

    Raises ``error`` with a message that begins with ``what``.
    """
    if len(data) > limits.size:
        raise error(f"{what} is larger than {limits.size} bytes")
    _check_nesting(data, what, limits, error)
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_refuse)
        if rb"\u" in data:
            # A lone surrogate can be parsed but not written again.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as fault:
        raise error(f"{what} isn't JSON: {_short(str(fault))}") from fault
    if not isinstance(value, dict):
        raise error(f"{what} isn't a JSON object")
    return value


def _check_nesting(data: bytes, what: str, limits: JsonLimits, error: type[FoundryError]) -> None:
    depth = parts = 0
    for token in _TOKENS.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > limits.depth:
                raise error(f"{what} is nested too deeply to be what it should be")
        elif first in b"]}":
            depth -= 1
        if first in b"[{,":
            parts += 1
            if parts > limits.parts:
                raise error(f"{what} has too many parts to be what it should be")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        seen = set[str]()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"{twice!r} occurs twice")
    return values


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} isn't a number that JSON knows")


def _short(text: str) -> str:
    """What can be printed of a message that may quote a hostile file."""
    printable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return printable if len(printable) <= 200 else f"{printable[:200]}…"
