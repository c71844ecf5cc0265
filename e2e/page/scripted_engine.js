/**
 * Stands where workers/engine.js stands, speaks the protocol, computes nothing: the page's tests
 * need an engine that does the same thing every time, also the things that hardly ever happen.
 *
 * models/scenario.json says how it behaves; the words of a question choose the answer (ANSWERS).
 */
const MODEL = "scripted-model";
const root = new URL("../", import.meta.url);
const early = [];
let receive = (text) => early.push(text);
self.onmessage = (event) => receive(event.data);
const scenario = await fetch(new URL("models/scenario.json", root)).then((answer) => (answer.ok ? answer.json() : {}), () => ({}));

const post = (message) => self.postMessage(JSON.stringify({ v: 1, ...message }));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const stopped = new Set();
const seen = [];
let loaded = false;
let kept = scenario.stored ?? false;
let loading = null;
let stopLoading = false;

const shards = Array.from({ length: scenario.shards ?? 13 }, (_, index) => ({
  sha256: String(index).padStart(64, "0"),
  role: index === 0 ? "tokenizer" : index === 1 ? "graph" : index === 2 ? "embedding" : "layers",
  size: index === 0 ? 1_368_128 : index === 1 ? 376_943 : index === 2 ? 30_081_024 : 6_630_000,
  loaded: 0,
  state: "waiting",
}));
const total = shards.reduce((sum, shard) => sum + shard.size, 0);

const RICH = `## Three ways to say it

A **word** can be reversed in several ways; the first is the *shortest*.

1. With a slice, which Python reads backwards
2. With \`reversed\` and \`join\`
3. With a loop, as you would on paper

\`\`\`python
def reverse(word: str) -> str:
    """The letters of \`word\`, last one first."""
    letters = []
    for letter in word:
        letters.insert(0, letter)  # slow for long words
    return "".join(letters)

print(reverse("Orion"), 42)
\`\`\`

| Way | Lines | Speed |
|:----|------:|:-----:|
| slice | 1 | fast |
| reversed | 1 | fast |
| loop | 5 | slow |

> The slice is what most people write.

- [x] works with accents: *é, à, ç*
- [ ] keeps emoji made of several parts together
`;

const HOSTILE = `Hello <img src="https://evil.example/a.png" onerror="window.hacked=1"> there.

<script>window.hacked = 2</script>
<style>body { display: none }</style>
<iframe src="https://evil.example/frame"></iframe>
<svg onload="window.hacked=3"><image href="https://evil.example/s.svg"/></svg>
<a href="javascript:window.hacked=4" onclick="window.hacked=5">press</a>
<form action="https://evil.example"><input name="q"><button>go</button></form>
<video src="https://evil.example/v.mp4" autoplay></video>
<link rel="stylesheet" href="https://evil.example/s.css"><meta http-equiv="refresh" content="0;url=https://evil.example">

![remote](https://evil.example/b.png) and ![data](data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=)

[bad link](javascript:alert(1)) and [worse](data:text/html,<script>alert(1)</script>) and [good](https://example.org/page "t")

<div class="notice" style="position:fixed;inset:0" id="send">spoof</div>

| a <img src=x onerror=window.hacked=6> | b |
|---|---|
| \`<img src=x onerror=window.hacked=7>\` | <br> fine |

\`\`\`html
<img src="https://evil.example/c.png" onerror="window.hacked=8">
\`\`\`

1. nested

   \`\`\`js
   fetch("https://evil.example") // <b>bold</b>
   \`\`\`
`;

const ANSWERS = [
  [/hostile/i, HOSTILE],
  [/reverses|inverse/i, RICH],
  [/flood/i, (RICH + "\n\n").repeat(12)],
  [/.*/, "Light from the Sun holds all colours. The air scatters **blue** light far more than red, so wherever you look, " +
    "some of that scattered blue reaches your eyes.\n\nAt sunset the light crosses more air, most of the blue is lost on the way, and red remains."],
];

function status() {
  return {
    version: "0.1.0", device: { threads: 2, webgpu: false, isolated: self.crossOriginIsolated },
    storage: { shards: kept ? shards.length : 0, shard_bytes: kept ? total : 0 },
    models: [{ id: MODEL, title: "SmolLM2 135M Instruct", languages: ["en"] }],
    agents: [{ id: "conversation", title: { en: "Conversation", fr: "Conversation" } }],
    loaded: loaded ? [{ model: MODEL, backend: "WASM, 2 threads" }] : [],
    seen,
  };
}

const progress = (phase, more = {}) => post({
  id: "engine", type: "progress", model: MODEL, version: "1.0.0", phase, total_bytes: total, from_storage: kept,
  loaded_bytes: shards.reduce((sum, shard) => sum + (kept ? (shard.state === "loaded" ? shard.size : 0) : shard.loaded), 0),
  bytes_per_second: null, seconds_left: null, shards, ...more,
});

