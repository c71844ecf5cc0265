/**
 * Stands where workers/engine.js stands, speaks the protocol, computes nothing: the page's tests
 * need an engine that does the same thing every time, also the things that hardly ever happen.
 *
 * models/scenario.json says how it behaves; the words of a question choose the answer (scripted-answers.js), or its `answer` is it.
 */
import { holdName } from "../bridge/shared/worker-link.js";
import { ANSWERS } from "./scripted-answers.js";
import { ScriptedEars } from "./scripted-ears.js";
import { ScriptedEyes } from "./scripted-eyes.js";
import { ran, tried } from "./scripted-skills.js";
import { ScriptedVoice } from "./scripted-voice.js";

const MODEL = "scripted-model";
const root = new URL("../", import.meta.url);
const early = [];
let receive = (text) => early.push(text);
const held = holdName();
const eyes = new ScriptedEyes();
self.onmessage = ({ data }) => (typeof data === "string" ? receive(data) : "samples" in data ? ears.take(data) : eyes.files.take(data));
// Never a cached one: a test may have written it a moment ago.
const scenario = await fetch(new URL("models/scenario.json", root), { cache: "no-store" }).then((answer) => (answer.ok ? answer.json() : {}), () => ({}));
await held;

const post = (message) => self.postMessage(JSON.stringify({ v: 1, ...message }));
const ears = new ScriptedEars(post, scenario);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const stopped = new Set();
const voice = new ScriptedVoice(post, scenario);
const seen = [];
const asked = []; // types of the requests, in order
const corrections = [];
let config = { max_memory_mb: 4000, slow_call_s: 60, exact: false, runner: "auto", cache_bits: "auto", enable_speculation: true, use_neural_router: true, enable_guardrails: true, enable_predictive_loading: true, enable_telemetry: false, verbose_logging: false };
let preset = "production";
let following = false, clock = 0;
let answered = 0, slow = 0;
const measured = {}; // the last metric of each name

function measure(id, name, value, unit = "ms", isSlow = false) {
  const count = (measured[name]?.count ?? 0) + 1;
  measured[name] = { count, p50: value, p95: value };
  slow += isSlow;
  post({ id, type: "metric", name, value, unit, ...measured[name], slow: isSlow });
}

let restsUntil = 0;
let why = "failures";
const rests = () => Math.max(0, restsUntil - performance.now()) / 1000;
let loaded = false;
let kept = scenario.stored ?? false;
let loading = null, stopLoading = false;

const shards = Array.from({ length: scenario.shards ?? 13 }, (_, index) => ({
  sha256: String(index).padStart(64, "0"),
  role: index === 0 ? "tokenizer" : index === 1 ? "graph" : index === 2 ? "embedding" : "layers",
  size: index === 0 ? 1_368_128 : index === 1 ? 376_943 : index === 2 ? 30_081_024 : 6_630_000,
  loaded: 0,
  state: "waiting",
}));
const total = shards.reduce((sum, shard) => sum + shard.size, 0);

const AGENTS = [
  ["conversation", "Conversation", "Conversation"], ["code", "Code", "Code"], ["logical", "Logic", "Logique"],
  ["creative", "Creative", "Créatif"], ["multilingual", "Multilingual", "Multilingue"],
  ["vision", "Vision", "Vision"], ["code-logic", "Code and logic", "Code et logique"],
  ...(scenario.hears ? [["speech", "Speech", "Parole"]] : []),
].map(([id, en, fr]) => ({
  id, title: { en, fr }, description: { en: `About ${en}.`, fr: `Sur ${fr}.` }, available: (id !== "vision" || scenario.sees === true) && id !== "code-logic", custom: false,
  models: [MODEL], usable: id === "vision" ? [] : [MODEL], capabilities: { vision: ["vision", "ocr"], speech: ["speech-to-text"] }[id] ?? ["chat"], system: { en: "", fr: "" }, max_tokens: 512,
  temperature: null, top_p: null, top_k: null, repetition_penalty: null,
  missing: id === "vision" && !scenario.sees ? [{ id: "eye", title: "Eye", source: "", coming: false, senses: [], reason: { en: "The model that sees images isn't part of this version yet.", fr: "Le modèle qui voit les images ne fait pas encore partie de cette version." } }] : [],
}));
const MODEL_ROW = {
  id: MODEL, title: "SmolLM2 135M Instruct", languages: ["en"], manifest: "models/scripted/manifest.json", tier: "lite", family: "llama", licence: "Apache-2.0",
  download_bytes: total, memory_bytes: 412_000_000, onnxruntime_memory_bytes: null, device_memory_gb: null, capabilities: ["chat"], weak_at: [], offered: true,
  sampling: { temperature: 0.7, top_p: 0.95, top_k: 40, repetition_penalty: 1 },
};
const PROBABILITIES = { conversation: 0.31, code: 0.27, logical: 0.14, creative: 0.12, multilingual: 0.09, vision: 0.04, speech: 0.03 };

