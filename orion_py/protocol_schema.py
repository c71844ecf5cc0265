"""Writes the protocol's JSON Schema and TypeScript types from the models in ``protocol.py``.

    python -m orion_py.protocol_schema

makes ``web/protocol.schema.json`` and ``web/bridge/shared/protocol.d.ts``; a test compares both with what
this would write. Requests are described as what may be sent (what has a default may be left out),
events and ends as what arrives (every field is there). ``v`` and ``type`` are always there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter

from orion_py import protocol

WEB = Path(__file__).parents[1] / "web"
SCHEMA_FILE = WEB / "protocol.schema.json"
TYPES_FILE = WEB / "bridge" / "shared" / "protocol.d.ts"

Schema = dict[str, Any]
_WIDTH = 110


def schema() -> Schema:
    """One JSON Schema of all messages; ``$defs`` also has Response, a Result's payload."""
    requests = TypeAdapter(protocol.Request).json_schema(mode="validation")
    answers = TypeAdapter(_answer_types()).json_schema(mode="serialization")
    both = requests["$defs"].keys() & answers["$defs"].keys()
    if both:
        raise ValueError(f"{', '.join(both)}: sent and received, so what may be left out isn't one thing")
    for definition in requests["$defs"].values():
        named = {*definition.get("required", ()), *(k for k, v in definition["properties"].items() if "const" in v)}
        definition["required"] = [key for key in definition["properties"] if key in named]
    for definition in answers["$defs"].values():
        definition["required"] = list(definition["properties"])
    definitions = requests["$defs"] | answers["$defs"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"ORION's protocol, version {protocol.VERSION}",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in _names(protocol.Message)],
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def types_text() -> str:
    """TypeScript: an interface for each definition, and unions for what goes which way."""
    parts = ["// Generated from orion_py/protocol.py by: python -m orion_py.protocol_schema"]
    parts += [_interface(name, definition) for name, definition in schema()["$defs"].items()]
    before_the_end = {*_names(protocol.Request), *_names(protocol.Event)}
    ends = [name for name in _names(protocol.Message) if name not in before_the_end]
    parts += [
        _union("Request", _names(protocol.Request), "What the page may ask."),
        _union("Event", _names(protocol.Event), "What may come before the end."),
        _union("End", ends, "Each request ends in exactly one of these."),
        _union("Message", ["Request", "Event", "End"], "Everything that crosses the bridge."),
    ]
    return "\n\n".join(parts) + "\n"


def _answer_types() -> Any:
    """All that isn't a request, and what a Result can carry."""
    requests = set(_members(protocol.Request))
    answers: Any = protocol.Response
    for member in _members(protocol.Message):
        if member not in requests:
            answers = answers | member
    return answers


def _members(union: Any) -> tuple[Any, ...]:
    arguments = get_args(union)
    # Annotated[A | B, …] has the union as its first argument.
    return get_args(arguments[0]) if get_args(arguments[0]) else arguments


def _names(union: Any) -> list[str]:
    return [member.__name__ for member in _members(union)]


def _interface(name: str, definition: Schema) -> str:
    lines = [*_comment(definition.get("description", ""), ""), f"export interface {name} {{"]
    for key, value in definition["properties"].items():
        optional = "" if key in definition["required"] else "?"
        lines += [*_comment(value.get("description", ""), "  "), f"  {key}{optional}: {_type(value)};"]
    return "\n".join([*lines, "}"])


def _union(name: str, members: list[str], comment: str) -> str:
    line = f"export type {name} = {' | '.join(members)};"
    if len(line) > _WIDTH:
        line = f"export type {name} =" + "".join(f"\n  | {member}" for member in members) + ";"
    return "\n".join([*_comment(comment, ""), line])


def _comment(text: str, indent: str) -> list[str]:
    if not text:
        return []
    lines = text.replace("*/", "* /").replace("``", "`").splitlines()
    if len(lines) == 1:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def _type(part: Schema) -> str:
    """The TypeScript type of the subset of JSON Schema that pydantic writes for the protocol.

    Raises ValueError for anything else, so that a new kind of field can't become a wrong type.
    """
    if "$ref" in part:
        return str(part["$ref"].rsplit("/", 1)[1])
    if "const" in part:
        return json.dumps(part["const"])
    if "enum" in part:
        return " | ".join(json.dumps(value) for value in part["enum"])
    if "anyOf" in part:
        return " | ".join(dict.fromkeys(_type(option) for option in part["anyOf"]))
    match part.get("type"):
        case "string" | "boolean" | "null":
            return str(part["type"])
        case "integer" | "number":
            return "number"
        case "array":
            item = _type(part["items"])
            return f"({item})[]" if " " in item else f"{item}[]"
        case "object" if "properties" not in part:
            values = part.get("additionalProperties", True)
            return f"Record<string, {'unknown' if values is True else _type(values)}>"
    raise ValueError(f"no TypeScript for {part}")


def main() -> None:
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    TYPES_FILE.write_text(types_text(), encoding="utf-8")
    print(f"wrote {SCHEMA_FILE.relative_to(WEB.parent)} and {TYPES_FILE.relative_to(WEB.parent)}")


if __name__ == "__main__":
    main()
