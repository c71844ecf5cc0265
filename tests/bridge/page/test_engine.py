"""The page's end of the engine's worker, which may have begun before anybody listened. Under Node, with a worker that
does what a test says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
globalThis.document = { documentElement: {} };
const made = [];
globalThis.Worker = class {
  constructor(url) { this.search = url.search; this.posted = []; this.ended = false; made.push(this); }
  postMessage(text) { this.posted.push(text); }
  terminate() { this.ended = true; }
};
/** The lock of each worker's name, as the browser gives it to the page: once the worker is gone. */
const waiting = [];
const request = (name, { signal }, then) => new Promise((resolve, reject) => {
  waiting.push(() => resolve(then()));
  signal.onabort = () => reject(new Error("aborted"));
});
Object.defineProperty(globalThis, "navigator", { value: { locks: { request } } });
const { beginEngine, expectMessage, spawnEngine } = await import("./bridge/page/engine.js");
const heard = [];
const calls = {
  expect: (known) => expectMessage(known),
  begin: (known) => { expectMessage(known ?? undefined); beginEngine(); },
  spawn: () => {
    const listens = (kind) => (...all) => heard.push([kind, ...all]);
    calls.engine = spawnEngine(listens("text"), listens("crash"));
    heard.push(["spawned"]);
  },
  says: (which, ...texts) => made[which].onmessage({ data: texts.length > 1 ? texts : texts[0] }),
  ends_at: (stop, ...texts) => {
    const engine = spawnEngine((text) => { heard.push(["text", text]); if (text === stop) engine.end(); }, () => {});
    calls.says(0, ...texts);
  },
  fails: (which, message) => made[which].onerror({ message, preventDefault() {} }),
  dies: (which) => waiting[which]?.(),
  end: () => calls.engine.end(),
  spawns_while_it_says: (which, text) => { calls.spawn(); calls.says(which, text); },
};
async function answer([name, ...all]) {
  calls[name](...all);
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { heard, searches: made.map(({ search }) => search) };
}
"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with bridge(tmp_path, SCRIPT) as running:
        yield running


def after(node: Node, *calls: list[Any]) -> Any:
    said = None
    for call in calls:
        said = node.ask(call)
    return said


def test_what_an_early_engine_said_is_heard_once_the_caller_has_it(node: Node) -> None:
    said = after(node, ["begin", "ahead"], ["says", 0, "one"], ["spawn"], ["says", 0, "two"])
    assert said["searches"] == ["?ahead="]
    assert said["heard"] == [["spawned"], ["text", "one"], ["text", "two"]]


def test_texts_that_travelled_together_are_heard_one_by_one_until_the_engine_is_ended(node: Node) -> None:
    said = after(node, ["spawn"], ["says", 0, "one", "two"], ["says", 0, "three"])
    assert said["heard"][1:] == [["text", "one"], ["text", "two"], ["text", "three"]]


def test_nothing_is_heard_behind_the_text_at_which_an_engine_is_ended(node: Node) -> None:
    assert after(node, ["ends_at", "two", "one", "two", "three"])["heard"] == [["text", "one"], ["text", "two"]]


def test_an_early_engine_that_failed_is_told_as_any_other(node: Node) -> None:
    said = after(node, ["begin", None], ["fails", 0, "broken"], ["spawn"])
    assert said["heard"] == [["spawned"], ["crash", "broken"]]


def test_without_an_early_one_an_engine_begins_when_it_is_wanted(node: Node) -> None:
    said = after(node, ["spawn"], ["says", 0, "one"])
    assert (said["searches"], said["heard"]) == ([""], [["spawned"], ["text", "one"]])


def test_one_is_begun_early_and_none_once_one_is_there(node: Node) -> None:
    assert after(node, ["begin", "ahead"], ["begin", None])["searches"] == ["?ahead="]
    assert after(node, ["spawn"], ["begin", "ahead"])["searches"] == ["?ahead="]


def test_a_first_visit_says_that_it_is_one(node: Node) -> None:
    assert after(node, ["begin", "first"])["searches"] == ["?first="]


def test_a_first_visit_is_known_to_be_one_also_where_the_page_was_faster(node: Node) -> None:
    assert after(node, ["expect", "first"], ["spawn"], ["begin", "first"])["searches"] == ["?first="]


def test_every_later_engine_of_the_page_is_told_that_one_failed(node: Node) -> None:
    assert after(node, ["begin", "ahead"], ["spawn"], ["spawn"], ["spawn"])["searches"] == [
        "?ahead=",
        "?again=",
        "?again=",
    ]


def test_what_an_early_engine_said_is_heard_before_what_it_says_meanwhile(node: Node) -> None:
    said = after(node, ["begin", "ahead"], ["says", 0, "one"], ["spawns_while_it_says", 0, "two"])
    assert said["heard"] == [["spawned"], ["text", "one"], ["text", "two"]]


def test_an_engine_that_ends_without_a_word_is_noticed(node: Node) -> None:
    said = after(node, ["spawn"], ["says", 0, "one"], ["dies", 0])
    assert said["heard"][-1] == ["crash", "it ended"]


def test_an_engine_that_has_said_nothing_holds_no_lock_yet_and_is_not_missed(node: Node) -> None:
    assert after(node, ["spawn"], ["dies", 0])["heard"] == [["spawned"]]


def test_nothing_is_told_of_an_engine_that_was_ended(node: Node) -> None:
    said = after(
        node, ["begin", "ahead"], ["says", 0, "one"], ["spawn"], ["end"], ["says", 0, "two"], ["fails", 0, "late"]
    )
    assert said["heard"] == [["spawned"], ["text", "one"]]


def test_of_a_sound_the_pages_python_gets_the_event_alone(node: Node) -> None:
    node.ask(["spawn"])
    heard = node.ask(["says", 0, {"text": "an event", "samples": {"0": 0.5}}])["heard"]
    assert heard[-1] == ["text", "an event"]
