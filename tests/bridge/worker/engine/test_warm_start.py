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
let workers = 0;
let worker = "answers";
globalThis.Worker = class {
  constructor() { workers += 1; }
  terminate() { heard.push("ended"); }
  postMessage({ id, type, payload }) {
    heard.push(payload.sha256 ? `${type} ${payload.sha256}` : type);
    if (worker === "hangs") return;
    const tells = { id, type: "arrived", payload: { bytes: 7 } };
    if (type === "model.bring") queueMicrotask(() => this.onmessage({ data: tells }));
    const error = { code: "runtime_failure", message: "no", detail: {} };
    const refused = worker === "fails" || (worker === "refuses shards" && type === "model.bring");
    const data = refused ? { id, type: "error", error } : { id, type: "result", payload: {} };
    queueMicrotask(() => this.onmessage({ data }));
  }
};
const { WarmStart, WarmStartClient } = await import("./bridge/worker/engine/warm-start.js");
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
const variant = { id: "kernel", engine: "kernel", backend: "wasm", expansions: [] };
const spec = (model, shards = []) => JSON.stringify({
  manifest: { model, shards, variants: [variant], architecture: {} }, variant: "kernel", threads: 1, context: 64,
});
/** The same in another order, as Python writes it. */
const asPython = (model) => JSON.stringify({
  context: 64, threads: 1, variant: "kernel", manifest: { architecture: {}, variants: [variant], shards: [], model },
}, null, 1);
const coming = ["words", "layers"].map((sha256) => ({ url: `models/shards/${sha256}`, sha256, size: 9 }));

/** One visit after the other over one device's settings: what each began, and what is written down after it. */
async function answer({ kept, visits, plan, spare }) {
  const settings = new Map(kept === undefined ? [] : [["standby", kept]]);
  const arriving = {};
  const shards = {
    kind: "indexeddb",
    arriving(sha256, bytes) { arriving[sha256] = bytes; },
    settings: {
      async read(key) { await settle(); return settings.get(key) ?? null; },
      async write(key, value) { await settle(); settings.set(key, value); },
    },
  };
  const found = [];
  for (const { does = [], is = "answers" } of visits) {
    worker = is;
    heard = [];
    const planned = async () => {
      if (plan === "broken") throw new Error("no such file");
      return plan ? { spec: spec(plan), bytes: 1e8, shards: coming } : null;
    };
    const url = new URL("file:///worker.js");
    workers = 0;
    const warmStart = new WarmStart(shards, url, planned, spare ? new WarmStartClient(url) : null);
    let taken = null;
    for (const [name, ...values] of does) {
      if (name === "remember") await warmStart.remember(spec(values[0], values[2]), values[1]);
      else if (name === "limit") void warmStart.limit(values[0]);
      else if (name === "take") taken = warmStart.take(asPython(values[0]));
      else if (name === "feed") await taken.feed(values[0]);
      else if (name === "build") await taken.build();
      else if (name === "open") await taken.open(spec(values[0]));
      else if (name === "connected") warmStart.connected();
      else if (name === "settle") for (let wait = 0; wait < 4; wait += 1) await settle();
      else if (name === "drop") warmStart.drop();
      else await warmStart.start();
    }
    const held = warmStart.held();
    for (let wait = 0; wait < 8; wait += 1) await settle();
    const { spec: text, bytes, begun, budget } = JSON.parse(settings.get("standby") ?? "{}");
    const model = text && JSON.parse(text).manifest.model;
    const over = { held: held && JSON.parse(held).model, model, bytes, budget, begun: begun ?? false };
    found.push({ heard, arriving, workers, ...over });
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


def test_all_of_it_is_asked_for_at_once_for_python_keeps_the_thread_busy(node: Node) -> None:
    shards = [{"sha256": name, "size": 9, "role": "layers", "tensors": []} for name in ("first", "second")]
    does = [["start"], ["remember", "m", SMALL, shards]]
    _, silent = visits(node, {"does": does}, START | {"is": "hangs"})
    assert silent["heard"] == ["model.open", "model.feed first", "model.feed second", "model.build"]


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


BROUGHT = ["model.bring words", "model.bring layers"]


def first_visit(node: Node, *does: list[Any], plan: str = "m", **more: Any) -> dict[str, Any]:
    return visits(node, {"does": [["start"], ["settle"], *does], **more}, plan=plan)[0]


def test_a_first_visits_model_is_opened_at_once_and_brought_when_the_connection_is_free(node: Node) -> None:
    assert first_visit(node)["heard"] == ["model.open"]
    found = first_visit(node, ["connected"], ["settle"])
    assert found["heard"] == ["model.open", *BROUGHT, "model.build", "model.ping"]
    assert (found["held"], found["arriving"]) == ("m", {"words": 7, "layers": 7})
    assert "model" not in found, "what Python has not opened is not remembered"


def test_python_takes_over_what_is_on_its_way_however_it_writes_that_down(node: Node) -> None:
    found = first_visit(node, ["take", "m"], ["feed", "words"], ["feed", "layers"], ["build"])
    assert found["heard"] == ["model.open", *BROUGHT, "model.build"]
    assert found["held"] == ""


def test_a_worker_that_starts_up_meanwhile_is_used_for_whatever_comes_first(node: Node) -> None:
    for does in ([["start"], ["settle"]], [["take", "other"], ["open", "other"]]):
        (found,) = visits(node, {"does": does}, plan="m", spare=True)
        assert (found["heard"], found["workers"]) == (["model.open"], 1)
    (dropped,) = visits(node, {"does": [["drop"]]}, plan="m", spare=True)
    assert (dropped["heard"], dropped["workers"]) == (["ended"], 1)


def test_another_model_ends_what_was_on_its_way(node: Node) -> None:
    assert "ended" in first_visit(node, ["connected"], ["take", "other"])["heard"]


def test_a_shard_that_did_not_come_is_fed_once_python_has_brought_it(node: Node) -> None:
    found = first_visit(node, ["take", "m"], ["feed", "words"], **{"is": "refuses shards"})
    assert found["heard"] == ["model.open", *BROUGHT, "model.build", "model.feed words"]


def test_nothing_is_begun_on_a_first_visit_that_may_not_or_without_a_plan(node: Node) -> None:
    assert visits(node, {"does": [["drop"], ["start"]]}, plan="m")[0]["heard"] == []
    assert visits(node, {"does": [["limit", 1e7], ["start"]]}, plan="m")[0]["heard"] == []
    assert first_visit(node, ["connected"], plan="")["heard"] == []
    assert first_visit(node, ["connected"], plan="broken")["heard"] == []


def test_a_later_visit_asks_for_no_plan(node: Node) -> None:
    _, later = visits(node, built("m", SMALL), START, plan="other")
    assert (later["held"], later["heard"]) == ("m", ["model.open", "model.build"])
