/**
 * The engine worker: boots Python, hands it the bridge, and carries the page's messages to it.
 *
 * Page to engine and back: JSON text as orion_py/protocol.py defines it. Before Python is up the
 * page gets {v, id: "engine", type: "boot", phase, ms}, and on failure {…, type: "boot-failed",
 * message}; what it sends meanwhile is kept for Python.
 */

import { ChatTemplate } from "../bridge/chat-template.js";
import { detectDevice } from "../bridge/device.js";
import { fetchText, fileFacts } from "../bridge/fetch-text.js";
import { InferenceClient } from "../bridge/inference-client.js";
import { kernelHere } from "../bridge/kernel-module.js";
import { allowedUrl } from "../bridge/origins.js";
import { addBundle, bootPython } from "../bridge/python.js";
import { openShards } from "../bridge/shards.js";
import { Standby } from "../bridge/standby.js";
import { Tabs } from "../bridge/tabs.js";
import { ChatTokenizer } from "../bridge/tokenizer.js";

const root = new URL("../", import.meta.url);
const started = performance.now();

// Held as long as this worker lives, so that the page notices its end, whatever ended it.
navigator.locks?.request(self.name, () => new Promise(() => {})).catch(() => {}); // refused with all site data

/** @type {string[]} */
const inbox = [];
/** @type {(message: {ahead?: boolean}) => void} */
let heardFirst = () => {};
/**
 * The page's first message, which says whether anything is to be loaded before it is asked for.
 *
 * @type {Promise<{ahead?: boolean}>}
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

/** @typedef {import("../bridge/protocol.js").BootEvent} BootEvent */
/** @typedef {import("../bridge/protocol.js").BootFailed} BootFailed */

/** @param {Omit<BootEvent, "v" | "id"> | Omit<BootFailed, "v" | "id">} message */
const post = (message) => {
  /** @type {BootEvent | BootFailed} */
  const whole = { v: 1, id: "engine", ...message };
  self.postMessage(JSON.stringify(whole));
};

/** Does the line cost by the byte, or did the person ask to save data? As far as the browser tells. */
function metered() {
  const line = /** @type {{saveData?: boolean, type?: string} | undefined} */ (/** @type {any} */ (navigator).connection);
  return line?.saveData === true || line?.type === "cellular";
}

try {
  // What doesn't need Python doesn't wait for it: the database, and the last visit's model.
  const opening = openShards().then((shards) => {
    const standby = new Standby(shards, new URL("workers/inference.js", root));
    void first.then((message) => (message.ahead === false || metered() ? standby.drop() : standby.start()));
    return { shards, standby };
  });
  const kernel = kernelHere();
  const [python, { shards, standby }] = await Promise.all([bootPython(new URL("vendor/", root)), opening]);
  post({ type: "boot", phase: "python", ms: performance.now() - started });
  const bridge = {
    root: root.href,
    shards,
    detectDevice: async () => JSON.stringify(await detectDevice(kernel)),
    newInferenceClient: (/** @type {string} */ spec) => standby.take(spec),
    newEncoderClient: () => new InferenceClient(new URL("workers/inference.js", root)),
    newTokenizer: (/** @type {string} */ definition, /** @type {(format: string) => string} */ now) =>
      new ChatTokenizer(definition, now),
    newTemplate: (/** @type {string} */ parts, /** @type {(format: string) => string} */ now) =>
      new ChatTemplate(JSON.parse(parts), now),
    rememberSpec: (/** @type {string} */ spec, /** @type {number} */ bytes) => standby.remember(spec, bytes),
    heldAhead: () => standby.held(),
    dropAhead: () => standby.drop(),
    limitAhead: (/** @type {number} */ bytes) => void standby.limit(bytes),
    tabs: new Tabs(),
    fetchText: (/** @type {string} */ path) => fetchText(allowedUrl(path, root)),
    exists: async (/** @type {string} */ path) => (await fileFacts(allowedUrl(path, root))) !== null,
    facts: async (/** @type {string} */ path) => {
      const found = await fileFacts(allowedUrl(path, root));
      return found ? JSON.stringify(found) : "";
    },
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
  post({ type: "boot-failed", message: cause instanceof Error ? cause.message : String(cause) });
}
