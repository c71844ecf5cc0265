"""Reading models.json, with errors that name the path and the fix."""

from __future__ import annotations

from pydantic import ValidationError

from orion_py.errors import InvalidRegistry
from orion_py.registry.models import Registry


def parse_registry(text: str | bytes) -> Registry:
    """The registry from JSON text. Raises InvalidRegistry, which names the path and the fault."""
    try:
        return Registry.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"]) or "(top)"
        raise InvalidRegistry(f"models.json: {path}: {first['msg']}", path=path) from error
