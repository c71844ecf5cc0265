"""The browser's host of our kernel, under Node: what it tells the kernel of a model, and what comes out.

Node has no relaxed SIMD and no page, so that this is the plain build on one thread, whose 16-bit activations leave
rounding alone. Threads and the relaxed build are for a browser (e2e/bridge/test_kernel.py).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from model_foundry.reference.llama import ReferenceModel
from orion_py.native.kernel_layout import _OF_LAYER, _WHOLE, rotary_table
from orion_py.native.kernel_rows import copy_rows
from orion_py.runtime.segments import Embeddings, calls_of
from tests.bridge_in_node import ROOT, Node, Refused, bridge
from tests.kernel.decoder import Decoder
from tests.kernel.models import Recipe, Stored, kl
from tests.kernel.test_forward import FAMILIES
from tests.kernel.test_kept_rows import opened
from tests.model_foundry.seeing.computing import built_from, prompt_of, taken_in
from tests.model_foundry.seeing.folder import PICTURES, QWEN2VL, expected

SCRIPT = """
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";

/** Builds that the site lacks, and whether there is a network at all. */
let missing = [];
let offline = false;
let asked = [];
globalThis.fetch = async (url) => {
  const name = String(url).split("/").pop();
  asked.push(name.replace(".wasm", ""));
  if (offline && missing.includes(asked.at(-1))) throw new TypeError("Failed to fetch");
  if (missing.includes(asked.at(-1))) return { ok: false, status: 404 };
  return { ok: true, arrayBuffer: async () => Uint8Array.from(await readFile(BUILT + name)).buffer };
};
const { KernelModel } = await import("./bridge/worker/kernel/model.js");
const { frequencies } = await import("./bridge/worker/kernel/rotary.js");
const { builds, kernelHere, probe } = await import("./bridge/worker/kernel/module.js");
const pause = async () => {};

/** One pass, whose flag another thread sets while it runs; what it answers, and what the same prompt gives after. */
async function stopped({ manifest, data, context, tokens, shared }) {
  globalThis.crossOriginIsolated = shared;
  try {
    const variant = { id: "kernel", engine: "kernel", backend: "wasm", expansions: [] };
    const model = await KernelModel.open(new URL("file:///kernel/"), { manifest, variant, threads: 1, context });
    for (const shard of manifest.shards) {
      await model.feed(shard, new Blob([Buffer.from(data[shard.sha256], "base64")]));
    }
    await model.build();
    const ids = Int32Array.from(tokens);
    const whole = [...await model.forward(ids, 0, pause)];
    const flag = model.cancelFlag;
    if (!flag) return { flag: null };
    const word = new Int32Array(flag);
    await model.forward(ids.subarray(0, 20), 0, pause);
    const set = "const { workerData: { word, go } } = require('node:worker_threads');" +
      "Atomics.wait(go, 0, 0); Atomics.store(word, 0, 1);";
    const go = new Int32Array(new SharedArrayBuffer(4));
    const other = new Worker(set, { eval: true, workerData: { word, go } });
    await new Promise((resolve) => other.once("online", resolve));
    Atomics.store(go, 0, 1);
    Atomics.notify(go, 0);
    let code = "logits";
    for (let pass = 0; pass < 10_000 && code === "logits"; pass += 1) {
      await model.forward(ids.subarray(20), 20, pause).catch((error) => { code = error.code; });
    }
    const kept = model.rows;
    const still = await model.forward(ids.subarray(20), 20, pause).then(() => "logits", (error) => error.code);
    Atomics.store(word, 0, 0);
    const after = [...await model.forward(ids.subarray(20), 20, pause)];
    const equal = after.every((value, index) => value === whole[index]);
    return { bytes: flag.byteLength, code, kept, still, equal };
  } finally {
    globalThis.crossOriginIsolated = undefined;
  }
}