/** Who answers: forced, then what was taught, then the words: "unsure" is a low confidence, "sure" a high one. */
function route(query, { force_agent: forced }) {
  if (forced) return { agent: forced, router: "forced", reason: "The user chose this agent.", confidence: null, probabilities: null, runner_up: null };
  const taught = corrections.findLast((each) => each.query === query);
  if (taught) return { agent: taught.agent, router: "neural", reason: "This looks like what you taught (97%).", confidence: 0.97, probabilities: { ...PROBABILITIES, [taught.agent]: 0.97 }, runner_up: "conversation" };
  if (/unsure/i.test(query)) return { agent: "conversation", router: "neural", reason: "Not sure enough: maybe conversation (31%).", confidence: 0.31, probabilities: PROBABILITIES, runner_up: "code" };
  if (/sure/i.test(query)) return { agent: "code", router: "neural", reason: "This looks like programming (92%).", confidence: 0.92, probabilities: { ...PROBABILITIES, code: 0.92, conversation: 0.03 }, runner_up: "logical" };
  return { agent: "conversation", router: "keyword", reason: "No keyword of a specialist.", confidence: null, probabilities: null, runner_up: null };
}

/** A log record: kept, and told while somebody follows. */
const records = [];
function note(level, event, fields = {}) {
  clock += 0.37;
  const record = { time: Math.round(clock * 100) / 100, level, event, ...fields };
  records.push(record);
  if (following || config.verbose_logging) post({ id: "engine", type: "log", record });
}

const breaker = (more) => ({
  state: "closed", cause: null, retry_in_s: 0, slow_call_s: config.slow_call_s, p50_s: null, p95_s: null, failure_rate: 0, slow_rate: 0,
  successes: 9, failures: 0, slow: 0, ignored: 0, rejected: 0, opened: 0, ...more,
});
const storage = () => ({ quota: null, usage: null, persisted: false, shards: kept ? shards.length : 0, shard_bytes: kept ? total : 0, prefix_bytes: kept ? 1_400_000 : 0 });
const memory = () => ({ used_bytes: loaded ? 412_000_000 : 0, budget_bytes: config.max_memory_mb * 1e6, models: loaded ? [{ model: MODEL, bytes: 412_000_000, busy: false }] : [] });

/** Each part of the status as it is now. */
const parts = {
  version: () => "0.1.0",
  preset: () => preset,
  config: () => config,
  device: () => ({
    threads: 2, webgpu: false, webgpu_reason: "the browser offers no GPU adapter", webgpu_name: "", webgpu_software: false, webgpu_features: [],
    webgpu_limits: {}, onnxruntime: "1.30.0", isolated: self.crossOriginIsolated, memory_gb: null, kernel: "",
    kernel_reason: "", simd: true, ...scenario.device,
  }),
  storage,
  models: () => (scenario.models ?? [{}]).map((row) => ({ ...MODEL_ROW, ...row })),
  agents: () => AGENTS,
  senses: () => scenario.senses ?? [], groups: () => [], coming: () => [], recommended: () => null, added: () => [], custom: () => [], loading: () => [], versions: () => [],
  loaded: () => (loaded ? [{ model: MODEL, version: "1.0.0", backend: "WASM, 2 threads", variant: "wasm-int8", memory_bytes: 412_000_000, create_ms: 900, warmup_ms: 60 }] : []),
  webgpu: () => scenario.webgpu ?? (loaded ? [{ model: MODEL, session: "", state: "absent", speedup: null, kl: null, reason: "" }] : []),
  fallbacks: () => scenario.fallbacks ?? [],
  router: () => ({ name: config.use_neural_router ? "neural" : "keyword", loading: false, corrections: corrections.length, problem: null, agents: ["conversation", "code", "logical", "creative", "multilingual", "vision", "speech"], loaded_bytes: 0, total_bytes: 0 }),
  metrics: () => ({ counters: { answers: answered, slow_calls: slow }, histograms: Object.fromEntries(Object.entries(measured).map(([name, { count, p50, p95 }]) => [name, { count, min: p50, max: p95, mean: p50, p50, p90: p95, p95, p99: p95 }])) }),
  breakers: () => ({
    "model:scripted-model": breaker({ state: rests() ? "open" : "closed", cause: rests() ? why : null, slow_rate: why === "slow" ? 0.83 : 0, retry_in_s: rests(), failures: 1 }),
    "backend:WASM, 2 threads": breaker({}),
  }),
  queue: () => ({ running: 0, waiting: [], limit: 16 }),
  predictive: () => ({ started: 2, done: 2, cancelled: 0, failed: 0, hit: 1, wasted: 1, hit_rate: 0.5, wasted_bytes: 420_000_000, next: [{ agent: "code", probability: 0.66 }, { agent: "creative", probability: 0.2 }] }),
  upgrade: () => ({ model: null, paused: false, enabled: true, event: null }),
  memory,
};

