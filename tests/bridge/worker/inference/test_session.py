"""A model's shards on our kernel are read before they are handed to it, and only what is right counts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import ROOT, Node, bridge
from tests.kernel.models import Recipe, Stored

SCRIPT = """
import { readFile } from "node:fs/promises";

/** What was asked for first. */
let first = "";
globalThis.fetch = async (url) => {
  first ||= "the kernel's build";
  const file = BUILT + String(url).split("/").pop();
  return { ok: true, arrayBuffer: async () => Uint8Array.from(await readFile(file)).buffer };
};
/** What the database holds, and what was asked of it. */
const kept = new Map();
let reads = [];
const request = (result) => {
  const made = { result };
  queueMicrotask(() => made.onsuccess?.());
  return made;
};
const database = {
  transaction: () => {
    const transaction = { objectStore: () => ({ get: (key) => { reads.push(key); return request(kept.get(key)); } }) };
    setTimeout(() => transaction.oncomplete());
    return transaction;
  },
};
globalThis.indexedDB = { open: () => { first ||= "the database"; return request(database); } };
const { ModelSession } = await import("./bridge/worker/inference/session.js");

/** In the place of the network: each comes in turn, or never. */
function coming(blobs, lost) {
  return {
    async bring({ sha256 }, onBytes, take) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (lost.includes(sha256)) throw new Error(`${sha256} is lost`);
      onBytes(1);
      take(new Uint8Array(await blobs.get(sha256).arrayBuffer()));
    },
  };
}

/** A start that is asked for at once. */
async function brought(model, shards, blobs, lost) {
  model.arrivals = Promise.resolve(coming(blobs, lost));
  const told = [];
  const ends = shards.map(({ sha256 }) =>
    model.bring({ sha256 }, () => told.push(sha256)).then(() => "", () => "failed"));
  const built = await model.build().then(() => "built", (cause) => cause.message);
  return { told, ends: await Promise.all(ends), built };
}

/** The same, of what is on the device, and told to nobody: who asked is busy. */
async function fedAtOnce(model, shards) {
  for (const { sha256 } of shards) model.feed(sha256, null).catch(() => {});
  return { built: await model.build().then(() => "built", (cause) => cause.code) };
}

