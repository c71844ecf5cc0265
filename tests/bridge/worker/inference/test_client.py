"""The engine's end of an inference worker, with a worker that is played."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const shared = new SharedArrayBuffer(4);
const flag = new Int32Array(shared);
const heard = [];
globalThis.navigator ??= {};
globalThis.Worker = class {
  constructor() { heard.length = 0; flag.fill(7); }
  terminate() { heard.push("ended"); }
  say(message) { this.onmessage({ data: { v: 1, ...message } }); }
  postMessage({ id, type }) {
    heard.push(`${type} ${flag[0]}`);
    const payload = type === "model.open" ? { backend: "kernel", threads: 2, cancel: shared } : {};
    if (type === "model.run") {
      setTimeout(() => this.say({ id, type: "tokens", payload: { tokens: [5], ms: 3 } }));
      setTimeout(() => this.say({ id, type: "result", payload: { tokens: [6, 7], ms: 4 } }), 20);
    } else if (type !== "model.forward") queueMicrotask(() => this.say({ id, type: "result", payload }));
  }
};
const { InferenceClient } = await import("./bridge/worker/inference/client.js");

const keepsMemory = (client) => Object.values(client).some((value) => value?.buffer instanceof SharedArrayBuffer);

async function ran(client) {
  const run = client.run('{"token": 1}');
  const said = [JSON.parse(await run.next())];
  client.stop();
  said.push(JSON.parse(await run.next()));
  client.close();
  client.stop(); // nothing runs any more: nobody's error
  said.push(await client.run("{}").next().catch(({ code }) => code));
  return { heard, said };
}

async function answer({ end }) {
  const client = new InferenceClient("worker.js");
  await client.open("{}");
  if (end === "run") return ran(client);
  const under = client.forward([1], 0);
  await client.cancel();
  const before = keepsMemory(client);
  if (end === "close") client.close();
  else client.died("it ended");
  const why = await under.catch(({ code }) => code);
  const later = await client.forward([1], 0).catch(({ code }) => code);
  return { heard, before, after: keepsMemory(client), why, later, flag: flag[0] };
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


@pytest.mark.parametrize(("end", "code"), [("close", "cancelled"), ("death", "worker_died")])
def test_one_that_has_ended_keeps_nothing_of_the_models_memory(node: Node, end: str, code: str) -> None:
    found = node.ask({"end": end})
    assert found["heard"] == ["model.open 7", "model.forward 0", "model.cancel 1", "ended"]
    assert (found["before"], found["after"], found["flag"]) == (True, False, 1)
    assert (found["why"], found["later"]) == (code, code)


def test_a_run_is_told_as_it_comes_and_a_stop_is_a_flag_and_a_message(node: Node) -> None:
    found = node.ask({"end": "run"})
    assert found["heard"] == ["model.open 7", "model.run 0", "model.cancel 1", "ended"]
    assert found["said"] == [
        {"tokens": [5], "ms": 3, "over": False},
        {"tokens": [6, 7], "ms": 4, "over": True},
        "cancelled",
    ]
