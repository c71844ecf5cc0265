"""web/sw.js under Node, over caches and a network of the test's own: what it keeps, and what it answers with.

Updates and several versions are for a browser (e2e/page/test_versions.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import ROOT, Node, bridge

SCRIPT = """
import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";

const { builds, probe } = await import("./bridge/worker/kernel/module.js");
const SITE = "https://example.org/orion/";

class Cache {
  entries = new Map();
  async match(key) { return this.entries.get(String(key.url ?? key))?.clone(); }
  async put(key, answer) { this.entries.set(String(key.url ?? key), answer.clone()); }
  async delete(key) { return this.entries.delete(String(key.url ?? key)); }
  async keys() { return [...this.entries.keys()].map((url) => ({ url })); }
}

/** A service worker of its own, with a network that gives `site` by path and tells what was `asked`. */
async function worker(site, { relaxed = true, simd = true, threads = true } = {}) {
  const kept = new Map();
  const caches = {
    open: async (name) => { if (!kept.has(name)) kept.set(name, new Cache()); return kept.get(name); },
    keys: async () => [...kept.keys()], has: async (name) => kept.has(name), delete: async (name) => kept.delete(name),
  };
  const listeners = {}, asked = [];
  const network = { site, held: null, gone: false };
  const fetch = async (request) => {
    const path = String(request.url ?? request).slice(SITE.length);
    asked.push(path);
    if (network.held) await network.held;
    if (network.gone) throw new TypeError("Failed to fetch");
    return path in site ? new Response(site[path]) : new Response("", { status: 404 });
  };
  const self = {
    location: { href: SITE + "sw.js" }, addEventListener: (type, heard) => { listeners[type] = heard; },
    importScripts: () => {}, clients: { matchAll: async () => [], get: async () => undefined, claim: async () => {} },
    registration: {},
  };
  const wasm = {
    validate: (code) => (code.includes(146) ? relaxed : simd),
    Memory: function (limits) { if (limits.shared && !threads) throw new TypeError("no threads"); },
  };
  // Its parts share one scope, which functions made of texts only have as one text.
  const names = ["builds", "install", "clients"];
  const parts = await Promise.all(names.map((name) => readFile(`${WEB}sw/${name}.js`, "utf-8")));
  const text = (await readFile(WEB + "sw.js", "utf-8")).replace(/^worker\\.importScripts.*$/m, () => parts.join("\\n"));
  // Whoever waits for the network waits for as long as the test holds it.
  const later = (done, ms) => { if (ms < 500 || network.held) queueMicrotask(done); };
  const given = { self, caches, fetch, WebAssembly: wasm, setTimeout: later };
  new Function(...Object.keys(given), text)(...Object.values(given));
  const fire = async (type, event = {}) => {
    const work = [];
    let answer;
    const ends = { waitUntil: (task) => work.push(task), respondWith: (given) => { answer = given; } };
    listeners[type]({ ...ends, clientId: "", ...event });
    return { answer: await answer, rest: () => Promise.all(work) };
  };
  const get = (path) => fire("fetch", { request: Object.assign(new Request(SITE + path)) });
  return { kept, caches, asked, network, fire, get };
}

const VERSION = "__ORION_VERSION__";
const hash = (text) => createHash("sha256").update(text).digest("hex");