async function answer({ manifest, data, without = [], damaged = [], passed, comes, lost = [], atOnce }) {
  kept.clear();
  reads = [];
  first = "";
  const blobs = new Map();
  for (const [sha256, text] of Object.entries(data)) {
    const bytes = Buffer.from(text, "base64");
    const blob = new Blob([bytes]);
    blobs.set(sha256, blob);
    if (damaged.includes(sha256)) bytes[0] ^= 1;
    if (!without.includes(sha256)) kept.set(sha256, damaged.includes(sha256) ? new Blob([bytes]) : blob);
  }
  manifest.variants = [{ id: "kernel", engine: "kernel", backend: "wasm", expansions: [] }];
  const model = await ModelSession.open({ manifest, variant: "kernel", threads: 1, context: 64 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const ahead = [...reads];
  const start = (atOnce && (await fedAtOnce(model, manifest.shards))) || (comes && (await brought(model,
    [...manifest.shards, { sha256: "tokenizer" }], new Map([...blobs, ["tokenizer", new Blob(["t"])]]), lost)));
  for (const { sha256 } of start?.built === "built" ? [] : manifest.shards) {
    try {
      await model.feed(sha256, passed ? blobs.get(sha256) : null);
    } catch (cause) {
      if (!without.includes(sha256) && !damaged.includes(sha256)) throw cause;
      // As the loader heals it: brought anew, and read again.
      kept.set(sha256, blobs.get(sha256));
      if (cause.code !== "shard_missing" && cause.code !== "shard_corrupt") throw cause;
      await model.feed(sha256, null);
    }
  }
  if (start?.built !== "built") await model.build();
  const logits = await model.forward(Int32Array.from([1, 2, 3]), 0, async () => {});
  model.runner.copyRows = () => { throw new Error("copied"); };
  const room = await model.keepRows({ key: "k", model: "m", agent: "a", edition: "1", rows: 3 }, 10);
  const { hidden_size: hidden } = manifest.architecture;
  const embedded = (values, width = hidden, at = 3) =>
    model.forwardEmbeddings(Float32Array.from(values), width, at, null, async () => {}).then(
      (found) => found.length, (error) => error.code);
  const rows = {
    taken: await embedded(new Array(2 * hidden).fill(0.5)),
    narrow: await embedded([1, 2, 3], 3),
    broken: await embedded(new Array(hidden).fill(NaN)),
    gap: await embedded(new Array(hidden).fill(0.5), hidden, 50),
    long: await embedded(new Array(62 * hidden).fill(0.5)),
    none: await embedded([]),
  };
  model.runner.forwardEmbeddings = undefined; // as of every runner but the kernel's
  rows.refused = await embedded(new Array(hidden).fill(0.5));
  const after = await model.forward(Int32Array.from([1, 2, 3]), 0, async () => {});
  return { start, ahead, reads, first, room, rows, logits: [...logits], after: [...after] };
}
"""
STORED = Stored.of(Recipe().model())


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    built = json.dumps(str(ROOT / "kernel" / "built") + "/")
    with bridge(tmp_path_factory.mktemp("bridge"), f"const BUILT = {built};" + SCRIPT) as process:
        yield process


def asked(node: Node, **more: Any) -> dict[str, Any]:
    shards = [shard.model_dump(mode="json") for shard in STORED.shards]
    manifest = {"architecture": STORED.architecture.model_dump(mode="json"), "shards": shards}
    data = {sha256: base64.b64encode(raw).decode() for sha256, raw in STORED.data.items()}
    found: dict[str, Any] = node.ask({"manifest": manifest, "data": data, **more})
    return found


def names() -> list[str]:
    return [shard.sha256 for shard in STORED.shards]


def test_all_shards_are_read_before_the_first_is_handed_over_and_no_second_time(node: Node) -> None:
    found = asked(node)
    assert found["ahead"] == found["reads"] == names()


@pytest.mark.parametrize("why", ["without", "damaged"])
def test_a_shard_that_is_missing_or_damaged_is_told_and_read_again_once_it_is_healed(node: Node, why: str) -> None:
    whole, bad = asked(node), names()[-1]
    healed = asked(node, **{why: [bad]})
    assert healed["logits"] == whole["logits"]
    assert healed["reads"].count(bad) == 3


def test_rows_for_which_there_is_no_room_are_not_even_copied(node: Node) -> None:
    assert asked(node)["room"] == 0


def test_a_shard_that_is_handed_over_needs_no_database(node: Node) -> None:
    assert asked(node, without=names(), passed=True)["logits"] == asked(node)["logits"]


def test_what_would_come_late_behind_the_shards_is_asked_for_before_them(node: Node) -> None:
    assert asked(node)["first"] == "the kernel's build"


def test_embeddings_are_checked_and_a_runner_that_takes_tokens_alone_refuses_them_by_name(node: Node) -> None:
    found = asked(node)
    assert found["rows"] == {
        "taken": STORED.architecture.vocab_size,
        "narrow": "invalid_input",
        "broken": "invalid_input",
        "gap": "protocol",
        "long": "context_overflow",
        "none": "protocol",
        "refused": "embeddings_unsupported",
    }
    assert found["after"] == found["logits"]


def test_a_model_whose_shards_come_over_the_network_is_built_once_all_are_there(node: Node) -> None:
    found = asked(node, comes=True, without=names())
    assert found["start"] == {"told": [*names(), "tokenizer"], "ends": [""] * (len(names()) + 1), "built": "built"}
    assert found["logits"] == asked(node)["logits"]
    assert found["reads"] == names(), "looked for when it was opened, and what came isn't read again"


def test_what_did_not_come_fails_the_build_that_waited_for_it_and_no_later_one(node: Node) -> None:
    found = asked(node, comes=True, lost=[names()[-1]])
    assert found["start"]["built"] == f"{names()[-1]} is lost"
    assert found["logits"] == asked(node)["logits"]


def test_a_build_waits_for_all_that_was_handed_over_before_it(node: Node) -> None:
    found = asked(node, atOnce=True)
    assert found["start"] == {"built": "built"}
    assert found["logits"] == asked(node)["logits"]


@pytest.mark.parametrize("why", ["without", "damaged"])
def test_a_shard_that_failed_ahead_fails_that_build_and_no_later_one(node: Node, why: str) -> None:
    found = asked(node, atOnce=True, **{why: [names()[-1]]})
    assert found["start"] == {"built": "shard_missing"}
    assert found["logits"] == asked(node)["logits"]
