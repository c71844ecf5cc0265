"""Marks models in a list as coming while the server that sends it has them made.

The server says so for as long as they are being made. The files of dist/ never do, whatever becomes of the making, so
that a page on a host without such a server asks for nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

REGISTRY = "models.json"


def ids_of(names: Collection[str], registry: Path) -> frozenset[str]:
    """The models of these tiers in the list at ``registry``, and those in whose place senses of these names come; none
    where it can't be read."""
    try:
        listed = json.loads(registry.read_text("utf-8"))
        models = {entry["id"] for entry in listed["models"] if entry.get("tier") in names}
        senses = {entry["id"] for entry in listed.get("senses", ()) if entry["sense"] in names}
        return frozenset(models | {entry["id"] for entry in listed["absent"] if senses & {*entry.get("senses", ())}})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return frozenset()


def marked(listed: bytes, ids: Collection[str]) -> bytes:
    """models.json with those of its absent models that are among ``ids`` as coming. What isn't such a list stays as
    it is."""
    try:
        registry = json.loads(listed)
        here = {entry["id"] for entry in registry.get("senses", ())}
        absent = [
            entry
            for entry in registry.get("absent", ())
            if entry["id"] in ids and not (entry.get("senses") and here.issuperset(entry["senses"]))
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return listed
    if not absent:
        return listed
    for entry in absent:
        title = entry.get("title", entry["id"])
        entry["coming"] = True
        entry["reason"] = {
            "en": f"{title} is being prepared on this site.",
            "fr": f"{title} est en préparation sur ce site.",
        }
    return json.dumps(registry, indent=2, ensure_ascii=False).encode()
