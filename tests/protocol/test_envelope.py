"""What every message has, and how a text becomes a request."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from orion_py import protocol
from orion_py.errors import ProtocolError
from orion_py.protocol.envelope import ENDS, EVENTS, REQUESTS, End, Event, Request, id_of, parse_request, read_message

ROOT = Path(__file__).parents[2]


def test_a_text_becomes_the_request_that_its_type_names() -> None:
    request = parse_request(read_message('{"v": 1, "id": "a", "type": "infer", "query": "hello"}'))
    assert isinstance(request, protocol.Infer)
    assert (request.id, request.query) == ("a", "hello")


@pytest.mark.parametrize("text", ["not json", "[]", '"x"', "[" * 100_000, '{"id": "\\ud800"}', '{"id": "\ud800"}'])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        read_message(text)


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"v": 1, "id": "a"}, "type"),
        ({"v": 1, "id": "a", "type": "dance"}, "type"),
        ({"v": 1, "id": "a", "type": "infer"}, "infer.query"),
        ({"v": 2, "id": "a", "type": "status"}, "status.v"),
        ({"v": 1, "id": "a", "type": "status", "more": 1}, "status.more"),
    ],
)
def test_the_field_at_fault_is_named_and_the_sender_still_known(message: dict[str, Any], path: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_request(message)
    assert caught.value.detail["path"] == path
    assert id_of(message) == "a"


def test_a_message_without_a_usable_id_concerns_the_engine() -> None:
    for found in ({}, {"id": 3}, {"id": ""}, {"id": "x" * 81}):
        assert id_of(found) == protocol.ENGINE_ID


def test_no_two_messages_have_the_same_type() -> None:
    tables = (REQUESTS, EVENTS, ENDS)
    classes = [kind for base in (Request, Event, End) for kind in base.__subclasses__()]
    assert len({tag for table in tables for tag in table}) == sum(len(table) for table in tables) == len(classes)


@pytest.mark.parametrize("request_class", REQUESTS.values())
def test_every_request_names_the_type_of_its_reply(request_class: Any) -> None:
    assert request_class.reply.__module__ == "orion_py.protocol.replies"
    assert request_class.reply.__doc__


@pytest.mark.parametrize("event_class", EVENTS.values(), ids=lambda event_class: event_class.__name__)
def test_every_event_has_a_sender(event_class: Any) -> None:
    folders = (ROOT / "orion_py", ROOT / "web" / "workers")
    sources = [path for folder in folders for path in folder.rglob("*.*") if path.suffix in (".py", ".js")]
    tag = event_class.model_fields["type"].default
    sent = re.compile(rf"\b{event_class.__name__}(?:\.step)?\(|type: \"{tag}\"")
    assert any(sent.search(path.read_text("utf-8")) for path in sources if path.parent.name != "protocol")
