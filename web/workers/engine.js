/**
 * Runs the engine worker: boots Python, hands it the bridge, and carries the page's messages to it.
 *
 * Page to engine and back: JSON text as orion_py/protocol/ defines it. Before Python is up the
 * page gets {v, id: "engine", type: "boot", phase, ms}, and on failure {…, type: "boot-failed",
 * message}; what it sends meanwhile is kept for Python.
 */

import { holdName } from "../bridge/shared/worker-link.js";
import { ChatTemplate } from "../bridge/worker/chat-template/template.js";
import { detectDevice } from "../bridge/worker/engine/device.js";
import { fetchText, fileFacts } from "../bridge/worker/engine/fetch-text.js";
import { allowedUrl } from "../bridge/worker/engine/origins.js";
import { WarmStart } from "../bridge/worker/engine/warm-start.js";
import { Tabs } from "../bridge/worker/engine/tabs.js";
import { InferenceClient } from "../bridge/worker/inference/client.js";
import { kernelHere } from "../bridge/worker/kernel/module.js";
import { addBundle } from "../bridge/worker/python/boot.js";
import { startPython } from "../bridge/worker/python/start.js";
import { SnapshotMaker } from "../bridge/worker/snapshot/maker.js";
import { PrefixStore } from "../bridge/worker/storage/prefix-store.js";
import { openShards } from "../bridge/worker/storage/shards.js";
import { ChatTokenizer } from "../bridge/worker/tokenizer/tokenizer.js";

const root = new URL("../", import.meta.url);
const started = performance.now();
/** Another engine of this page ended before its time: whatever it began with isn't begun with again. */
const told = new URL(self.location.href).searchParams;
const again = told.has("again");
const snapshots = new SnapshotMaker(root);
const prefixes = new PrefixStore();

/** This worker's first message waits for it. */
const held = holdName();

/** The service worker gave the list of models that it had, and fetches the newest behind it. */
let listIsKept = false;
/** @type {string[]} */
const inbox = [];
/** @typedef {Pick<import("../bridge/shared/protocol.js").Initialize, "ahead">} First */
/** @type {(message: First) => void} */
let heardFirst = () => {};
/**
 * The page's first message, which says whether anything is to be loaded before it is asked for.
 *
 * @type {Promise<First>}
 */
const first = new Promise((resolve) => { heardFirst = resolve; });
/** @type {(text: string) => void} */
let receive = (text) => {
  inbox.push(text);
  try {
    heardFirst(JSON.parse(text));
  } catch {
    // Python says what is wrong with it.
  }
};
self.onmessage = (event) => receive(event.data);

/** @typedef {import("../bridge/shared/protocol.js").BootEvent} BootEvent */
/** @typedef {import("../bridge/shared/protocol.js").BootFailed} BootFailed */

/** @param {Omit<BootEvent, "v" | "id"> | Omit<BootFailed, "v" | "id">} message */
const post = (message) => {
  /** @type {BootEvent | BootFailed} */
  const whole = { v: 1, id: "engine", ...message };
  self.postMessage(JSON.stringify(whole));
};

/** Is the connection metered, or did the person ask to save data? As far as the browser tells. */
function metered() {
  const line = /** @type {{saveData?: boolean, type?: string} | undefined} */ (/** @type {any} */ (navigator).connection);
  return line?.saveData === true || line?.type === "cellular";
}

try {
  // What doesn't need Python doesn't wait for it: the list of models, the database, and the last visit's model.
  /** @type {Map<string, Promise<string>>} */
  const early = new Map([["models.json", fetchText(new URL("models.json", root), (headers) => {
    listIsKept = headers.has("X-Orion-Kept");
  })]]);
  for (const text of early.values()) text.catch(() => {}); // the next caller tries again
  const opening = openShards().then((shards) => {
    const warmStart = new WarmStart(shards, new URL("workers/inference.js", root));
    const may = (/** @type {First} */ { ahead }) => (ahead === false || metered() ? warmStart.drop() : warmStart.start());
    // A page whose last visit allowed it needn't have spoken; what it says then still counts.
    if (told.has("ahead")) may({});
    void first.then(may);
    return { shards, warmStart };
  });
  const kernel = kernelHere();
  const begins = (/** @type {"snapshot" | "bytecode"} */ phase) => {
    const ms = performance.now() - started;
    void held.then(() => post({ type: "boot", phase, ms }));
  };
  const booting = startPython(new URL("vendor/", root), again, begins);
  const [python, { shards, warmStart }] = await Promise.all([booting, opening, held]);
  post({ type: "boot", phase: "python", ms: performance.now() - started });
  const bridge = {
    shards,
    detectDevice: async () => JSON.stringify(await detectDevice(kernel)),
    newInferenceClient: (/** @type {string} */ spec) => warmStart.take(spec),
    newEncoderClient: () => new InferenceClient(new URL("workers/inference.js", root)),
    newTokenizer: (/** @type {Uint8Array} */ definition, /** @type {(format: string) => string} */ now) =>
      new ChatTokenizer(definition, now),
    newTemplate: (/** @type {string} */ parts, /** @type {(format: string) => string} */ now) =>
      new ChatTemplate(JSON.parse(parts), now),
    rememberSpec: (/** @type {string} */ spec, /** @type {number} */ bytes) => warmStart.remember(spec, bytes),
    heldAhead: () => warmStart.held(),
    dropAhead: () => warmStart.drop(),
    limitAhead: (/** @type {number} */ bytes) => void warmStart.limit(bytes),
    makeSnapshot: () => snapshots.make(),
    stopSnapshot: () => snapshots.stop(),
    keptPrefixes: async () => JSON.stringify(await prefixes.all()),
    dropPrefixes: (/** @type {string} */ keys) => prefixes.drop(JSON.parse(keys)),
    tabs: new Tabs(),
    fetchText: (/** @type {string} */ path) => {
      const text = early.get(path);
      early.delete(path);
      return text ? text.catch(() => fetchText(allowedUrl(path, root))) : fetchText(allowedUrl(path, root));
    },
    exists: async (/** @type {string} */ path) => (await fileFacts(allowedUrl(path, root))) !== null,
    facts: async (/** @type {string} */ path) => {
      const found = await fileFacts(allowedUrl(path, root));
      return found ? JSON.stringify(found) : "";
    },
    listIsKept: () => listIsKept,
    metered,
    resolve: (/** @type {string} */ path) => allowedUrl(path, root).href,
    addBundle: (/** @type {string} */ name) => addBundle(python, new URL(`vendor/python/${name}.bin`, root)),
    send: (/** @type {string} */ text) => self.postMessage(text),
  };
  // A fifth of the imports' time, and not needed before the router's head or a model's logits are.
  python.pyimport("orion_py.browser.lazy").defer("numpy");
  receive = python.pyimport("orion_py.browser.main").start(bridge);
  post({ type: "boot", phase: "engine", ms: performance.now() - started });
  for (const text of inbox.splice(0)) receive(text);
} catch (cause) {
  await held;
  post({ type: "boot-failed", message: cause instanceof Error ? cause.message : String(cause) });
}