const status = (names = Object.keys(parts)) => Object.fromEntries(names.map((name) => [name, parts[name]()]));

/** These parts of the status are others now. */
const changed = (...names) => post({ id: "engine", type: "changed", parts: status(names) });

/** A model came into memory, or left it. */
function memoryChanged() {
  post({ id: "engine", type: "memory", ...memory(), evicted: [] });
  changed("loaded", "webgpu");
}

const progress = (phase, more = {}) => post({
  id: "engine", type: "progress", model: MODEL, version: "1.0.0", phase, total_bytes: total, from_storage: kept,
  loaded_bytes: shards.reduce((sum, shard) => sum + (kept ? (shard.state === "loaded" ? shard.size : 0) : shard.loaded), 0),
  bytes_per_second: null, seconds_left: null, shards, ...more,
});

async function load() {
  stopLoading = false;
  progress("initializing");
  if (scenario.loadError && !kept) { await sleep(300); scenario.loadError = false; throw { code: "download_failed", family: "load", message: "HTTP 503", hint: "", retryable: true, detail: {} }; }
  if (!kept) {
    const speed = scenario.bytesPerSecond ?? 60e6;
    const tick = scenario.tickMs ?? 50;
    for (const shard of shards) {
      while (shard.loaded < shard.size) {
        if (stopLoading) return false;
        while (scenario.holdAt && shards.reduce((s, x) => s + x.loaded, 0) > scenario.holdAt * total && !stopLoading) {
          progress("downloading", { bytes_per_second: 7.4e6, seconds_left: 8 });
          await sleep(200);
        }
        await sleep(tick);
        shard.state = "downloading";
        shard.loaded = Math.min(shard.size, shard.loaded + Math.round(speed * tick / 1000));
        const here = shards.reduce((sum, each) => sum + each.loaded, 0);
        progress("downloading", { bytes_per_second: speed, seconds_left: (total - here) / speed });
      }
      shard.state = "stored";
    }
  }
  for (const shard of shards) {
    if (stopLoading) return false;
    shard.state = "loading";
    progress("loading_shard");
    await sleep(scenario.shardMs ?? 15);
    shard.state = "loaded";
  }
  progress("warming_up");
  await sleep(60);
  kept = loaded = true;
  progress("ready");
  memoryChanged();
  return true;
}

const ensure = async () => { if (!loaded) { loading ??= load().finally(() => { loading = null; }); return loading; } return true; };

