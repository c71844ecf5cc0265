"""Offers general models that were brought from the hub, to agents for all but code.

Such a model isn't in models.json: ``build.py models HUB_ID`` writes its entry beside its manifest (``OFFER``), with
what was measured where it was built. A list of the models of one site gets these entries before it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from orion_py.errors import InvalidRegistry
from orion_py.faults import first_fault
from orion_py.registry.models import ModelEntry

OFFER = "offer.json"
"""Beside a manifest: the model's entry, as in models.json."""
GENERAL = "general"
"""The capability by which agents know such a model."""


def read_offer(text: str | bytes) -> ModelEntry:
    """The entry that was written for a model. Raises InvalidRegistry, which says what is wrong with it."""
    try:
        return ModelEntry.model_validate_json(text)
    except ValidationError as error:
        path, fault = first_fault(error)
        raise InvalidRegistry(
            f"{OFFER}: {path or '(top)'}: {fault}; build the model again.", path=path, fix="build the model again"
        ) from error


def with_general(registry: str, offers: Iterable[ModelEntry]) -> str:
    """``registry``, a models.json's text, with ``offers`` among its models; agents that talk and aren't for code
    prefer them to their own models, the largest first.

    What is listed already stays as it is. A text that isn't a registry comes back unchanged, for the registry's own
    parser to refuse.
    """
    try:
        parsed: dict[str, Any] = json.loads(registry)
        listed = {entry["id"] for part in ("models", "absent", "senses") for entry in parsed.get(part, [])}
        new = [entry for entry in offers if entry.id not in listed]
        if not new:
            return registry
        new.sort(key=lambda entry: entry.download_bytes, reverse=True)
        own = {entry["id"] for entry in parsed["models"]}
        for agent in parsed["agents"]:
            able = agent.get("capabilities", [])
            if "chat" in able and "code" not in able and own.intersection(agent["models"]):
                agent["models"] = [*(entry.id for entry in new), *agent["models"]]
        parsed["models"] += [entry.model_dump(mode="json", exclude_none=True) for entry in new]
    except (ValueError, TypeError, KeyError, AttributeError):
        return registry
    return json.dumps(parsed, indent=2, ensure_ascii=False)