async function load() {
  stopLoading = false;
  progress("initializing");
  if (scenario.loadError && !kept) { await sleep(300); scenario.loadError = false; throw { code: "download_failed", message: "HTTP 503", hint: "", retryable: true, detail: {} }; }
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
  progress("hydrating");
  await sleep(60);
  kept = loaded = true;
  progress("ready");
  return true;
}

const ensure = async () => { if (!loaded) { loading ??= load().finally(() => { loading = null; }); return loading; } return true; };

async function infer({ id, query, history, options }) {
  seen.push({ query, history, options });
  const started = performance.now();
  const state = (previous, now, more = {}) => post({ id, type: "state", previous, state: now, ms: 1, progress: 0, agent: null, model: null, ...more });
  state("idle", "validating");
  if (query.length > 12000) {
    return post({ id, type: "error", error: { code: "query_too_long", message: `The message has ${query.length} characters; at most 12,000 can be read at once.`, hint: "Shorten it.", retryable: false, detail: {} } });
  }
  state("validating", "routing");
  await sleep(scenario.routeMs ?? 5);
  state("routing", "loading_agent", { agent: "conversation" });
  if (!(await ensure()) || stopped.has(id)) return post({ id, type: "cancelled", partial: "" });
  state("loading_agent", "inferencing", { agent: "conversation", model: MODEL });
  if (/crash/i.test(query)) { await sleep(50); setTimeout(() => { throw new Error("scripted crash"); }); receive = () => undefined; return; }
  if (/explode/i.test(query)) {
    await sleep(200);
    return post({ id, type: "error", error: { code: "worker_died", message: "The inference worker ended: RangeError: memory access out of bounds", hint: "", retryable: true, detail: {} } });
  }
  if (/older/i.test(query)) post({ id, type: "fallback", kind: "context", from: "8 earlier messages", to: "6 earlier messages", reason_code: "context_overflow", reason: "The oldest 2 messages no longer fit." });
  await sleep(scenario.prefillMs ?? 120);
  const text = ANSWERS.find(([pattern]) => pattern.test(query))[1];
  const pieces = text.match(/\s*\S{1,6}|\s+/g);
  const rate = /flood/i.test(query) ? 2000 : scenario.tokensPerSecond ?? 60;
  const first = performance.now() - started;
  let sent = "";
  for (const [index, piece] of pieces.entries()) {
    if (stopped.has(id)) return post({ id, type: "cancelled", partial: sent });
    if (scenario.pauseAt && index >= pieces.length * scenario.pauseAt) { await sleep(50); while (!stopped.has(id)) await sleep(50); }
    sent += piece;
    post({ id, type: "token", text: piece, index, tokens: index + 1, tokens_per_second: rate });
    if (rate < 500 || index % Math.round(rate / 250) === 0) await sleep(Math.max(4, 1000 / rate));
  }
  post({ id, type: "result", payload: {
    content: text, agent: "conversation", finish_reason: "stop", backend: "WASM, 2 threads", model: MODEL, model_version: "1.0.0", seed: 7,
    routing: { agent: "conversation", router: "keyword", reason: "No keyword of a specialist.", confidence: null },
    usage: { prompt: 20, cached: 0, completion: pieces.length }, tokens_per_second: 47.3,
    timings: { first_token: first, total: performance.now() - started },
  } });
}

receive = async (text) => {
  const message = JSON.parse(text);
  const { id, type } = message;
  if (type === "initialize") {
    post({ id: "engine", type: "boot", phase: "python", ms: 1 });
    await sleep(scenario.bootMs ?? 30);
    if (scenario.boot === "failed") return post({ id: "engine", type: "boot-failed", message: "scripted" });
    if (scenario.boot === "silent") return;
    post({ id, type: "result", payload: { preset: "production", ...status() } });
    if (scenario.fallback) post({ id: "engine", type: "fallback", ...scenario.fallback });
  } else if (type === "preload") {
    try { post((await ensure()) ? { id, type: "result", payload: status() } : { id, type: "cancelled", partial: "" }); }
    catch (error) { post({ id, type: "error", error }); }
  } else if (type === "infer") {
    try { await infer(message); } catch (error) { post({ id, type: "error", error }); }
  } else if (type === "cancel") {
    if (message.request) stopped.add(message.request);
    else { stopLoading = true; for (const one of seen.keys()) stopped.add(one); }
    post({ id, type: "result", payload: {} });
  } else if (type === "unload") {
    loaded = false;
    if (message.forget) { kept = false; for (const shard of shards) Object.assign(shard, { loaded: 0, state: "waiting" }); }
    post({ id, type: "result", payload: status() });
  } else if (type === "logs") {
    post({ id, type: "result", payload: { records: seen } });
  } else {
    post({ id, type: "result", payload: status() });
  }
};
for (const text of early.splice(0)) receive(text);
