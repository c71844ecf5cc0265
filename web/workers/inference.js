/**
 * Runs the inference worker: one model, its sessions and its KV cache. It ends by being terminated,
 * which is the one way a browser gives WASM and GPU memory back.
 *
 * Messages {v: 1, id, type, payload}; each is answered with {v: 1, id, type: "result", payload} or
 * {v: 1, id, type: "error", error: {code, message, detail}}.
 *
 *   model.open     {manifest, variant, threads, context} -> {backend, threads, cancel}   a flag (runner.js), or null
 *   model.feed     {sha256, blob}         -> {ms}    blob: null, or the shard where it isn't in IndexedDB
 *   model.bring    {url, sha256, size}    -> {}      downloaded, kept on the device and fed; one after the other
 *   model.build    {}                     -> {backend, threads, create_ms, warmup_ms, memory_bytes}
 *   model.forward  {tokens, position}     -> {logits}
 *   model.forwardEmbeddings {embeddings, width, position, axes} -> {logits}
 *   model.verify   {tokens, position}     -> {logits}    after each token
 *   model.run      {token, position, count, ends, choice} -> {tokens, ms}    steps whose tokens are chosen here (messages.d.ts)
 *   model.keep     {facts, budget}        -> {bytes}    the cache's first rows, on the device
 *   model.restore  {key, rows}            -> {restored}
 *   model.memory   {}                     -> {memory_bytes}   of a graph model, too
 *   model.ping     {}                     -> {}      at once, unless something computes
 *   model.cancel   {}                     -> {}      a forward under way ends, at its next pause, as cancelled; where
 *                                                    there is a flag it has ended by then. A run ends with what it has
 *
 *   graphs.open    {sessions, threads}    -> {}      a graph model instead of a language model (bridge/worker/ort/graphs.js)
 *   graphs.feed    {sha256, role, blob}   -> {}      a graph or weights
 *   graphs.build   {}                     -> {backend, threads, create_ms, warmup_ms, memory_bytes}
 *   graphs.place   {session, backend}     -> {}      WebGPU computes that session from its next run on, or WASM again
 *   graphs.run     {session, inputs, want} -> {outputs, fell}    named tensors, transferred both ways; fell: {code, message}
 *                                                    of a GPU that failed, so that WASM made this run and makes the next
 *   graphs.reset   {session}              -> {}      the state that it keeps is forgotten
 *
 *   encoder.open   {sha256, blob}         -> {}      a sentence encoder instead of a language model
 *   encoder.encode {tokens}               -> {embedding}
 *
 * Before a run's answer there are {v: 1, id, type: "tokens", payload: {tokens, ms}} with what it has chosen since the last,
 * before a bring's {v: 1, id, type: "arrived", payload: {bytes}}.
 * Before an answer and before tokens there may be {v: 1, type: "threads", payload: {threads}}: another number computes since the last one.
 *
 * Feeds may overlap: one shard is hashed while another is expanded. Feeds and brings wait for the open before them, and a build
 * for them, so that a whole start can be asked for at once by an owner who is busy then. All else waits its turn.
 */

import { BridgeError, toBridgeError } from "../bridge/worker/errors.js";
import { holdName } from "../bridge/shared/worker-link.js";
import { ModelSession } from "../bridge/worker/inference/session.js";

/** Nothing is answered before. */
const held = holdName();
/** @type {ModelSession | null} */
let model = null;
/** @type {Promise<ModelSession> | null} */
let opening = null;
/** @type {import("../bridge/worker/ort/encoder.js").Encoder | null} */
let encoder = null;
/** @type {import("../bridge/worker/ort/graphs.js").GraphModel | null} */
let graphs = null;
let cancelled = false;
/** Threads that the other side knows of; 0 before the build. */
let reported = 0;

function opened() {
  if (!model) throw new BridgeError("protocol", "model.open comes first");
  return model;
}

function openedGraphs() {
  if (!graphs) throw new BridgeError("protocol", "graphs.open comes first");
  return graphs;
}

/** Lets queued messages in, then stops if one of them was a cancel. */
async function pause() {
  await new Promise((resume) => setTimeout(resume, 0));
  if (cancelled) throw new BridgeError("cancelled", "stopped between two parts of the prompt");
}

/** As `pause`, and at once: a browser lets timers wait. */
const turns = new MessageChannel();
let turned = () => {};
turns.port1.onmessage = () => turned();

/** Lets queued messages in. @returns {Promise<boolean>} whether none of them was a cancel */
async function hear() {
  await new Promise((resume) => {
    turned = () => resume(null);
    turns.port2.postMessage(null);
  });
  return !cancelled;
}

/** @param {Reply} reply @param {Transferable[]} [transfer] */
const post = (reply, transfer = []) => self.postMessage(reply, { transfer });

/** Whether a thread was lost in what just ran. */
function tellThreads() {
  if (!model || !reported || model.threads === reported) return;
  reported = model.threads;
  post({ v: 1, type: "threads", payload: { threads: reported } });
}

