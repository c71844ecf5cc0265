"""Reads models.json, with errors that name the path and the fix.

``parse_registry`` is the check of a build: nothing may be unknown. ``read_registry`` is an engine's: its list comes
from the network, and may be newer than the engine, which a returning visitor has from the cache.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from orion_py.errors import InvalidRegistry, NewerRegistry
from orion_py.faults import first_fault
from orion_py.lenient import Place, Skipped, read_leniently
from orion_py.registry.models import VERSION, InconsistentRegistry, Registry

_FIXES = {
    "missing": "add it",
    "extra_forbidden": "take it out, or correct its name",
    "json_invalid": "correct the JSON there",
    "literal_error": "use one of the values named",
}
_PATH_FIX = "write a path below the page's folder, such as models/<id>/manifest.json"
_ENTRIES = ("models", "agents", "absent", "senses", "general", "groups", "recommendations")


def parse_registry(text: str | bytes) -> Registry:
    """The registry from JSON text. Raises InvalidRegistry, which names the path, the fault and the
    fix (``path`` and ``fix`` in its detail); NewerRegistry where ``version`` is one that this code doesn't know."""
    try:
        registry = Registry.model_validate_json(text)
    except ValidationError as error:
        raise _invalid(error) from error
    if registry.version > VERSION:
        raise _newer(registry.version)
    return registry


def read_registry(text: str | bytes, note: Callable[[str], None] = lambda what: None) -> Registry:
    """As ``parse_registry``, of a list that may be newer: unknown fields are ignored, entries with a value that
    isn't known are skipped, and what refers to them goes with them; ``note`` is called with each.

    Raises InvalidRegistry, or NewerRegistry where the change is one that can't be skipped.
    """
    _refuse_newer(text)
    try:
        registry = read_leniently(Registry, text, _entry_of, note, lambda data, skipped: _tidy(data, skipped, note))
    except ValidationError as error:
        raise _invalid(error) from error
    known = {entry.id for entry in registry.models} | {entry.id for entry in registry.senses}
    data = json.loads(text)
    registry.note_skipped({str(entry.get("id")) for entry in (*data["models"], *data.get("senses", ()))} - known)
    return registry


def _refuse_newer(text: str | bytes) -> None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return  # what is wrong with it, the reader says
    version = data.get("version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise _newer(version)


def _newer(version: int) -> NewerRegistry:
    return NewerRegistry(
        f"models.json: version: is {version}, this engine reads {VERSION}; update Orion.",
        path="version",
        fix="update the engine",
    )


def _invalid(error: ValidationError) -> InvalidRegistry:
    path, fault = first_fault(error)
    path, first = path or "(top)", error.errors()[0]
    fix = _PATH_FIX if path.endswith(".manifest") else _FIXES.get(first["type"], "see models.schema.json")
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InconsistentRegistry):
        path, fault, fix = cause.path, cause.fault, cause.fix
    return InvalidRegistry(f"models.json: {path}: {fault}; {fix}.", path=path, fix=fix)


def _entry_of(place: Place) -> Place | None:
    return place[:2] if len(place) > 1 and place[0] in _ENTRIES else None


def _tidy(data: dict[str, Any], skipped: Skipped, note: Callable[[str], None]) -> None:
    """Takes out what names a skipped entry; an agent that has no model left goes too."""
    models = {entry.get("id") for kind in ("models", "absent") for entry in skipped.get(kind, ())}
    agents = {entry.get("id") for entry in skipped.get("agents", ())}
    for agent in list(data.get("agents", ())):
        if models.isdisjoint(agent.get("models", ())):
            continue
        agent["models"] = [model for model in agent["models"] if model not in models]
        if not agent["models"]:
            data["agents"].remove(agent)
            agents.add(agent.get("id"))
            note(f"agents: {agent.get('id')!r} skipped, since none of its models is known")
    groups, recommended = data.get("groups", {}), data.get("recommendations", {})
    for name, members in groups.items():
        groups[name] = [member for member in members if member not in agents]
    for device in [device for device, model in recommended.items() if model in models]:
        del recommended[device]