async function infer({ id, query, history, options }) {
  seen.push({ query, history, options });
  const started = performance.now();
  const routing = route(query, options);
  let entered = started;
  const state = (previous, now, more = {}) => {
    const ms = performance.now() - entered;
    entered += ms;
    note("DEBUG", "state", { request: id, previous, state: now, ms: Math.round(ms) });
    const progress = { validating: 2, routing: 5, loading_agent: 10, inferencing: 60, success: 100 }[now];
    post({ id, type: "state", previous, state: now, ms, progress, agent: null, model: null, routing: null, ...more });
  };
  state("idle", "validating");
  if (query.length > 12000) {
    return post({ id, type: "error", error: { code: "query_too_long", family: "invalid_input", message: `The message has ${query.length} characters; at most 12,000 can be read at once.`, hint: "Shorten it.", retryable: false, detail: {} } });
  }
  state("validating", "routing");
  await sleep(scenario.routeMs ?? 5);
  state("routing", "loading_agent", { agent: routing.agent, routing });
  if (!(await ensure()) || stopped.has(id)) return post({ id, type: "cancelled", partial: "" });
  const loading = performance.now() - started;
  state("loading_agent", "inferencing", { agent: routing.agent, model: MODEL, routing });
  if (/crash/i.test(query)) { await sleep(50); setTimeout(() => { throw new Error("scripted crash"); }); receive = () => undefined; return; }
  if (/explode/i.test(query)) {
    await sleep(200);
    return post({ id, type: "error", error: { code: "worker_died", family: "runtime", message: "The inference worker ended: RangeError: memory access out of bounds", hint: "", retryable: true, detail: {} } });
  }
  if (/breaker/i.test(query)) restsUntil = performance.now() + 3000;
  if (/breaker/i.test(query)) {
    post({ id: "engine", type: "breaker", name: "model:scripted-model", state: "open", previous: "closed", failures: 1, retry_in_s: 3, cause: "failures", slow_rate: 0 });
    changed("breakers");
  }
  if (/sluggish/i.test(query)) {
    restsUntil = performance.now() + 3000;
    why = "slow";
    post({ id: "engine", type: "breaker", name: "model:scripted-model", state: "open", previous: "closed", failures: 0, retry_in_s: 3, cause: "slow", slow_rate: 0.83 });
    changed("breakers");
  }
  const chatter = /flood/i.test(query) ? scenario.chatter ?? 0 : 0;
  for (let row = 0; row < chatter; row += 1) setTimeout(() => note("DEBUG", "chatter", { row }), row * 4);
  if (/older/i.test(query)) post({ id, type: "fallback", kind: "context", from: "8 earlier messages", to: "6 earlier messages", reason_code: "context_overflow", reason: "The oldest 2 messages no longer fit." });
  await sleep(scenario.prefillMs ?? 120);
  const back = /\bof it\b/i.test(query) && options?.earlier_images?.length ? options.earlier_images : null; // a question that goes on about pictures
  const text = (await eyes.look(id, back ? { images: back } : options)) ?? scenario.answer ?? ANSWERS.find(([pattern]) => pattern.test(query))[1];
  const pieces = text.match(/\s*\S{1,6}|\s+/g);
  const rate = /flood/i.test(query) ? scenario.floodRate ?? 2000 : scenario.tokensPerSecond ?? 60;
  const first = performance.now() - started;
  let sent = "";
  for (const [index, piece] of pieces.entries()) {
    if (stopped.has(id)) return post({ id, type: "cancelled", partial: sent });
    if (scenario.pauseAt && index >= pieces.length * scenario.pauseAt) { await sleep(50); while (!stopped.has(id)) await sleep(50); }
    sent += piece;
    post({ id, type: "token", text: piece, index, tokens: index + 1, tokens_per_second: rate });
    post({ id, type: "advance", state: "inferencing", progress: 60 + Math.floor((39 * (index + 1)) / pieces.length) });
    if (rate < 500 || index % Math.round(rate / 250) === 0) await sleep(Math.max(4, 1000 / rate));
  }
  let said = "";
  if (/try it/i.test(query)) {
    said = await tried(id, query, post);
    post({ id, type: "revision", content: sent + said, reason: "skill", again: true });
  }
  const circles = /in circles/i.test(query) ? 1 : /for ever/i.test(query) ? 2 : 0;
  if (circles) {
    post({ id, type: "token", text: " Round it goes.".repeat(3), index: pieces.length, tokens: pieces.length + 12, tokens_per_second: rate });
    await sleep(scenario.circleMs ?? 300);
    post({ id, type: "revision", content: sent, reason: "loop", again: circles === 1 });
    await sleep(scenario.circleMs ?? 300);
    if (circles === 1) {
      sent += " And that is why.";
      post({ id, type: "token", text: " And that is why.", index: pieces.length + 1, tokens: pieces.length + 4, tokens_per_second: rate });
    }
  }
  state("inferencing", "success", { agent: routing.agent, model: MODEL, routing });
  note("INFO", "answered", { request: id, agent: routing.agent, model: MODEL });
  answered += 1;
  const total = performance.now() - started;
  measure(id, "first_token", first);
  measure(id, "inference", total - loading);
  measure(id, "tokens_per_second", 47.3, "tokens/s");
  measure(id, "pace", /sluggish/i.test(query) ? 70_000 : 1_400, "ms", /sluggish/i.test(query));
  post({ id, type: "result", payload: {
    content: circles ? sent : text + said, agent: routing.agent, routing, finish_reason: circles === 2 ? "loop" : "stop", loops: circles, backend: config.exact ? "WASM, 2 threads, exact" : "WASM, 2 threads", model: MODEL, model_version: "1.0.0", seed: 7,
    stream: { granularity: options?.granularity ?? "token", delay_ms: options?.delay_ms ?? 0, pieces: pieces.length, characters: text.length, tokens: pieces.length, first_ms: 120, ms: 900, tokens_per_second: 47.3 },
    usage: { prompt: 20, cached: 0, completion: pieces.length, drafted: 0, accepted: 0, cut: circles ? 12 : 0 }, notes: back ? { pictures: back } : scenario.notes ?? {}, tokens_per_second: 47.3 + [0, -3, 2, 5][(answered - 1) % 4],
    timings: { validating: 1, routing: 4, loading, prefill: first - loading, decode: total - first, engine: 21, first_token: first, total },
  } });
}

