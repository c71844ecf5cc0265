"""Reading models.json, with errors that name the path and the fix."""

from __future__ import annotations

from pydantic import ValidationError

from orion_py.errors import InvalidRegistry
from orion_py.registry.models import InconsistentRegistry, Registry

_FIXES = {
    "missing": "add it",
    "extra_forbidden": "take it out, or correct its name",
    "json_invalid": "correct the JSON there",
    "literal_error": "use one of the values named",
}
_PATH_FIX = "write a path below the page's folder, such as models/<id>/manifest.json"


def parse_registry(text: str | bytes) -> Registry:
    """The registry from JSON text. Raises InvalidRegistry, which names the path, the fault and the
    fix (``path`` and ``fix`` in its detail)."""
    try:
        return Registry.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"] if part != "[key]") or "(top)"
        fault = first["msg"]
        fix = _PATH_FIX if path.endswith(".manifest") else _FIXES.get(first["type"], "see models.schema.json")
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, InconsistentRegistry):
            path, fault, fix = cause.path, cause.fault, cause.fix
        raise InvalidRegistry(f"models.json: {path}: {fault}; {fix}.", path=path, fix=fix) from error