async function answer({ ask, ...given }) {
  if (ask === "builds") return builds(given.features);
  if (ask === "here") {
    ({ missing, offline } = given);
    asked = [];
    const validate = WebAssembly.validate;
    if ("relaxed" in given) WebAssembly.validate = (code) => (code.includes(0x92) ? given.relaxed : given.simd ?? true);
    try {
      return { here: await kernelHere(), probed: probe(), asked };
    } finally {
      WebAssembly.validate = validate;
      missing = [];
    }
  }
  if (ask === "stopped") return stopped(given);
  if (ask === "no memory") {
    const { Memory } = WebAssembly;
    let made = 0;
    // The first one is for planning alone.
    WebAssembly.Memory = function (limits) {
      if (limits.initial && (made += 1) > 1) throw new RangeError("WebAssembly.Memory(): could not allocate memory");
      return new Memory(limits);
    };
    const variant = { id: "kernel", engine: "kernel", backend: "wasm", expansions: [] };
    const spec = { manifest: given.manifest, variant, threads: 1, context: given.context };
    try {
      await KernelModel.open(new URL("file:///kernel/"), spec);
      return null;
    } catch ({ code, detail }) {
      return { code, detail };
    } finally {
      WebAssembly.Memory = Memory;
    }
  }
  if (ask === "frequencies") return [...frequencies(given.architecture)];
  const { manifest, data, context, steps, more } = given;
  const variant = { id: "kernel", engine: "kernel", backend: "wasm", expansions: [], ...more };
  const model = await KernelModel.open(new URL("file:///kernel/"), { manifest, variant, threads: 1, context });
  for (const shard of manifest.shards) {
    await model.feed(shard, new Blob([Buffer.from(data[shard.sha256], "base64")]));
  }
  await model.build();
  const rows = [];
  let kept = new Uint8Array();
  for (const { tokens, embedded, axes, at, verify, keep, put } of steps) {
    if (keep) kept = model.copyRows(keep);
    if (keep && kept.length !== model.rowsBytes(keep)) throw new Error("rows of another size");
    if (put) model.putRows(kept, put);
    const places = axes ? { ...axes, places: Int32Array.from(axes.places) } : null;
    if (embedded) rows.push([...(await model.forwardEmbeddings(Float32Array.from(embedded), at, places, pause))]);
    if (!tokens) continue;
    const ids = Int32Array.from(tokens);
    rows.push([...(verify ? await model.verify(ids, at) : await model.forward(ids, at, pause))]);
  }
  const { rows: held, memoryBytes: bytes, threads, backend } = model;
  return { rows, held, kept: Buffer.from(kept).toString("base64"), bytes, threads, backend };
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    built = json.dumps(str(ROOT / "kernel" / "built") + "/")
    with bridge(tmp_path_factory.mktemp("bridge"), f"const BUILT = {built};" + SCRIPT) as process:
        yield process


def asked(stored: Stored, steps: list[dict[str, Any]], context: int = 300, **more: Any) -> dict[str, Any]:
    """``more``: of the variant."""
    shards = [shard.model_dump(mode="json") for shard in stored.shards]
    manifest = {"architecture": stored.architecture.model_dump(mode="json"), "shards": shards, "variants": []}
    data = {sha256: base64.b64encode(raw).decode() for sha256, raw in stored.data.items()}
    return {"ask": "run", "manifest": manifest, "data": data, "context": context, "steps": steps, "more": more}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_and_form_has_the_references_logits(node: Node, family: str) -> None:
    recipe = FAMILIES[family]
    model = recipe.model()
    tokens = np.random.default_rng(3).integers(0, recipe.architecture.vocab_size, 20).tolist()
    steps = [
        {"tokens": tokens[:12], "at": 0},
        {"tokens": tokens[12:13], "at": 12},
        {"tokens": tokens[13:20], "at": 13, "verify": True},
    ]
    found = node.ask(asked(Stored.of(model), steps))
    rows = np.array([value for row in found["rows"] for value in row], np.float32).reshape(9, -1)
    assert kl(ReferenceModel(model).forward(tokens)[11:], rows) < 1e-5
    assert (found["held"], found["threads"], found["backend"]) == (20, 1, "kernel")


def test_a_prompt_of_several_passes_is_one_prompt(node: Node) -> None:
    recipe = Recipe()
    stored = Stored.of(recipe.model())
    tokens = np.random.default_rng(5).integers(0, recipe.architecture.vocab_size, 290).tolist()
    whole = node.ask(asked(stored, [{"tokens": tokens, "at": 0}]))["rows"][0]
    parts = [{"tokens": tokens[:200], "at": 0}, {"tokens": [1, 2], "at": 100}, {"tokens": tokens[100:], "at": 100}]
    assert node.ask(asked(stored, parts))["rows"][-1] == whole
    assert kl(ReferenceModel(recipe.model()).forward(tokens)[-1:], np.array([whole], np.float32)) < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_the_embeddings_of_tokens_give_the_bits_of_these_tokens(node: Node, family: str) -> None:
    """70 of them are three passes; what was read before and after them is tokens."""
    recipe = FAMILIES[family]
    model = recipe.model()
    tokens = np.random.default_rng(9).integers(0, recipe.architecture.vocab_size, 90).tolist()
    rows = Decoder(model).embeddings(tokens[10:80]).astype(np.float32).reshape(-1).tolist()
    steps: list[dict[str, Any]] = [
        {"tokens": tokens, "at": 0},
        {"tokens": tokens[:10], "at": 0},
        {"embedded": rows, "at": 10},
        {"tokens": tokens[80:], "at": 80},
        {"tokens": tokens[:80], "at": 0},
    ]
    found = node.ask(asked(Stored.of(model), steps))
    assert found["rows"][3] == found["rows"][0]
    assert found["rows"][2] == found["rows"][4]
    assert found["held"] == 80


@pytest.mark.parametrize("name", PICTURES)
async def test_places_of_a_picture_in_three_axes_are_those_of_transformers(
    node: Node, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    models = tmp_path_factory.mktemp("models")
    manifest = built_from(QWEN2VL, models)
    said = expected(QWEN2VL)
    _, prompt = prompt_of(models, manifest, await taken_in(models, manifest, name), said["question"])
    steps: list[dict[str, Any]] = []
    at = 0
    for call in calls_of(prompt):
        if isinstance(call, Embeddings):
            assert call.axes is not None
            axes = {"first": 0, "span": call.axes.span, "places": call.axes.places.reshape(-1).tolist()}
            steps.append({"embedded": call.rows.reshape(-1).tolist(), "axes": axes, "at": at})
        else:
            steps += [{"tokens": call[:5], "at": at}, {"tokens": call[5:], "at": at + 5}]
        at += len(call)
    shards = [shard for shard in manifest.shards if shard.tensors]
    data = {shard.sha256: (models / "shards" / shard.sha256).read_bytes() for shard in shards}
    found = node.ask(asked(Stored(manifest.architecture, tuple(shards), data), steps))
    wanted = said["pictures"][name]["logits"]
    assert np.abs(np.array(found["rows"][-1]) - wanted).max() < 0.002 * np.ptp(wanted)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_that_were_put_back_are_those_that_were_read_and_lie_as_in_cpython(node: Node, family: str) -> None:
    recipe = FAMILIES[family]
    stored = Stored.of(recipe.model())
    tokens = np.random.default_rng(7).integers(0, recipe.architecture.vocab_size, 40).tolist()
    steps: list[dict[str, Any]] = [
        {"tokens": tokens, "at": 0},
        {"keep": 25},
        {"tokens": tokens[::-1], "at": 0},
        {"put": 25},
        {"tokens": tokens[25:], "at": 25},
    ]
    found = node.ask(asked(stored, steps))
    assert found["rows"][2] == found["rows"][0] != found["rows"][1]
    native = opened("plain", stored, 300)
    native.forward(tokens, 0)
    assert base64.b64decode(found["kept"]) == copy_rows(native, 25), "the same build, the same bits"


def test_the_memory_is_what_weights_cache_and_scratch_take(node: Node) -> None:
    stored = Stored.of(Recipe().model())
    taken = node.ask(asked(stored, [], context=64))["bytes"]
    weights = sum(shard.size for shard in stored.shards)
    assert weights < taken < weights + 3_000_000
    assert taken % 65536 == 0


def test_a_variant_with_a_cache_of_bytes_has_the_logits_and_the_memory_of_one(node: Node) -> None:
    recipe = Recipe(sizes={"kv_heads": 4, "head_dim": 64})
    stored = Stored.of(recipe.model())
    tokens = np.random.default_rng(5).integers(0, recipe.architecture.vocab_size, 90).tolist()
    native = stored.opened("plain", cache_bits=8)
    expected = np.concatenate(
        [native.forward(tokens[:80], 0), *(native.forward([t], 80 + i) for i, t in enumerate(tokens[80:84]))]
    )
    steps = [{"tokens": tokens[:80], "at": 0}, {"tokens": tokens[80:84], "at": 80, "verify": True}]
    narrow, wide = (node.ask(asked(stored, steps, **more)) for more in ({"cache_bits": 8}, {}))
    rows = np.array([value for row in narrow["rows"] for value in row], np.float32).reshape(5, -1)
    assert np.array_equal(rows, expected), "the bits that wasmtime gives"
    assert kl(ReferenceModel(recipe.model()).forward(tokens[:84])[79:], rows) < 2e-3
    assert wide["bytes"] - narrow["bytes"] > 200_000


@pytest.mark.parametrize("family", ["llama", "stretched"])
def test_angles_are_those_of_cpython(node: Node, family: str) -> None:
    architecture = FAMILIES[family].architecture
    found = np.array(node.ask({"ask": "frequencies", "architecture": architecture.model_dump(mode="json")}))
    row = rotary_table(architecture, 2)[1]
    np.testing.assert_allclose(np.concatenate([np.cos(found), np.sin(found)]), row, rtol=1e-6)


@pytest.mark.parametrize(
    ("features", "names"),
    [
        ({"simd": True, "relaxed": True, "shared": True}, ["relaxed-threads", "plain-threads"]),
        ({"simd": True, "relaxed": True, "shared": False}, ["relaxed", "plain"]),
        ({"simd": True, "relaxed": False, "shared": True}, ["plain-threads"]),
        ({"simd": True, "relaxed": False, "shared": False}, ["plain"]),
        ({"simd": False, "relaxed": False, "shared": True}, []),
    ],
)
def test_builds_are_chosen_by_what_the_browser_has(node: Node, features: dict[str, bool], names: list[str]) -> None:
    assert node.ask({"ask": "builds", "features": features}) == names


def test_the_device_names_the_build_and_its_hash_or_says_why_there_is_none(node: Node) -> None:
    found = node.ask({"ask": "here", "missing": []})
    assert found["probed"]["simd"] is True
    name, _, digest = found["here"]["kernel"].rpartition("-")
    assert name in ("plain", "relaxed")
    assert len(digest) == 16
    assert found["here"]["kernel_reason"] == ""
    missing = node.ask({"ask": "here", "missing": ["plain", "relaxed"]})["here"]
    assert missing["kernel"] == ""
    assert "isn't on this site (404)" in missing["kernel_reason"]


def test_only_the_build_that_is_used_is_fetched(node: Node) -> None:
    for relaxed, name in ((True, "relaxed"), (False, "plain")):
        found = node.ask({"ask": "here", "missing": [], "relaxed": relaxed})
        assert (found["asked"], found["here"]["kernel"].rpartition("-")[0]) == ([name], name)


def test_without_a_network_the_build_that_is_kept_computes(node: Node) -> None:
    """The browser has learned relaxed SIMD since the last visit, whose build is the plain one."""
    found = node.ask({"ask": "here", "missing": ["relaxed"], "offline": True, "relaxed": True})
    assert found["asked"] == ["relaxed", "plain"]
    assert found["here"]["kernel"].startswith("plain-")


def test_a_browser_without_simd_says_so_and_fetches_nothing(node: Node) -> None:
    found = node.ask({"ask": "here", "missing": [], "relaxed": False, "simd": False})
    assert (found["here"]["kernel"], found["asked"]) == ("", [])
    assert "no WebAssembly SIMD" in found["here"]["kernel_reason"]


def test_memory_that_cannot_be_had_is_out_of_memory_with_its_size(node: Node) -> None:
    found = node.ask({**asked(Stored.of(Recipe().model()), []), "ask": "no memory"})
    assert found["code"] == "out_of_memory"
    assert found["detail"]["needed_bytes"] % 65536 == 0


def stop_asked(shared: bool) -> dict[str, Any]:
    stored = Stored.of(Recipe(sizes={"layers": 20}).model())
    tokens = np.random.default_rng(8).integers(0, 101, 120).tolist()
    return {**asked(stored, []), "ask": "stopped", "tokens": tokens, "shared": shared}


def test_another_thread_ends_a_pass_between_two_layers_and_what_was_before_it_stays(node: Node) -> None:
    found = node.ask(stop_asked(shared=True))
    assert found.pop("bytes") == 4, "whoever may stop a pass doesn't hold the model's memory"
    assert found == {"code": "cancelled", "kept": 20, "still": "cancelled", "equal": True}


def test_without_memory_that_threads_share_there_is_no_flag(node: Node) -> None:
    """Then a cancel is heard between two passes, as by onnxruntime (e2e/bridge/test_kernel.py)."""
    assert node.ask(stop_asked(shared=False)) == {"flag": None}


def without(stored: Stored, name: str) -> Stored:
    shards = tuple(
        shard.model_copy(update={"tensors": tuple(t for t in shard.tensors if t.name != name)})
        for shard in stored.shards
    )
    return Stored(stored.architecture, shards, stored.data)


@pytest.mark.parametrize("name", ["layers.1.mlp_norm", "layers.0.mlp.up.scale", "final_norm"])
def test_a_part_that_is_missing_is_named(node: Node, name: str) -> None:
    with pytest.raises(Refused, match=name.removesuffix(".scale")):
        node.ask(asked(without(Stored.of(Recipe().model()), name), []))


def test_a_shard_of_another_size_than_the_manifest_says_is_refused(node: Node) -> None:
    stored = Stored.of(Recipe().model())
    shards = tuple(shard.model_copy(update={"size": shard.size - 8}) for shard in stored.shards)
    with pytest.raises(Refused, match="bytes, and not"):
        node.ask(asked(Stored(stored.architecture, shards, stored.data), []))


def test_cpython_and_the_browser_know_tensors_by_the_same_names() -> None:
    text = (ROOT / "web" / "bridge" / "worker" / "kernel" / "tensors.js").read_text()
    for name, role in {**_WHOLE, **_OF_LAYER}.items():
        assert f'"{name}": {role}' in text
