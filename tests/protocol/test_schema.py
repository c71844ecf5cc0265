"""The generated schema and types of the protocol."""

from __future__ import annotations

import json

import pytest

from orion_py import protocol
from orion_py.protocol import schema as protocol_schema
from orion_py.protocol.envelope import ENDS, EVENTS, REQUESTS
from orion_py.protocol.schema import SCHEMA_FILE, TYPES_FILE, schema, schema_text, types_text

COMMAND = "run: python -m orion_py.protocol.schema"


def test_the_schema_file_is_what_the_models_say() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), COMMAND


def test_the_types_file_is_what_the_models_say() -> None:
    assert TYPES_FILE.read_text(encoding="utf-8") == types_text(), COMMAND


def test_every_message_has_a_version_an_id_and_a_type_in_the_schema() -> None:
    definitions = schema()["$defs"]
    messages = [option["$ref"].rsplit("/", 1)[1] for option in schema()["oneOf"]]
    assert len(messages) == len(REQUESTS) + len(EVENTS) + len(ENDS)
    for name in messages:
        assert {"v", "id", "type"} <= set(definitions[name]["required"])


def test_every_definition_is_an_interface_and_every_type_named_is_defined() -> None:
    text = types_text()
    for name in schema()["$defs"]:
        assert f"export interface {name} {{" in text
    assert "export type Message = Request | Event | End;" in text
    assert "export type End = Result | Failed | CancelledEnd;" in text


def test_what_a_caller_may_leave_out_is_optional_and_what_arrives_is_always_there() -> None:
    text = types_text()
    assert "  locale?: string;" in text
    assert "  from_storage: boolean;" in text
    assert "  from: string;" in text


def test_a_message_that_is_sent_has_exactly_the_fields_of_its_definition() -> None:
    event = protocol.FallbackEvent.model_validate(
        {"id": "a", "kind": "backend", "from": "webgpu", "to": "wasm", "reason_code": "x", "reason": "y"}
    )
    sent = json.loads(event.model_dump_json())
    assert set(sent) == set(schema()["$defs"]["FallbackEvent"]["properties"])


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"$ref": "#/$defs/Usage"}, "Usage"),
        ({"const": 1}, "1"),
        ({"enum": ["a", "b"]}, '"a" | "b"'),
        ({"type": "integer"}, "number"),
        ({"type": "array", "items": {"type": "string"}}, "string[]"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, '("a" | "b")[]'),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]}, "number | null"),
        ({"type": "object", "additionalProperties": True}, "Record<string, unknown>"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "Record<string, number>"),
    ],
)
def test_a_schema_becomes_its_typescript(part: dict[str, object], expected: str) -> None:
    assert protocol_schema._type(part) == expected


def test_a_kind_of_field_that_is_new_is_refused_rather_than_guessed() -> None:
    with pytest.raises(ValueError, match="no TypeScript for"):
        protocol_schema._type({"type": "tuple"})


def test_a_comment_cannot_end_itself() -> None:
    assert protocol_schema._comment("a */ b", "") == ["/** a * / b */"]
