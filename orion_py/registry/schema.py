"""Writes models.schema.json from the classes in ``models.py``.

    python -m orion_py.registry.schema

A test compares the file with what this would write.
"""

from __future__ import annotations

import json
from pathlib import Path

from orion_py.registry.models import Registry

FILE = Path(__file__).parents[2] / "models.schema.json"


def schema_text() -> str:
    schema = Registry.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ORION's models.json"}
    return json.dumps(head | {k: v for k, v in schema.items() if k != "title"}, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    FILE.write_text(schema_text(), encoding="utf-8")
    print(f"wrote {FILE.name}")


if __name__ == "__main__":
    main()
