"""What the last visit ended with is begun before Python is up, unless the tab ended in the middle of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
globalThis.navigator ??= {};
/** What workers were asked for; whether they answer, or say that they can't. */
let heard = [];
let worker = "answers";
globalThis.Worker = class {
  terminate() { heard.push("ended"); }
  postMessage({ id, type }) {
    heard.push(type);
    if (worker === "hangs") return;
    const error = { code: "runtime_failure", message: "no", detail: {} };
    const data = worker === "fails" ? { id, type: "error", error } : { id, type: "result", payload: {} };
    queueMicrotask(() => this.onmessage({ data }));
  }
};
const { WarmStart } = await import("./bridge/worker/engine/warm-start.js");
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
const variant = { id: "kernel", engine: "kernel", backend: "wasm", expansions: [] };
const spec = (model) => JSON.stringify({
  manifest: { model, shards: [], variants: [variant], architecture: {} }, variant: "kernel", threads: 1, context: 64,
});

/** One visit after the other over one device's settings: what each began, and what is written down after it. */
async function answer({ kept, visits }) {
  const settings = new Map(kept === undefined ? [] : [["standby", kept]]);
  const shards = {
    kind: "indexeddb",
    settings: {
      async read(key) { await settle(); return settings.get(key) ?? null; },
      async write(key, value) { await settle(); settings.set(key, value); },
    },
  };
  const found = [];
  for (const { does = [], is = "answers" } of visits) {
    worker = is;
    heard = [];
    const warmStart = new WarmStart(shards, new URL("file:///worker.js"));
    for (const [name, ...values] of does) {
      if (name === "remember") await warmStart.remember(spec(values[0]), values[1]);
      else if (name === "limit") void warmStart.limit(values[0]);
      else if (name === "take") warmStart.take(spec(values[0]));
      else if (name === "drop") warmStart.drop();
      else await warmStart.start();
    }
    const held = warmStart.held();
    for (let wait = 0; wait < 8; wait += 1) await settle();
    const { spec: text, bytes, begun, budget } = JSON.parse(settings.get("standby") ?? "{}");
    const model = text && JSON.parse(text).manifest.model;
    found.push({ heard, held: held && JSON.parse(held).model, model, bytes, budget, begun: begun ?? false });
  }
  return found;
}
"""
START = {"does": [["start"]]}
LARGE, SMALL = 1_300_000_000, 150_000_000


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def visits(node: Node, *each: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = node.ask({"visits": list(each), **more})
    return found


def built(model: str, size: int) -> dict[str, Any]:
    return {"does": [["start"], ["remember", model, size]]}


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_what_was_remembered_is_begun_at_the_next_visit(node: Node, size: int) -> None:
    first, second, third = visits(node, built("m", size), START, START)
    assert (first["heard"], first["held"]) == ([], "")
    assert second["heard"] == third["heard"] == ["model.open", "model.build"]
    assert (second["held"], second["model"], second["begun"]) == ("m", "m", False)


def test_a_large_model_in_the_middle_of_which_the_visit_ended_is_left_to_python_once(node: Node) -> None:
    _, ends, after, later = visits(node, built("m", LARGE), START | {"is": "hangs"}, START, START)
    assert ends["begun"], "written down while it comes"
    assert (after["heard"], after["held"], after["begun"]) == ([], "", False)
    assert later["held"] == "m"


def test_a_small_one_is_begun_again_after_a_hasty_reload(node: Node) -> None:
    _, hasty, after = visits(node, built("m", SMALL), START | {"is": "hangs"}, START)
    assert (hasty["begun"], after["held"]) == (False, "m")


@pytest.mark.parametrize("end", [{"is": "fails"}, {"is": "hangs", "does": [["start"], ["drop"]]}])
def test_one_that_failed_or_was_ended_is_not_taken_for_the_end_of_a_tab(node: Node, end: dict[str, Any]) -> None:
    _, ended, after = visits(node, built("m", LARGE), START | end, START)
    assert (ended["begun"], after["held"]) == (False, "m")


def test_what_is_remembered_or_limited_meanwhile_is_not_lost_behind_the_note(node: Node) -> None:
    does = [["start"], ["limit", 4e9], ["take", "m"], ["remember", "other", SMALL]]
    _, second = visits(node, built("m", LARGE), {"does": does})
    assert (second["model"], second["bytes"], second["budget"], second["begun"]) == ("other", SMALL, 4e9, False)


def test_nothing_larger_than_the_models_memory_is_begun(node: Node) -> None:
    _, limited, after = visits(node, built("m", LARGE), {"does": [["limit", 1e9]]}, START)
    assert (limited["budget"], after["heard"]) == (1e9, [])


@pytest.mark.parametrize("text", ["", "null", "[]", "{broken", '{"spec": 3}', '{"spec": "{}"}'])
def test_a_setting_that_cannot_be_read_begins_nothing_and_is_replaced(node: Node, text: str) -> None:
    (found,) = visits(node, built("m", SMALL), kept=text)
    assert (found["heard"], found["model"]) == ([], "m")
