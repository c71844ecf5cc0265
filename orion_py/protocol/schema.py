"""Writes the protocol's JSON Schema and TypeScript types from the classes of this package.

    python -m orion_py.protocol.schema

makes ``web/protocol.schema.json`` and ``web/bridge/shared/protocol.d.ts``; a test compares both with what
this would write. Requests are described as what may be sent (what has a default may be left out),
events and ends as what arrives (every field is there). ``v`` and ``type`` are always there.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

# The classes are in ``envelope``'s tables once their modules are imported.
from orion_py.protocol import events, replies, requests, rows  # noqa: F401
from orion_py.protocol.envelope import ENDS, EVENTS, REQUESTS, VERSION, Envelope, Event

WEB = Path(__file__).parents[2] / "web"
SCHEMA_FILE = WEB / "protocol.schema.json"
TYPES_FILE = WEB / "bridge" / "shared" / "protocol.d.ts"

Schema = dict[str, Any]
_WIDTH = 110


def messages() -> Any:
    """The union of all messages, discriminated by their ``type``."""
    return _union_of(*REQUESTS.values(), *map(event_model, EVENTS.values()), *ENDS.values())


def _union_of(*classes: type[Envelope]) -> Any:
    return Annotated[Union[classes], Field(discriminator="type")]  # noqa: UP007 - of a tuple that is made here


def reply_model(reply: Any) -> Any:
    """What pydantic can describe and check of a request's ``reply``: of a TypedDict a strict model."""
    return _model_of(reply) if is_typeddict(reply) else reply


@cache
def event_model(event: type[Event]) -> type[Envelope]:
    """What describes and checks an event with all that it ``carries``."""
    if not event.carries:
        return event
    fields: dict[str, Any] = {name: (info.annotation, info) for name, info in event.model_fields.items()}
    fields |= {name: (_model_of(row), ...) for name, row in event.carries.items()}
    return create_model(event.__name__, __base__=Envelope, __doc__=event.__doc__, **fields)


@cache
def _model_of(row: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, hint in get_type_hints(row, include_extras=True).items():
        optional = name in _optional(row)
        kind = _described(get_args(hint)[0] if get_origin(hint) is NotRequired else hint)
        python_name = f"{name}_" if name == "from" else name
        fields[python_name] = (kind, Field(default=None, alias=name) if optional else Field(alias=name))
    return create_model(row.__name__, __config__=ConfigDict(extra="forbid", strict=True), __doc__=row.__doc__, **fields)


def _described(hint: Any) -> Any:
    """``hint`` with a model in place of each TypedDict inside it."""
    if is_typeddict(hint):
        return _model_of(hint)
    parts = tuple(_described(part) for part in get_args(hint))
    origin = get_origin(hint)
    if origin is UnionType:
        return Union[parts]  # noqa: UP007 - of a tuple that is made here
    return origin[parts] if origin in (list, dict, tuple) else hint


def schema() -> Schema:
    """One JSON Schema of all messages and, in ``$defs``, of what results carry."""
    asked = TypeAdapter(_union_of(*REQUESTS.values())).json_schema(mode="validation")
    answers = TypeAdapter(_answer_types()).json_schema(mode="serialization")
    both = asked["$defs"].keys() & answers["$defs"].keys()
    if both:
        raise ValueError(f"{', '.join(both)}: sent and received, so what may be left out isn't one thing")
    for definition in asked["$defs"].values():
        named = {*definition.get("required", ()), *(k for k, v in definition["properties"].items() if "const" in v)}
        definition["required"] = [key for key in definition["properties"] if key in named]
    for name, definition in answers["$defs"].items():
        definition["required"] = [key for key in definition["properties"] if key not in _left_out(name)]
    definitions = asked["$defs"] | answers["$defs"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"ORION's protocol, version {VERSION}",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in _names(REQUESTS, EVENTS, ENDS)],
        "$defs": dict(sorted(definitions.items())),
    }


def _left_out(name: str) -> frozenset[str]:
    """The keys that a TypedDict of that name needn't have."""
    row = getattr(replies, name, getattr(rows, name, None))
    return _optional(row) if is_typeddict(row) else frozenset()


def _optional(row: Any) -> frozenset[str]:
    hints = get_type_hints(row, include_extras=True)
    return frozenset(row.__optional_keys__) | {key for key, hint in hints.items() if get_origin(hint) is NotRequired}


def schema_text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def types_text() -> str:
    """TypeScript: an interface for each definition, unions for what goes which way, and each request's reply."""
    parts = ["// Generated from orion_py/protocol/ by: python -m orion_py.protocol.schema"]
    parts += [_interface(name, definition) for name, definition in schema()["$defs"].items()]
    parts += [
        _union("Request", _names(REQUESTS), "What the page may ask."),
        _union("Event", _names(EVENTS), "What may come before the end."),
        _union("End", _names(ENDS), "Each request ends in exactly one of these."),
        _union("Message", ["Request", "Event", "End"], "Everything that crosses the bridge."),
        "\n".join(
            [
                "/** What the result of each type of request carries. */",
                "export interface Replies {",
                *(f"  {json.dumps(tag)}: {kind.reply.__name__};" for tag, kind in REQUESTS.items()),
                "}",
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _answer_types() -> Any:
    """All that isn't a request, and what a Result can carry."""
    carried = tuple(dict.fromkeys(reply_model(kind.reply) for kind in REQUESTS.values()))
    return Union[(*map(event_model, EVENTS.values()), *ENDS.values(), *carried)]


def _names(*tables: dict[str, Any]) -> list[str]:
    return [kind.__name__ for table in tables for kind in table.values()]


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