/** @typedef {import("../bridge/worker/inference/messages.js").Reply} Reply */
/** @typedef {import("../bridge/worker/inference/messages.js").Handlers} Handlers */
/** @typedef {import("../bridge/worker/inference/messages.js").Telling} Telling */
/** @type {Handlers} */
const handlers = {
  async "model.open"(payload) {
    opening = ModelSession.open(payload);
    model = await opening;
    return { payload: { backend: model.backend, threads: model.threads, cancel: model.cancelFlag } };
  },
  async "model.feed"({ sha256, blob }) {
    const started = performance.now();
    const session = await opening; // it may be asked for before that is answered
    await (session ?? opened()).feed(sha256, blob ?? null);
    return { payload: { ms: performance.now() - started } };
  },
  async "model.bring"(shard, { arrived }) {
    const session = await opening;
    await (session ?? opened()).bring(shard, arrived);
    return { payload: {} };
  },
  async "model.build"() {
    const session = await opening;
    const report = await (session ?? opened()).build();
    reported = report.threads;
    return { payload: report };
  },
  async "model.forward"({ tokens, position }) {
    cancelled = false;
    const logits = await opened().forward(tokens, position, pause);
    return { payload: { logits }, transfer: [logits.buffer] };
  },
  async "model.forwardEmbeddings"({ embeddings, width, position, axes }) {
    cancelled = false;
    const logits = await opened().forwardEmbeddings(embeddings, width, position, axes, pause);
    return { payload: { logits }, transfer: [logits.buffer] };
  },
  async "model.verify"({ tokens, position }) {
    const logits = await opened().verify(tokens, position);
    return { payload: { logits }, transfer: [logits.buffer] };
  },
  async "model.run"(request, { tokens }) {
    cancelled = false;
    return { payload: await opened().run(request, tokens, hear) };
  },
  async "model.keep"({ facts, budget }) {
    return { payload: { bytes: await opened().keepRows(facts, budget) } };
  },
  async "model.restore"({ key, rows }) {
    return { payload: { restored: await opened().restoreRows(key, rows) } };
  },
  async "model.memory"() {
    return { payload: { memory_bytes: (graphs ?? opened()).memoryBytes } };
  },
  async "model.ping"() {
    return { payload: {} };
  },
  async "graphs.open"({ sessions, threads }) {
    const { GraphModel } = await import("../bridge/worker/ort/graphs.js").catch((cause) => { throw toBridgeError(cause, "backend_unavailable"); });
    graphs = await GraphModel.open(new URL("../vendor/ort/", import.meta.url), sessions, threads);
    return { payload: {} };
  },
  async "graphs.feed"({ sha256, role, blob }) {
    await openedGraphs().feed(sha256, role, blob ?? null);
    return { payload: {} };
  },
  async "graphs.build"() {
    const started = performance.now();
    await openedGraphs().build();
    const { threads, memoryBytes } = openedGraphs();
    const report = { backend: "wasm", threads, create_ms: performance.now() - started, warmup_ms: 0, memory_bytes: memoryBytes };
    return { payload: report };
  },
  async "graphs.run"({ session, inputs, want }) {
    const { outputs, fell } = await openedGraphs().run(session, inputs, want);
    const failure = fell && { code: fell.code, message: fell.message };
    return { payload: { outputs, fell: failure }, transfer: Object.values(outputs).map(({ data }) => data.buffer) };
  },
  async "graphs.place"({ session, backend }) {
    await openedGraphs().place(session, backend);
    return { payload: {} };
  },
  async "graphs.reset"({ session }) {
    await openedGraphs().reset(session);
    return { payload: {} };
  },
  async "encoder.open"({ sha256, blob }) {
    const { Encoder } = await import("../bridge/worker/ort/encoder.js"); // with onnxruntime's side, which a model seldom needs
    encoder = await Encoder.open(new URL("../vendor/ort/", import.meta.url), sha256, blob ?? null);
    return { payload: {} };
  },
  async "encoder.encode"({ tokens }) {
    if (!encoder) throw new BridgeError("protocol", "encoder.open comes first");
    const embedding = await encoder.encode(tokens);
    return { payload: { embedding }, transfer: [embedding.buffer] };
  },
  async "model.cancel"() {
    cancelled = true;
    return { payload: {} };
  },
};

self.onmessage = async ({ data: { id, type, payload } }) => {
  try {
    const handler = /** @type {Record<string, ((payload: any, tell: Telling) => ReturnType<Handlers[keyof Handlers]>) | undefined>} */ (handlers)[type];
    if (!handler) throw new BridgeError("protocol", `the inference worker has no ${type}`);
    /** @type {Telling} */
    const tell = {
      tokens(chosen) {
        tellThreads();
        post({ v: 1, id, type: "tokens", payload: chosen });
      },
      arrived: (bytes) => void held.then(() => post({ v: 1, id, type: "arrived", payload: { bytes } })),
    };
    const { payload: answer, transfer = [] } = await handler(payload, tell);
    await held;
    tellThreads();
    post({ v: 1, id, type: "result", payload: answer }, transfer);
  } catch (cause) {
    await held;
    tellThreads();
    post({ v: 1, id, type: "error", error: toBridgeError(cause, "runtime_failure").toJSON() });
  }
};
