"""The engine's worker holds a question's files until the last question that names them has ended. Under Node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge_in_node import Node, Refused, bridge

SCRIPT = """
import { AttachmentStore } from "./bridge/worker/engine/attachments.js";
const store = new AttachmentStore();
const calls = {
  take: (request, ...ids) => store.take({ request, attach: ids.map((id) => ({ id, blob: new Blob([id]) })) }),
  hold: (request, ...attach) => store.take({ request, attach }),
  release: (request) => store.release(request),
  has: (...ids) => ids.map((id) => store.has(id)),
  picture: (id) => store.picture(id).catch((error) => { throw new Error(error.code); }),
  sound: (id) => store.sound(id).catch((error) => { throw new Error(error.code); }),
};
const answer = ([name, ...all]) => calls[name](...all);
"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with bridge(tmp_path, SCRIPT) as running:
        yield running


def test_a_file_stays_as_long_as_a_question_names_it(node: Node) -> None:
    node.ask(["take", "one", "a", "b"])
    node.ask(["take", "two", "b"])
    node.ask(["release", "one"])
    assert node.ask(["has", "a", "b"]) == [False, True]
    node.ask(["release", "two"])
    node.ask(["release", "nobody's"])
    assert node.ask(["has", "a", "b"]) == [False, False]


def test_one_that_came_again_for_the_next_question_outlives_the_first(node: Node) -> None:
    node.ask(["take", "one", "a"])
    node.ask(["take", "two", "a"])  # before the first has ended
    node.ask(["release", "one"])
    assert node.ask(["has", "a"]) == [True]


@pytest.mark.parametrize(("name", "code"), [("gone", "attachment_missing"), ("a", "attachment_broken")])
def test_what_is_missing_or_cannot_be_decoded_has_its_code(node: Node, name: str, code: str) -> None:
    node.ask(["take", "one", "a"])
    for sense in ("picture", "sound"):  # Node has neither createImageBitmap nor samples of the page
        with pytest.raises(Refused, match=code):
            node.ask([sense, name])


def test_a_recording_that_the_page_would_not_decode_says_why(node: Node) -> None:
    node.ask(["hold", "one", {"id": "long", "fault": "recording_too_long"}, {"id": "other", "fault": "odd"}])
    with pytest.raises(Refused, match="recording_too_long"):
        node.ask(["sound", "long"])
    with pytest.raises(Refused, match="attachment_broken"):
        node.ask(["sound", "other"])
