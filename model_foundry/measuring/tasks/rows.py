"""Reads a task's data: JSON Lines, plain or gzipped, one object a line."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from model_foundry.errors import EvaluationFailed

MAX_BYTES = 256 * 2**20
"""Unpacked: no data of a task comes near, and a bomb stops here."""

Row = dict[str, Any]
T = TypeVar("T")


def read_rows(folder: Path, name: str) -> list[Row]:
    """The rows of ``<name>.jsonl`` or ``<name>.jsonl.gz``. Raises EvaluationFailed, which says where to get them."""
    for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if path.is_file():
            return parsed_rows(path)
    raise EvaluationFailed(
        f"{folder / name}.jsonl isn't there: 'build.py models evaluation' fetches it, --data names another folder"
    )


def parsed_rows(path: Path) -> list[Row]:
    """The rows of one file. Raises EvaluationFailed."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise EvaluationFailed(f"{path} holds more than {MAX_BYTES} bytes")
        rows = [json.loads(line) for line in data.splitlines() if line.strip()]
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise EvaluationFailed(f"{path} can't be read: {error}") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise EvaluationFailed(f"{path} isn't a list of objects, one a line")
    return rows


def sample(items: Sequence[T], limit: int | None, seed: int) -> list[T]:
    """``limit`` of ``items``, in their order; which ones ``seed`` decides. All, where there are no more.

    A smaller limit takes a part of what a larger one takes, so that a run can be widened.
    """
    if limit is None or limit >= len(items):
        return list(items)
    order = list(range(len(items)))
    random.Random(seed).shuffle(order)
    return [items[index] for index in sorted(order[:limit])]