async function answer({ ask, ...given }) {
  if (ask === "probes") {
    // What the worker's own probes say, beside the bridge's, of this very Node.
    const named = new Function(await readFile(WEB + "sw/builds.js", "utf-8") + "; return builds;")();
    const seen = [];
    const validate = WebAssembly.validate;
    WebAssembly.validate = (code) => { seen.push([...code].join()); return validate(code); };
    const features = probe();
    const theirs = seen.splice(0);
    named();
    WebAssembly.validate = validate;
    const same = seen.every((code) => theirs.includes(code)) && seen.length === theirs.length;
    return { named: named(), theirs: builds({ ...features, shared: true }), same };
  }
  if (ask === "install") {
    const part = (url) => (url.startsWith("kernel/") ? 1 : 2);
    const files = given.urls.map((url) => ({ url, part: part(url), size: url.length, sha256: hash(url) }));
    const site = Object.fromEntries(given.urls.map((url) => [url, url]));
    const listing = JSON.stringify({ version: VERSION, files, later: [] });
    const w = await worker({ ...site, "precache.json": listing }, given.features);
    await (await w.fire("install")).rest();
    const installed = w.asked.filter((path) => path.startsWith("kernel/"));
    const last = w.asked.at(-1);
    w.asked.length = 0;
    const used = await (await w.get(given.uses)).answer.text();
    const again = await (await w.get(given.uses)).answer.text();
    return { installed, last, used: [used, again], asked: w.asked };
  }
  const w = await worker({ "models.json": '"one"', "models/lite/manifest.json": '"one"' });
  if (ask === "list") {
    const first = (await w.get("models.json")).answer;
    const said = [[await first.text(), first.headers.has("X-Orion-Kept")]];
    w.network.site["models.json"] = '"two"';
    w.network.held = new Promise((resolve) => { w.network.release = resolve; });
    const second = await w.get("models.json");
    said.push([await second.answer.text(), second.answer.headers.has("X-Orion-Kept")]);
    w.network.release();
    await second.rest();
    w.network.held = null;
    w.network.gone = true;
    const offline = await w.get("models.json");
    said.push([await offline.answer.text(), offline.answer.headers.has("X-Orion-Kept")]);
    await offline.rest();
    w.network.gone = false;
    w.network.site["models.json"] = "<!doctype html>Sign in";
    await (await w.get("models.json")).answer.text();
    w.network.gone = true;
    said.push([await (await w.get("models.json")).answer.text(), true]);
    w.network.gone = false;
    w.network.site["models.json"] = '"three"';
    const quick = (await w.get("models.json")).answer;
    said.push([await quick.text(), quick.headers.has("X-Orion-Kept")]);
    return said;
  }
  if (ask === "own") {
    const shell = await w.caches.open("orion:/orion/:shell:" + VERSION);
    await shell.put(SITE + "models.json", new Response("the version's"));
    w.network.gone = true;
    return (await w.get("models.json")).answer.text();
  }
  if (ask === "updated") {
    await (await w.get("models.json")).answer.text();
    await (await w.caches.open("orion:/orion/:clients")).put(SITE + "clients.json", new Response("{}"));
    await w.caches.open("orion:/orion/:shell:before");
    await (await w.fire("activate")).rest();
    w.network.held = null;
    w.network.site["models.json"] = '"new"';
    return (await w.get("models.json")).answer.text();
  }
  const manifest = "models/lite/manifest.json";
  await (await w.get(manifest)).answer.text();
  w.network.site[manifest] = '"two"';
  return (await w.get(manifest)).answer.text();
}
"""
BUILDS = ["kernel/plain-threads.wasm", "kernel/plain.wasm", "kernel/relaxed-threads.wasm", "kernel/relaxed.wasm"]
URLS = [*BUILDS, "app.js", "index.html"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    web = json.dumps(str(ROOT / "web") + "/")
    with bridge(tmp_path_factory.mktemp("worker"), f"const WEB = {web};" + SCRIPT) as process:
        yield process


def test_it_probes_as_the_engine_does(node: Node) -> None:
    found = node.ask({"ask": "probes"})
    assert found["same"], "the same modules are asked about"
    assert [name.removeprefix("kernel/").removesuffix(".wasm") for name in found["named"]] == found["theirs"]


@pytest.mark.parametrize(
    ("features", "installed"),
    [
        ({}, ["kernel/relaxed-threads.wasm", "kernel/plain-threads.wasm"]),
        ({"relaxed": False}, ["kernel/plain-threads.wasm"]),
        ({"threads": False}, ["kernel/relaxed.wasm", "kernel/plain.wasm"]),
        ({"relaxed": False, "threads": False}, ["kernel/plain.wasm"]),
        ({"simd": False}, []),
    ],
)
def test_of_the_kernels_builds_it_keeps_the_one_that_runs_and_the_one_below(
    node: Node, features: dict[str, Any], installed: list[str]
) -> None:
    found = node.ask({"ask": "install", "urls": URLS, "features": features, "uses": "kernel/relaxed.wasm"})
    assert found["installed"] == installed
    if len(installed) == 2:
        assert found["last"] == installed[-1], "behind all that the first answer may wait for"
    assert found["used"] == ["kernel/relaxed.wasm"] * 2
    asked = [] if "kernel/relaxed.wasm" in installed else ["kernel/relaxed.wasm"]
    assert found["asked"] == asked, "another one is kept when it is first used"


def test_the_list_of_models_is_the_one_kept_here_where_the_newest_does_not_come_at_once(node: Node) -> None:
    """The engine's start doesn't wait for a line that says nothing; it is told, and asks again."""
    first, held, offline, after_a_strange_page, quick = node.ask({"ask": "list"})
    assert first == ['"one"', False]
    assert held == ['"one"', True]
    assert offline == ['"two"', True], "it came behind the one that was given"
    assert after_a_strange_page[0] == '"two"'
    assert quick == ['"three"', False]


def test_without_a_network_a_first_list_is_the_versions_own(node: Node) -> None:
    assert node.ask({"ask": "own"}) == "the version's"


def test_another_version_begins_with_the_newest_list(node: Node) -> None:
    assert node.ask({"ask": "updated"}) == '"new"'


def test_a_manifest_is_the_newest_as_before(node: Node) -> None:
    """What it names has to be what the server has."""
    assert node.ask({"ask": "manifest"}) == '"two"'
