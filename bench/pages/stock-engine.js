/**
 * web/workers/engine.js with Pyodide booted the documented way: loadPyodide, loadPackage from files
 * beside it, and orion_py as sources. All else is the same, so that the difference is the boot's.
 */

import { AttachmentStore } from "../orion/bridge/worker/engine/attachments.js";
import { detectDevice } from "../orion/bridge/worker/engine/device.js";
import { fetchText, fileFacts } from "../orion/bridge/worker/engine/fetch-text.js";
import { LiveSound } from "../orion/bridge/worker/engine/live-sound.js";
import { InferenceClient } from "../orion/bridge/worker/inference/client.js";
import { kernelHere } from "../orion/bridge/worker/kernel/module.js";
import { addBundle } from "../orion/bridge/worker/python/boot.js";
import { openShards } from "../orion/bridge/worker/storage/shards.js";
import { ChatTemplate } from "../orion/bridge/worker/chat-template/template.js";
import { Tabs } from "../orion/bridge/worker/engine/tabs.js";
import { ChatTokenizer } from "../orion/bridge/worker/tokenizer/tokenizer.js";
import { loadPyodide } from "../stock/pyodide.mjs";

const root = new URL("../orion/", import.meta.url);
const stock = new URL("../stock/", import.meta.url);

/** @type {string[]} */
const inbox = [];
/** @type {(text: string) => void} */
let receive = (text) => void inbox.push(text);
self.onmessage = (event) => receive(event.data);

async function bootPython() {
  const sources = fetch(new URL("orion_py.zip", stock)).then((response) => response.arrayBuffer());
  const python = await loadPyodide({ indexURL: stock.href, packageBaseUrl: stock.href });
  await python.loadPackage(["numpy", "pydantic"], { messageCallback: () => {} });
  python.unpackArchive(await sources, "zip");
  return python;
}

const [python, shards] = await Promise.all([bootPython(), openShards()]);
/** @param {string} path */
const found = (path) => fileFacts(new URL(path, root));
receive = python.pyimport("orion_py.browser.main").start({
  shards,
  tabs: new Tabs(),
  attachments: new AttachmentStore(),
  liveSound: new LiveSound(),
  readCodes: async () => "[]",
  detectDevice: async () => JSON.stringify(await detectDevice(kernelHere())),
  newInferenceClient: () => new InferenceClient(new URL("workers/inference.js", root)),
  newPlainClient: () => new InferenceClient(new URL("workers/inference.js", root)),
  newTokenizer: (/** @type {Uint8Array} */ definition, /** @type {(format: string) => string} */ now) =>
    new ChatTokenizer(definition, now),
  newTemplate: (/** @type {string} */ parts, /** @type {(format: string) => string} */ now) =>
    new ChatTemplate(JSON.parse(parts), now),
  // Nothing is begun ahead, kept or saved here.
  rememberSpec: () => {},
  heldAhead: () => "",
  dropAhead: () => {},
  limitAhead: () => {},
  makeSnapshot: async () => "impossible",
  stopSnapshot: () => {},
  keptPrefixes: async () => "[]",
  dropPrefixes: async () => {},
  listIsKept: () => false,
  metered: () => false,
  fetchText: (/** @type {string} */ path) => fetchText(new URL(path, root)),
  exists: async (/** @type {string} */ path) => (await found(path)) !== null,
  facts: async (/** @type {string} */ path) => {
    const facts = await found(path);
    return facts ? JSON.stringify(facts) : "";
  },
  resolve: (/** @type {string} */ path) => new URL(path, root).href,
  addBundle: (/** @type {string} */ name) => addBundle(python, new URL(`vendor/python/${name}.bin`, root)),
  send: (/** @type {string} */ text) => self.postMessage(text),
  sendSound: (/** @type {string} */ text, /** @type {Float32Array} */ samples) =>
    self.postMessage({ text, samples }),
});
for (const text of inbox.splice(0)) receive(text);
