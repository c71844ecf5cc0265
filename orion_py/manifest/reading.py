"""Parses a manifest from JSON text, strictly or as one that a newer foundry may have written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from orion_py.errors import InvalidManifest
from orion_py.faults import first_fault
from orion_py.lenient import Place, Skipped, read_leniently
from orion_py.manifest.manifest import Manifest


def read_manifest(text: str | bytes, note: Callable[[str], None] = lambda what: None) -> Manifest:
    """As ``parse_manifest``, of one that a newer foundry may have written: unknown fields are ignored, and a
    variant with a value that isn't known, or of a shard with an unknown role, is skipped; ``note`` is called with each.

    Raises InvalidManifest; a newer ``format`` is one too.
    """
    try:
        return read_leniently(Manifest, text, _entry_of, note, _without_variants_of)
    except ValidationError as error:
        raise _invalid(error) from error


def _entry_of(place: Place) -> Place | None:
    """A shard is skipped for its role alone: with tensors of an unknown form it may be one that others need."""
    if place[0] == "variants" and len(place) > 2:
        return place[:2]
    return place[:2] if place[0] == "shards" and place[2:] == ("role",) else None


def _without_variants_of(data: dict[str, Any], skipped: Skipped) -> None:
    gone = {shard["sha256"] for shard in skipped.get("shards", ()) if "sha256" in shard}
    if gone and isinstance(data.get("variants"), list):
        data["variants"] = [v for v in data["variants"] if not any(sha256 in json.dumps(v) for sha256 in gone)]


def parse_manifest(text: str | bytes) -> Manifest:
    """A manifest from JSON text. Raises InvalidManifest, which names the path and the fault."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidManifest:
    path, fault = first_fault(error)
    return InvalidManifest(f"manifest: {path or '(top)'}: {fault}", path=path or "(top)")
