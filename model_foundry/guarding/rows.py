"""Reads messages that are harmless or hostile, by whoever wrote them.

One JSON object a line: {"text", "language", "label": "harmless" | "hostile" | "distress", "kind", "via"}. Each file of
``data/training`` and ``data/test`` is by another hand; no training reads ``data/test``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model_foundry.errors import MalformedRows
from model_foundry.measuring.tasks.rows import parsed_rows

DATA = Path(__file__).with_name("data")
KIND_OF = {"direct-injection": "injection", "indirect-injection": "injection", "harm-request": "harm"}
"""Which classifier a kind of hostile message is for."""


@dataclass(frozen=True, slots=True)
class Message:
    """``wanted``: the kind that is to be noticed, "" for a harmless message."""

    text: str
    language: str
    hand: str
    kind: str
    wanted: str


def messages(part: str, folder: Path = DATA) -> list[Message]:
    """Those of ``data/training`` or ``data/test``. Raises MalformedRows, which names file and row."""
    files = sorted((folder / part).glob("*.jsonl"))
    if not files:
        raise MalformedRows(f"{folder / part} has no messages (*.jsonl)")
    return [message for path in files for message in _read(path)]


def _read(path: Path) -> list[Message]:
    found = []
    for number, row in enumerate(parsed_rows(path), 1):
        text, label, kind, language = (row.get(name) for name in ("text", "label", "kind", "language"))
        if not isinstance(text, str) or not text.strip() or not isinstance(kind, str) or not isinstance(language, str):
            raise MalformedRows(f"{path.name}:{number}: text, kind and language must be texts")
        if label not in ("harmless", "hostile", "distress") or (label == "hostile" and kind not in KIND_OF):
            raise MalformedRows(f"{path.name}:{number}: label {label!r} or kind {kind!r} is unknown")
        wanted = {"harmless": "", "distress": "distress"}.get(label) if label != "hostile" else KIND_OF[kind]
        found.append(Message(text, language, path.stem, kind, wanted or ""))
    return found
