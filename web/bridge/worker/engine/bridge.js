/**
 * Makes what Python reaches the browser through, and begins with what doesn't need Python: the list of models, the
 * database, the device, and the last visit's model.
 */

import { InferenceClient } from "../inference/client.js";
import { kernelHere } from "../kernel/module.js";
import { addBundle } from "../python/boot.js";
import { SnapshotMaker } from "../snapshot/maker.js";
import { PrefixStore } from "../storage/prefix-store.js";
import { openShards } from "../storage/shards.js";
import { AttachmentStore } from "./attachments.js";
import { detectDevice } from "./device.js";
import { fetchText, fileFacts } from "./fetch-text.js";
import { LiveSound } from "./live-sound.js";
import { allowedUrl } from "./origins.js";
import { Outbox } from "./outbox.js";
import { Tabs } from "./tabs.js";
import { WarmStart, WarmStartClient } from "./warm-start.js";

/** @typedef {Pick<import("../../shared/protocol.js").Initialize, "ahead" | "preset" | "config">} First */

/** What was fetched for Python is given to it so long; later it may be another. */
const EARLY_MS = 60_000;

/** Is the connection metered, or did the person ask to save data? As far as the browser tells. */
function metered() {
  const line = /** @type {{saveData?: boolean, type?: string} | undefined} */ (/** @type {any} */ (navigator).connection);
  return line?.saveData === true || line?.type === "cellular";
}

/**
 * @param {URL} root the page's folder
 * @param {{ahead: boolean, first: boolean}} known what the page says of itself at once: the last visit allowed its model to be begun
 *   with; or there was no visit before, and the page asks for a model as soon as it can
 * @param {Promise<First>} first the page's first message, which says whether anything is to be loaded before it is asked for
 * @returns {Promise<{bridgeFor: (python: any) => Promise<object>, begun: Promise<void> | void, connected: () => Promise<void>,
 *   attachments: AttachmentStore, liveSound: LiveSound}>} what makes the bridge for a Python; when the last visit's model has
 *   begun, if it may; what to call, and to wait for, once Python needs the connection no more; and what takes the questions'
 *   files, and what a microphone records
 */
export async function beginBridge(root, known, first) {
  /** The service worker gave the list of models that it had, and fetches the newest behind it. */
  let listIsKept = false;
  /** @type {Map<string, Promise<string>>} */
  const early = new Map([["models.json", fetchText(new URL("models.json", root), (headers) => {
    listIsKept = headers.has("X-Orion-Kept");
  })]]);
  for (const text of early.values()) text.catch(() => {}); // the next caller tries again
  const attachments = new AttachmentStore();
  const liveSound = new LiveSound();
  const inference = new URL("workers/inference.js", root);
  const spare = known.first ? new WarmStartClient(inference) : null;
  const outbox = new Outbox((texts) => self.postMessage(texts));
  const tabs = new Tabs();
  let stale = false; // what was read ahead of the settings: another tab has written, or the engine has started
  /** @type {import("../storage/shards.js").ShardStore | undefined} */
  let store;
  const outdate = () => { stale = true; store?.settings.forget(); };
  tabs.listen(outdate);
  const device = detectDevice(kernelHere());
  const snapshots = new SnapshotMaker(root);
  const prefixes = new PrefixStore();
  const shards = store = await openShards({ ahead: true });
  if (stale) outdate();
  const resolve = (/** @type {string} */ path) => allowedUrl(path, root).href;
  const list = /** @type {Promise<string>} */ (early.get("models.json"));
  /** Of a file that Python asks for soon, too. */
  const text = (/** @type {string} */ path) => {
    const fetched = fetchText(allowedUrl(path, root));
    early.set(path, fetched);
    setTimeout(() => early.delete(path), EARLY_MS);
    return fetched;
  };
  const planned = async () => {
    // Who doesn't know the page's habits hasn't asked for a model; and what an engine that failed began with isn't begun again.
    if (!known.first && !known.ahead) return null;
    const { firstVisit } = await import("./first-visit.js"); // later visits do without
    return firstVisit({ said: known.first ? {} : await first, list, device, shards, text, resolve });
  };
  const warmStart = new WarmStart(shards, inference, planned, spare);
  const may = (/** @type {First} */ said) => (said.ahead === false || metered() ? warmStart.drop() : warmStart.start());
  // A page of which that much is known needn't have spoken; what it says then still counts.
  const begun = known.ahead || known.first ? may({}) : undefined;
  void first.then(may);
  const texts = import("./texts.js"); // nothing before Python wants it
  texts.catch(() => {}); // awaited below
  const bridgeFor = (/** @type {any} */ python) => texts.then(({ ChatTemplate, ChatTokenizer }) => ({
    shards,
    detectDevice: async () => JSON.stringify(await device),
    newInferenceClient: (/** @type {string} */ spec) => warmStart.take(spec),
    newPlainClient: () => new InferenceClient(inference),
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
    tabs,
    attachments,
    liveSound,
    readCodes: async (/** @type {Uint8Array} */ pixels, /** @type {number} */ width, /** @type {number} */ height) => {
      const { readCodes } = await import("../pictures/codes.js"); // no start needs it
      return readCodes(root, pixels, width, height);
    },
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
    resolve,
    addBundle: (/** @type {string} */ name) => addBundle(python, new URL(`vendor/python/${name}.bin`, root)),
    send: (/** @type {string} */ text) => {
      if (!stale && text.includes('"type":"result"')) outdate();
      outbox.send(text);
    },
    sendSound: (/** @type {string} */ text, /** @type {Float32Array<ArrayBuffer>} */ samples) => {
      outbox.flush(); // in the order in which they were sent
      self.postMessage({ text, samples }, { transfer: [samples.buffer] });
    },
  }));
  return { bridgeFor, begun, attachments, liveSound, connected: () => warmStart.connected() };
}