receive = async (text) => {
  const message = JSON.parse(text);
  const { id, type } = message;
  asked.push(type);
  if (type === "initialize") {
    post({ id: "engine", type: "boot", phase: "python", ms: 1 });
    await sleep(scenario.bootMs ?? 30);
    if (scenario.boot === "failed") return post({ id: "engine", type: "boot-failed", message: "scripted" });
    if (scenario.boot === "silent") return;
    if (message.preset) preset = message.preset;
    config = { ...config, ...message.config };
    for (let row = 0; row < (scenario.records ?? 3); row += 1) note(["INFO", "DEBUG", "WARN", "ERROR"][row % 4], ["initialized", "state", "fallback", "failed"][row % 4], { ms: 12 + row });
    post({ id, type: "result", payload: status() });
    if (scenario.fallback) post({ id: "engine", type: "fallback", ...scenario.fallback });
  } else if (type === "preload") {
    try { post((await ensure()) ? { id, type: "result", payload: { model: MODEL } } : { id, type: "cancelled", partial: "" }); }
    catch (error) { post({ id, type: "error", error }); }
  } else if (type === "infer") {
    try { await infer(message); } catch (error) { post({ id, type: "error", error }); }
  } else if (type === "skill.ran") {
    ran(message);
    post({ id, type: "result", payload: {} });
  } else if (type === "listen") {
    ears.listen(message);
  } else if (type === "heard_all") {
    ears.heardAll(message.request);
    post({ id, type: "result", payload: {} });
  } else if (type === "cancel") {
    if (message.request) stopped.add(message.request);
    else { stopLoading = true; for (const one of seen.keys()) stopped.add(one); }
    ears.stop(message.request);
    post({ id, type: "result", payload: {} });
  } else if (type === "speak") { await voice.speak(message, stopped);
  } else if (type === "unload") {
    loaded = false;
    if (message.forget) { kept = false; for (const shard of shards) Object.assign(shard, { loaded: 0, state: "waiting" }); }
    memoryChanged();
    post({ id, type: "result", payload: {} });
  } else if (type === "logs") {
    following = message.follow ?? following;
    post({ id, type: "result", payload: message.most ? { dropped: 0, records: records.slice(-message.most) } : { records: seen, asked, config, preset } });
  } else if (type === "teach") {
    if (message.action === "correct") corrections.push({ query: message.query, agent: message.agent });
    else if (message.action === "undo") corrections.pop();
    else corrections.length = 0;
    changed("router");
    post({ id, type: "result", payload: {} });
  } else if (type === "configure") {
    if (message.preset) {
      preset = message.preset === "auto" ? "production" : message.preset;
      config = { ...config, max_memory_mb: { production: 4000, development: 8000, low_end: 2000 }[preset], use_neural_router: preset !== "low_end", enable_guardrails: preset !== "low_end",
        enable_predictive_loading: preset !== "low_end", enable_telemetry: preset === "development", verbose_logging: preset === "development" };
    }
    config = { ...config, ...message.config };
    changed("config", "preset", "router", "memory");
    post({ id, type: "result", payload: {} });
  } else if (type === "anticipate") {
    post({ id, type: "result", payload: { agent: "", model: "", tokens: 0, cached: 0, restored: 0 } });
  } else if (type === "storage") {
    post({ id, type: "result", payload: storage() });
  } else if (type === "status") {
    post({ id, type: "result", payload: status(message.only?.length ? message.only : undefined) });
  } else if (type === "telemetry") {
    const counts = config.enable_telemetry && message.action !== "erase" ? { session: 1, answered: 2, "answered.agent.conversation": 2 } : {};
    post({ id, type: "result", payload: { enabled: config.enable_telemetry, version: 1, counts, ...(message.action === "export" ? { text: JSON.stringify(counts) } : {}) } });
  } else {
    post({ id, type: "result", payload: {} });
  }
};
for (const text of early.splice(0)) receive(text);
