/**
 * Runs the engine worker: boots Python, hands it the bridge, and carries the page's messages to it.
 *
 * Page to engine and back: JSON text as orion_py/protocol/ defines it. From the page also, before a question that names
 * them, {request, attach}: its files, as engine/attachments.js takes them; and behind a request to listen {type: "samples",
 * id, samples}: what is recorded, as engine/live-sound.js takes it. To the page also several texts in a list, in their order
 * (outbox.js). Before Python is up the page gets {v, id: "engine", type: "boot", phase, ms}, and on failure {…, type:
 * "boot-failed", message}; what it sends meanwhile is kept for Python.
 */

import { holdName } from "../bridge/shared/worker-link.js";
import { beginBridge } from "../bridge/worker/engine/bridge.js";
import { startPython } from "../bridge/worker/python/start.js";

const root = new URL("../", import.meta.url);
const vendor = new URL("vendor/", root);
const started = performance.now();
/** Another engine of this page ended before its time: whatever it began with isn't begun with again. */
const told = new URL(self.location.href).searchParams;

/** This worker's first message waits for it. */
const held = holdName();

/** @type {string[]} */
const inbox = [];
/** @type {(message: import("../bridge/worker/engine/bridge.js").First) => void} */
let heardFirst = () => {};
/** @type {Promise<import("../bridge/worker/engine/bridge.js").First>} the page's first message */
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
/** @typedef {import("../bridge/worker/engine/attachments.js").Message} Files */
/** @typedef {import("../bridge/worker/engine/live-sound.js").Block} Block */
/** @type {(Files | Block)[]} that came before the bridge */
const beside = [];
let take = (/** @type {Files | Block} */ message) => { beside.push(message); };
self.onmessage = ({ data }) => (typeof data === "string" ? receive(data) : take(data));

/** @typedef {import("../bridge/shared/protocol.js").BootEvent} BootEvent */
/** @typedef {import("../bridge/shared/protocol.js").BootFailed} BootFailed */

/** @param {Omit<BootEvent, "v" | "id"> | Omit<BootFailed, "v" | "id">} message */
const post = (message) => {
  /** @type {BootEvent | BootFailed} */
  const whole = { v: 1, id: "engine", ...message };
  self.postMessage(JSON.stringify(whole));
};

try {
  const begins = (/** @type {"snapshot" | "bytecode"} */ phase) => {
    const ms = performance.now() - started;
    void held.then(() => post({ type: "boot", phase, ms }));
  };
  const ahead = told.has("ahead");
  const known = { ahead, first: told.has("first") };
  const opening = beginBridge(root, known, first);
  // Python keeps this thread busy, and the last visit's model takes longer than Python: its worker begins first.
  const clear = ahead ? opening.then(({ begun }) => begun) : Promise.resolve();
  const arrived = () => opening.then(({ connected }) => connected());
  const booting = startPython(vendor, told.has("again"), begins, clear, arrived);
  const [python, { bridgeFor, attachments, liveSound }] = await Promise.all([booting, opening, held]);
  take = (message) => ("samples" in message ? liveSound.take(message) : attachments.take(message));
  beside.splice(0).forEach(take);
  post({ type: "boot", phase: "python", ms: performance.now() - started });
  // A fifth of the imports' time, and not needed before the router's head or a model's logits are.
  python.pyimport("orion_py.browser.lazy").defer("numpy");
  receive = python.pyimport("orion_py.browser.main").start(await bridgeFor(python));
  post({ type: "boot", phase: "engine", ms: performance.now() - started });
  for (const text of inbox.splice(0)) receive(text);
} catch (cause) {
  await held;
  post({ type: "boot-failed", message: cause instanceof Error ? cause.message : String(cause) });
}
