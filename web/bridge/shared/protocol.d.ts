// Generated from orion_py/protocol/ by: python -m orion_py.protocol.schema

/** A model that isn't available here, and why. */
export interface AbsentRow {
  id: string;
  title: string;
  reason: Bilingual;
  source: string;
  coming: boolean;
  senses: string[];
}

/** Adds what InspectModel showed, and keeps it on this device. */
export interface AddModel {
  v: 1;
  id: string;
  type: "model.add";
  address: string;
}

/**
 * How far a request is within `state`: sent when `progress` (0 to 100, whole, never falling
 * within a request) moves between two state events. Loading counts bytes, shards and session building;
 * answering counts tokens against the answer's limit.
 */
export interface AdvanceEvent {
  v: 1;
  id: string;
  type: "advance";
  state: "idle" | "validating" | "routing" | "loading_agent" | "inferencing" | "success" | "fallback" | "error" | "cancelled";
  progress: number;
}

/**
 * An agent that a person makes. `examples`: what it is to be asked, by which questions are
 * routed to it. `code`: Python that defines `respond`; the engine keeps it and never runs it.
 */
export interface AgentDefinition {
  id: string;
  name: string;
  prompt: string;
  examples?: string[];
  code?: string;
  temperature?: number;
  top_p?: number;
  top_k?: number;
  repetition_penalty?: number;
  max_tokens?: number;
}

/** A custom agent came, went, or was changed at run time. */
export interface AgentEvent {
  v: 1;
  id: string;
  type: "agent";
  agent: string;
  change: "registered" | "replaced" | "unregistered";
}

export interface AgentGroup {
  id: string;
  agents: string[];
}

/**
 * An agent, with the fields of `registry.models.AgentEntry`. `usable`: its models that can be loaded;
 * `missing`: those that can't; `custom`: made on this device.
 */
export interface AgentRow {
  id: string;
  title: Bilingual;
  description: Bilingual;
  models: string[];
  system: Bilingual;
  temperature: number | null;
  top_p: number | null;
  top_k: number | null;
  repetition_penalty: number | null;
  max_tokens: number;
  capabilities: string[];
  available: boolean;
  usable: string[];
  missing: AbsentRow[];
  custom: boolean;
}

/**
 * Reports that somebody types. The engine reads ahead how the likely answer's prompt begins, in small pieces
 * that give way to everything else. `draft`: the text in the box; `agent`: who answers if the draft doesn't
 * decide it yet; the rest as in Infer.
 */
export interface Anticipate {
  v: 1;
  id: string;
  type: "anticipate";
  draft?: string;
  locale?: string;
  agent?: string | null;
  history?: ChatTurn[];
  options?: InferOptions;
}

export interface Bilingual {
  en: string;
  fr: string;
}

/**
 * How far the engine's worker is before it takes requests: Python begins with a "snapshot" of an earlier one's
 * memory or from "bytecode" (after a snapshot if that is given up), "python" runs, the "engine" does. `ms` since
 * the worker's start. Sent by the bridge (workers/engine.js), under the id "engine".
 */
export interface BootEvent {
  v: 1;
  id: string;
  type: "boot";
  phase: "snapshot" | "bytecode" | "python" | "engine";
  ms: number;
}

/** The worker couldn't start the engine. Sent by the bridge, under the id "engine". */
export interface BootFailed {
  v: 1;
  id: string;
  type: "boot-failed";
  message: string;
}

/**
 * A circuit breaker moved. `name`: "model:<id>" or "backend:<label>". `retry_in_s`: seconds
 * until it may be tried again, 0 unless open. `cause`: why it isn't closed; `slow_rate`: the share of
 * slow calls that it had counted.
 */
export interface BreakerEvent {
  v: 1;
  id: string;
  type: "breaker";
  name: string;
  state: "closed" | "open" | "half_open";
  previous: "closed" | "open" | "half_open";
  failures: number;
  retry_in_s: number;
  cause: "failures" | "slow" | null;
  slow_rate: number | null;
}

/** A circuit breaker's state and totals; rates and percentiles are over its window, None where that is empty. */
export interface BreakerRow {
  state: "closed" | "open" | "half_open";
  cause: "failures" | "slow" | null;
  retry_in_s: number;
  slow_call_s: number | null;
  p50_s: number | null;
  p95_s: number | null;
  failure_rate: number | null;
  slow_rate: number | null;
  successes: number;
  failures: number;
  slow: number;
  ignored: number;
  rejected: number;
  opened: number;
}

/** Stops `request`, or with None everything that is under way, loading included. */
export interface Cancel {
  v: 1;
  id: string;
  type: "cancel";
  request?: string | null;
}

/** `partial`: the text that had streamed. */
export interface CancelledEnd {
  v: 1;
  id: string;
  type: "cancelled";
  partial: string;
}

/**
 * Parts of the status are others now: each of `parts` is whole, and takes the place of what was known of it.
 * Sent from the first status on, once for what changes together. It says what is so now; what happened the events
 * beside it say. `queue`, `memory`, `metric` and `fallback` are both, and no `changed` repeats them, except
 * where a setting changed those parts.
 */
export interface ChangedEvent {
  v: 1;
  id: string;
  type: "changed";
  parts: Status;
}

export interface ChatTurn {
  role: "user" | "assistant";
  content: string;
}

/**
 * The agent that answers has code of its own, which the caller runs now (`Infer.runs_code`). What it says
 * comes back as `agent.output`. What the code asks the model is asked with this prompt and sampling.
 */
export interface CodeEvent {
  v: 1;
  id: string;
  type: "agent.code";
  agent: string;
  code: string;
  prompt: string;
  max_tokens: number;
  temperature: number;
  top_p: number;
  top_k: number;
  repetition_penalty: number;
}

/**
 * What the code of the agent that answers `request` said: `text` is what to append. `end`: it is "done", or
 * it "failed" or took too much "time", and the agent's prompt is to answer. Late output concerns nobody.
 */
export interface CodeOutput {
  v: 1;
  id: string;
  type: "agent.output";
  request: string;
  text?: string;
  end?: "done" | "failed" | "time" | null;
}

export interface ComingModel {
  id: string;
  title: string;
}

/**
 * Changes `config`'s fields; with `preset` ("auto": the one that fits the device) all others
 * become that preset's.
 */
export interface Configure {
  v: 1;
  id: string;
  type: "configure";
  preset?: "production" | "development" | "low_end" | "auto" | null;
  config?: Record<string, unknown>;
}

/**
 * What the background brings: "start" also where the line is metered, "pause" and "resume" (kept
 * across visits), or "cancel": gives it up and deletes what came of it. `model` None: the one under
 * way.
 */
export interface ControlUpgrade {
  v: 1;
  id: string;
  type: "upgrade.control";
  action: "start" | "pause" | "resume" | "cancel";
  model?: string | null;
}

/** An agent's definition as it was registered: `requests.AgentDefinition`. */
export interface CustomAgent {
  id: string;
  name: string;
  prompt: string;
  examples: string[];
  code: string;
  temperature: number;
  top_p: number;
  top_k: number;
  repetition_penalty: number;
  max_tokens: number;
}

/** What the machine offers, as `runtime.base.Device` has it. */
export interface DeviceRow {
  threads: number;
  webgpu: boolean;
  webgpu_reason: string;
  webgpu_name: string;
  webgpu_software: boolean;
  webgpu_features: string[];
  webgpu_limits: Record<string, number>;
  onnxruntime: string;
  isolated: boolean;
  memory_gb: number | null;
  kernel: string;
  kernel_reason: string;
  simd: boolean;
}

/** What is on the device now. */
export interface DeviceStorage {
  quota: number | null;
  usage: number | null;
  persisted: boolean;
  shards: number;
  shard_bytes: number;
  prefix_bytes: number;
}

/** Nothing but that it is done. */
export interface Done {
}

/**
 * `code` is stable and documented in `errors.py`, `family` the branch of the tree there that it belongs to;
 * `message` is for people.
 */
export interface ErrorInfo {
  code: string;
  family: "engine" | "invalid_input" | "invalid_config" | "invalid_model" | "protocol" | "load" | "runtime" | "unavailable" | "cancelled";
  message: string;
  hint: string;
  retryable: boolean;
  detail: Record<string, unknown>;
}

export interface Failed {
  v: 1;
  id: string;
  type: "error";
  error: ErrorInfo;
}

/** A step down the ladder, in plain words (`reason_code` is an error's code). */
export interface FallbackEvent {
  v: 1;
  id: string;
  type: "fallback";
  kind: "agent" | "backend" | "session" | "kernel" | "onnxruntime" | "simd" | "threads" | "cache" | "model" | "router" | "context" | "storage" | "picture" | "settings" | "worker" | "memory" | "version" | "code";
  from: string;
  to: string;
  reason_code: string;
  reason: string;
}

export interface FallbackRow {
  id: string;
  kind: "agent" | "backend" | "session" | "kernel" | "onnxruntime" | "simd" | "threads" | "cache" | "model" | "router" | "context" | "storage" | "picture" | "settings" | "worker" | "memory" | "version" | "code";
  from: string;
  to: string;
  reason_code: string;
  reason: string;
}

/**
 * An utterance is over, and `text`, in place of its partial texts, is what was said; "" where it was no speech
 * after all. Seconds count from the beginning of the sound.
 */
export interface FinalText {
  v: 1;
  id: string;
  type: "final";
  text: string;
  language: string | null;
  start_s: number;
  end_s: number;
}

/** A note on the message that was let through: what it may be about, and the rules that saw it. */
export interface GuardEvent {
  v: 1;
  id: string;
  type: "guard";
  category: "injection" | "weapons" | "minors" | "violence" | "self_harm";
  rules: string[];
}

/** All that is recorded for `request`, a Listen, has been sent. */
export interface HeardAll {
  v: 1;
  id: string;
  type: "heard_all";
  request: string;
}

/** `count`, `min`, `max` and `mean` of all values; percentiles of the last ones. */
export interface Histogram {
  count: number;
  min: number;
  max: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
}

/**
 * `locale`: the person's language, as BCP 47. `priority`: what is more urgent is answered first; waiting counts
 * too, so nothing starves. `runs_code`: the caller runs an agent's own code when it gets `agent.code` (otherwise
 * the agent's prompt answers), and what a skill wants run when it gets `skill.code`.
 */
export interface Infer {
  v: 1;
  id: string;
  type: "infer";
  query: string;
  locale?: string;
  priority?: number;
  history?: ChatTurn[];
  options?: InferOptions;
  runs_code?: boolean;
}

/**
 * What a caller may set for one answer; absent means the agent's own setting.
 *
 * temperature 0 is greedy. `timeout` is in seconds. `granularity` is the size of the pieces
 * in which the answer streams, `delay_ms` the least pause between two of them, as on a typewriter; it
 * delays what is shown, not the computing, and `timeout` doesn't count it. `style` is the
 * creative agent's. `system` is a prompt in place of the agent's. `images` and `audio` name
 * files by their SHA-256, which were handed in before; what is attached decides who answers. `earlier_images` are
 * those of the question before, if it had any and this one has none: they are looked at if this question is about
 * them, which `notes["pictures"]` of the response then says. `speculation`:
 * whether text that repeats the prompt is guessed ahead, absent as the configuration has it; the answer is the same
 * either way.
 * `cut_loops`: whether an answer that goes round in circles is cut back and tried once more, or left. Where it is
 * False nothing that streamed is ever taken back, and no skill checks the answer either.
 */
export interface InferOptions {
  force_agent?: string | null;
  model?: string | null;
  temperature?: number | null;
  top_p?: number | null;
  top_k?: number | null;
  repetition_penalty?: number | null;
  max_tokens?: number | null;
  stop?: string[];
  seed?: number | null;
  timeout?: number | null;
  granularity?: "token" | "word" | "sentence";
  delay_ms?: number;
  style?: "poem" | "story" | "dialogue" | "slogan" | "letter" | "humorous" | "formal" | "lyrics" | "description" | "brainstorm" | null;
  system?: string | null;
  images?: string[];
  audio?: string[];
  earlier_images?: string[];
  speculation?: boolean | null;
  cut_loops?: boolean;
}

/**
 * First message. `config` overrides the `preset`, by default the one that fits the device. `ahead`: the
 * last visit's model may come into memory before it is asked for.
 */
export interface Initialize {
  v: 1;
  id: string;
  type: "initialize";
  ahead?: boolean;
  preset?: "production" | "development" | "low_end" | null;
  config?: Record<string, unknown>;
}

/**
 * What lies at an address (a folder's URL, a path below the page, or a Hugging Face id). Nothing but
 * its manifest is fetched.
 */
export interface InspectModel {
  v: 1;
  id: string;
  type: "model.inspect";
  address: string;
}

export interface LikelyAgent {
  agent: string;
  probability: number;
}

/**
 * Writes down what somebody says while they say it; the models that hear come into memory first. The sound comes
 * beside it as blocks, which in a browser are messages {type: "samples", id, samples: Float32Array}: the request's id,
 * and one channel of 16,000 samples a second. It ends with HeardAll, and the utterance under way is still written
 * down; Cancel drops that. `language`: ISO 639-1 such as "fr"; without one it is found out. `likely`: those that
 * the person may speak, since a word or two alone sound like words of many languages; [] for all.
 */
export interface Listen {
  v: 1;
  id: string;
  type: "listen";
  language?: string | null;
  likely?: string[];
}

/** A model in memory, and what building its sessions took. */
export interface LoadedRow {
  model: string;
  version: string;
  backend: string;
  variant: string;
  memory_bytes: number;
  create_ms: number;
  warmup_ms: number;
}

export interface LogEvent {
  v: 1;
  id: string;
  type: "log";
  record: Record<string, unknown>;
}

/** `dropped`: how many older records are kept no more. */
export interface LogRecords {
  dropped: number;
  records: (Record<string, unknown>)[];
}

/**
 * The log so far, sanitized, as a list of records: all, or the `most` recent ones; with `level`
 * those from it up, with `kind` the measured ones, with `request` those of one request.
 *
 * `follow`: True makes each further record a log event, DEBUG ones too, until False.
 */
export interface Logs {
  v: 1;
  id: string;
  type: "logs";
  most?: number | null;
  level?: "DEBUG" | "INFO" | "WARN" | "ERROR" | "CRITICAL";
  kind?: "performance" | "memory" | null;
  request?: string | null;
  follow?: boolean | null;
}

/** What the models in memory take. `evicted`: which ones just made room. */
export interface MemoryEvent {
  v: 1;
  id: string;
  type: "memory";
  used_bytes: number;
  budget_bytes: number;
  models: ModelMemory[];
  evicted: string[];
}

/** As in the memory event. */
export interface MemoryRow {
  used_bytes: number;
  budget_bytes: number;
  models: ModelMemoryRow[];
}

/**
 * Something was measured; `p50` and `p95` are over the last ones, `count` says how many there
 * were in all. Of an answer, under its id: first_token, routing, inference, total and, as `pace`, what
 * the circuit breaker judges (see `EngineConfig.slow_call_s`), all in ms, tokens_per_second, and
 * cached_tokens, those of its prompt that were read before it. Of a model's load, under the id "engine":
 * loading, in ms.
 */
export interface MetricEvent {
  v: 1;
  id: string;
  type: "metric";
  name: "first_token" | "routing" | "inference" | "total" | "pace" | "tokens_per_second" | "cached_tokens" | "loading";
  value: number;
  unit: "ms" | "tokens/s" | "tokens";
  count: number;
  p50: number;
  p95: number;
  slow: boolean;
}

export interface MetricsRow {
  counters: Record<string, number>;
  histograms: Record<string, Histogram>;
}

/**
 * A model of the site's list, with the fields of `registry.models.ModelEntry`; from `shards` on those of an
 * added one.
 */
export interface ModelDescription {
  id: string;
  title: string;
  manifest: string;
  tier: "lite" | "full" | "large";
  family: string;
  licence: string;
  download_bytes: number;
  memory_bytes: number;
  onnxruntime_memory_bytes: number | null;
  languages: string[];
  capabilities: string[];
  weak_at: string[];
  sampling: Sampling;
  device_memory_gb: number | null;
  shards?: "beside" | "inside";
  source?: string;
  layout?: "orion" | "onnx";
  file?: string;
}

/** `bytes`: measured once loaded, estimated before. */
export interface ModelMemory {
  model: string;
  bytes: number;
  busy: boolean;
}

export interface ModelMemoryRow {
  model: string;
  bytes: number;
  busy: boolean;
}

/** What lies at an address, before any of it moves. */
export interface ModelOffer {
  model: ModelDescription;
}

/** `offered`: whether this device may use it. */
export interface ModelRow {
  id: string;
  title: string;
  manifest: string;
  tier: "lite" | "full" | "large";
  family: string;
  licence: string;
  download_bytes: number;
  memory_bytes: number;
  onnxruntime_memory_bytes: number | null;
  languages: string[];
  capabilities: string[];
  weak_at: string[];
  sampling: Sampling;
  device_memory_gb: number | null;
  shards?: "beside" | "inside";
  source?: string;
  layout?: "orion" | "onnx";
  file?: string;
  offered: boolean;
}

/**
 * The utterance under way as it is heard by now: `text` takes the place of the partial text before it, and its
 * first `settled` characters won't change any more. A slow device makes fewer of these.
 */
export interface PartialText {
  v: 1;
  id: string;
  type: "partial";
  text: string;
  settled: number;
}

/** Checks that the engine is alive: it ends at once. */
export interface Ping {
  v: 1;
  id: string;
  type: "ping";
}

/**
 * A model was brought into memory because `agent` is likely to be asked next. `hit` and
 * `wasted` say what the next question made of it.
 */
export interface PredictionEvent {
  v: 1;
  id: string;
  type: "prediction";
  model: string;
  agent: string;
  probability: number;
  state: "started" | "done" | "cancelled" | "failed" | "hit" | "wasted";
}

/**
 * What became of models that were loaded on a guess: totals, `hit_rate` (of those judged, None before),
 * `wasted_bytes`, and who is likely to be asked next.
 */
export interface PredictionRow {
  started: number;
  done: number;
  cancelled: number;
  failed: number;
  hit: number;
  wasted: number;
  hit_rate: number | null;
  wasted_bytes: number;
  next: LikelyAgent[];
}

/** Brings a model (default: the recommended one) into memory before it is asked for. */
export interface Preload {
  v: 1;
  id: string;
  type: "preload";
  model?: string | null;
}

/** `model`: which one is in memory now. */
export interface Preloaded {
  model: string;
}

/**
 * How far a model's load is. Bytes count what is needed and here, resumed ones included.
 *
 * `bytes_per_second` and `seconds_left` are measured over the last seconds, None until known.
 */
export interface ProgressEvent {
  v: 1;
  id: string;
  type: "progress";
  model: string;
  version: string;
  phase: "initializing" | "downloading" | "loading_shard" | "warming_up" | "ready";
  loaded_bytes: number;
  total_bytes: number;
  bytes_per_second: number | null;
  seconds_left: number | null;
  from_storage: boolean;
  shards: ShardProgress[];
}

/** Who answers and who waits. `waiting`: ids, who comes next first. `limit`: of those that wait. */
export interface QueueEvent {
  v: 1;
  id: string;
  type: "queue";
  running: number;
  waiting: string[];
  limit: number | null;
}

/** As in the queue event. */
export interface QueueRow {
  running: number;
  waiting: string[];
  limit: number | null;
}

export interface ReadAhead {
  agent: string;
  model: string;
  tokens: number;
  cached: number;
  restored: number;
}

/** Adds a custom agent and keeps it on this device, or replaces the custom one of its id. */
export interface RegisterAgent {
  v: 1;
  id: string;
  type: "agent.register";
  definition: AgentDefinition;
}

/** Forgets an added model and deletes its shards. */
export interface RemoveModel {
  v: 1;
  id: string;
  type: "model.remove";
  model: string;
}

/**
 * One answer. `timings` are ms per phase: validating, routing, loading, prefill, decode,
 * engine (the part of decode in which the model waited for Python: sampling, messages), beside (the part in
 * which Python worked while the model did: text, loops, streaming), total, and first_token (from the
 * request's arrival). `notes`: what the agent found out, such as the
 * language or the result of a sum. An answer that took no model says so: `model` and
 * `backend` are "calculator" or "engine", its usage is zero, and `stream` is None. `loops`: how
 * often the model began to repeat itself and the answer was cut back: once, and it was tried again;
 * twice, and it ends there (`finish_reason` "loop").
 */
export interface Response {
  content: string;
  agent: string;
  routing: Routing;
  finish_reason: "stop" | "length" | "timeout" | "loop";
  usage: Usage;
  timings: Record<string, number>;
  tokens_per_second: number | null;
  backend: string;
  model: string;
  model_version: string;
  seed: number;
  notes: Record<string, unknown>;
  stream: StreamStatistics | null;
  loops: number;
}

/** `payload`: what the request's class names as its `reply`. */
export interface Result {
  v: 1;
  id: string;
  type: "result";
  payload: Record<string, unknown>;
}

/**
 * All that streamed so far is void; the answer is `content` now, and what streams next is appended
 * to that. `again`: it is tried once more from there; else it ends there. `reason` "loop": the model had begun to
 * repeat itself, and the answer was cut back to where it did; "code": the agent's own code failed, and its prompt
 * answers; "skill": the answer was checked, and what stands now is what came of it.
 */
export interface RevisionEvent {
  v: 1;
  id: string;
  type: "revision";
  content: string;
  reason: "loop" | "code" | "skill";
  again: boolean;
}

/** Which agent would answer `query`; runs no model but the router's. */
export interface RouteRequest {
  v: 1;
  id: string;
  type: "route";
  query: string;
  locale?: string;
}

/**
 * Which router answers from now on: "neural" or "keyword". `loading`: the neural one is on its way, and
 * `loaded_bytes` of `total_bytes` are here.
 */
export interface RouterEvent {
  v: 1;
  id: string;
  type: "router";
  name: string;
  corrections: number;
  loading: boolean;
  loaded_bytes: number;
  total_bytes: number;
}

export interface RouterStatus {
  name: string;
  loading: boolean;
  corrections: number;
  problem: string | null;
  agents: string[];
  loaded_bytes: number;
  total_bytes: number;
}

/** Why an agent answers. `confidence` is a calibrated probability or None. */
export interface Routing {
  agent: string;
  router: string;
  reason: string;
  confidence: number | null;
  probabilities: Record<string, number> | null;
  runner_up: string | null;
}

export interface Sampling {
  temperature: number;
  top_p: number;
  top_k: number;
  repetition_penalty: number;
}

/**
 * A sense is at work for a request, whose models were loaded before if need be: `vision` looks at its pictures,
 * `speech` hears its recordings and tells that `done` of `total` seconds (None: not known before all is decoded)
 * are heard.
 *
 * `vision` tells that `picture` of `pictures`, counted from 1, is being looked at, and that `line` of the
 * `lines` of text that were found in it are read; 0 of 0 until they are found.
 */
export interface SenseEvent {
  v: 1;
  id: string;
  type: "sense";
  sense: "vision" | "speech";
  done: number;
  total: number | null;
  picture: number;
  pictures: number;
  line: number;
  lines: number;
}

/** A graph model of the site's list, with the fields of `registry.models.SenseEntry`. */
export interface SenseRow {
  id: string;
  title: string;
  manifest: string;
  sense: "vision" | "speech" | "voice";
  voices: VoiceRow[];
  licence: string;
  download_bytes: number;
  memory_bytes: number;
}

export interface ShardProgress {
  sha256: string;
  role: string;
  size: number;
  loaded: number;
  state: "waiting" | "downloading" | "stored" | "loading" | "loaded";
}

export interface Shutdown {
  v: 1;
  id: string;
  type: "shutdown";
}

/**
 * The list of models changed while the engine runs, by the site or in another tab: `models` are new,
 * `coming` are being made.
 */
export interface SiteEvent {
  v: 1;
  id: string;
  type: "site";
  models: string[];
  coming: string[];
}

/**
 * A skill wants `code`, Python that the model wrote, run in the caller's sandbox for `seconds` at most
 * (`Infer.runs_code`). What came of it is sent back as `skill.ran` with the same `run`.
 */
export interface SkillCodeEvent {
  v: 1;
  id: string;
  type: "skill.code";
  run: number;
  code: string;
  seconds: number;
}

/**
 * What came of the program `run` that a skill of `request` wanted run (`skill.code`): what it printed, how it
 * ended, and the last line of its traceback. A late one concerns nobody.
 */
export interface SkillRan {
  v: 1;
  id: string;
  type: "skill.ran";
  request: string;
  run: number;
  output?: string;
  end: "done" | "failed" | "time" | "memory";
  error?: string;
}

/** A skill answers in several steps, and `step` is the one that it takes now. */
export interface SkillStepEvent {
  v: 1;
  id: string;
  type: "skill.step";
  step: "reading" | "choosing" | "planning" | "writing" | "running" | "mending" | "checking";
}

/**
 * A sentence that is read aloud. `text`: as it was written; `rate`: samples a second; `last`: none follows.
 * Beside the event comes its sound, mono, F32 from -1 to 1, as a transferred Float32Array (on the page:
 * web/bridge/page/samples.js).
 */
export interface SoundEvent {
  v: 1;
  id: string;
  type: "sound";
  index: number;
  text: string;
  rate: number;
  last: boolean;
}

/**
 * Reads `text` aloud: a `sound` event for each sentence, the first as soon as it is there. `language`: that
 * of the text, None: it is found out. `voice`: an id, None: the language's own. `speed`: 1 is the voice's usual.
 * `ahead`: the voice only comes into memory, for a text that isn't there yet. Ends in `unknown_model` where the
 * site has no voice.
 */
export interface Speak {
  v: 1;
  id: string;
  type: "speak";
  text: string;
  language?: "en" | "fr" | null;
  voice?: string | null;
  speed?: number;
  ahead?: boolean;
}

/** Somebody begins to speak, `at_s` seconds into what was sent for the Listen. */
export interface SpeechStart {
  v: 1;
  id: string;
  type: "speech_start";
  at_s: number;
}

/** What was read aloud. `sounds`: how many events carried it; `seconds`: how long they are together. */
export interface Spoken {
  voice: string;
  model: string;
  language: string;
  sounds: number;
  seconds: number;
}

/**
 * A transition. `ms`: time spent in `previous`. `progress`: 0 to 100. `routing`: why this
 * agent, once that is decided.
 */
export interface StateEvent {
  v: 1;
  id: string;
  type: "state";
  previous: "idle" | "validating" | "routing" | "loading_agent" | "inferencing" | "success" | "fallback" | "error" | "cancelled";
  state: "idle" | "validating" | "routing" | "loading_agent" | "inferencing" | "success" | "fallback" | "error" | "cancelled";
  ms: number;
  progress: number;
  agent: string | null;
  model: string | null;
  routing: Routing | null;
}

/**
 * What is so now: all of it after a start and where all is asked for, else the parts that are asked for, or that
 * changed (`ChangedEvent`). `config`: each of EngineConfig's settings; `recommended`: the model that a device of
 * this class starts with; `senses`: the models that see, hear and speak; `coming`: models that are being made;
 * `added`: ids of models that the person added.
 */
export interface Status {
  version?: string;
  preset?: "production" | "development" | "low_end";
  config?: Record<string, unknown>;
  device?: DeviceRow;
  storage?: StorageRow;
  models?: ModelRow[];
  senses?: SenseRow[];
  groups?: AgentGroup[];
  coming?: ComingModel[];
  recommended?: string | null;
  added?: string[];
  agents?: AgentRow[];
  custom?: CustomAgent[];
  loaded?: LoadedRow[];
  loading?: string[];
  webgpu?: WebgpuRow[];
  fallbacks?: FallbackRow[];
  versions?: VersionRow[];
  router?: RouterStatus;
  metrics?: MetricsRow;
  breakers?: Record<string, BreakerRow>;
  queue?: QueueRow;
  predictive?: PredictionRow;
  upgrade?: UpgradeRow;
  memory?: MemoryRow;
}

/**
 * What is so now: the parts named in `only`, or all. A caller that got the end of `initialize` and
 * all events since has it already.
 */
export interface StatusRequest {
  v: 1;
  id: string;
  type: "status";
  only?: ("version" | "preset" | "config" | "device" | "storage" | "models" | "senses" | "groups" | "coming" | "recommended" | "added" | "agents" | "custom" | "loaded" | "loading" | "webgpu" | "fallbacks" | "versions" | "router" | "metrics" | "breakers" | "queue" | "predictive" | "upgrade" | "memory")[];
}

/** What is on the device. It has to be read from there, so no event reports it. */
export interface StorageRequest {
  v: 1;
  id: string;
  type: "storage";
}

/** Bytes on the device. `quota`, `usage`: as the browser says; None where it doesn't. */
export interface StorageRow {
  quota: number | null;
  usage: number | null;
  persisted: boolean;
  shards: number;
  shard_bytes: number;
  prefix_bytes: number;
}

/**
 * How an answer streamed: `pieces` of the `granularity`, with `characters` in all. Of what came
 * from the model: `tokens`, `first_ms` (from the beginning of the prompt's reading to the first
 * token), `ms` (to the last one) and the rate after the first, None below two.
 */
export interface StreamStatistics {
  granularity: "token" | "word" | "sentence";
  delay_ms: number;
  pieces: number;
  characters: number;
  tokens: number;
  first_ms: number | null;
  ms: number;
  tokens_per_second: number | null;
}

/**
 * Corrects the router on this device: `query` goes to `agent`; or takes the latest correction
 * or all of them back.
 */
export interface Teach {
  v: 1;
  id: string;
  type: "teach";
  action?: "correct" | "undo" | "forget";
  query?: string;
  agent?: string;
}

/** What is kept on the device; `text`: the counts as JSON, where they are exported. */
export interface TelemetryCounts {
  enabled: boolean;
  version: number;
  counts: Record<string, number>;
  text?: string;
}

/** The counts that are kept on the device, if telemetry is on: seen, exported or erased. */
export interface TelemetryRequest {
  v: 1;
  id: string;
  type: "telemetry";
  action?: "get" | "export" | "erase";
}

/** A piece of the answer: `text` is what to append. `index` counts pieces from 0. */
export interface TokenEvent {
  v: 1;
  id: string;
  type: "token";
  text: string;
  index: number;
  tokens: number;
  tokens_per_second: number | null;
}

/** Nobody has gone on for a while, or the sound has ended. `text`: all utterances since the last one of these. */
export interface TurnEnd {
  v: 1;
  id: string;
  type: "turn_end";
  text: string;
}

/** Ends a model's worker (None: all). With `forget` its stored shards are deleted too. */
export interface Unload {
  v: 1;
  id: string;
  type: "unload";
  model?: string | null;
  forget?: boolean;
}

/** Forgets a custom agent. */
export interface UnregisterAgent {
  v: 1;
  id: string;
  type: "agent.unregister";
  agent: string;
}

/**
 * How far what the background brings is; questions are answered meanwhile. `purpose`: a model
 * that agents prefer ("model"), or a new version of one that is here ("update").
 *
 * `waiting` says in `reason_code` for what: "busy" (a question is answered), "metered" (the line
 * costs or the person saves data: only "start" begins it). `failed` has an error's code and words.
 */
export interface UpgradeEvent {
  v: 1;
  id: string;
  type: "upgrade";
  model: string;
  version: string;
  purpose: "model" | "update";
  state: "waiting" | "downloading" | "paused" | "loading" | "ready" | "failed" | "cancelled";
  loaded_bytes: number;
  total_bytes: number;
  bytes_per_second: number | null;
  seconds_left: number | null;
  reason_code: string;
  reason: string;
}

/** `model`: the one that is to come in the background; `event`: the last upgrade event that was sent. */
export interface UpgradeRow {
  model: string | null;
  paused: boolean;
  enabled: boolean;
  event: Record<string, unknown> | null;
}

/**
 * Tokens. `cached`: prompt tokens whose KV rows were still there and weren't run again.
 * `drafted`: guessed tokens that were verified beside others; `accepted`: those that came true.
 * `cut`: tokens of loops, which were taken back and aren't part of `completion`.
 */
export interface Usage {
  prompt: number;
  cached: number;
  completion: number;
  drafted: number;
  accepted: number;
  cut: number;
}

/**
 * A model's versions: "check" asks the server for a newer one, which then comes in the background;
 * "back" returns to the one kept from before. The status's `versions` say what is kept.
 */
export interface VersionRequest {
  v: 1;
  id: string;
  type: "version";
  action: "check" | "back";
  model: string;
}

/**
 * The versions of a model that are kept, by name. `probation`: whether the one in use still has to prove
 * itself.
 */
export interface VersionRow {
  model: string;
  current: string | null;
  next: string | null;
  previous: string | null;
  probation: boolean;
}

/** A voice, with the fields of `registry.models.VoiceEntry`. */
export interface VoiceRow {
  id: string;
  title: string;
  language: "en" | "fr";
  good_at: Bilingual;
}

/**
 * Said before an answer: measured, few answers of `model` are useful for `agent`. `better`: a model of the
 * list that does better and can be brought, "" for none.
 */
export interface WeakEvent {
  v: 1;
  id: string;
  type: "weak";
  agent: string;
  model: string;
  better: string;
}

/**
 * What became of WebGPU for a model in memory, or for one session of a graph model, by name (else ""):
 * `background.webgpu_report` has the states.
 */
export interface WebgpuRow {
  model: string;
  session: string;
  state: "serves" | "absent" | "off" | "none" | "software" | "wrong" | "failed" | "preferred" | "slower" | "checked" | "untried";
  speedup: number | null;
  kl: number | null;
  reason: string;
}

/**
 * What was said while the engine listened: all utterances, "" where nobody spoke. `language`: ISO 639-1, of the
 * last one. `seconds`: how long the sound was.
 */
export interface WrittenDown {
  text: string;
  language: string | null;
  seconds: number;
}

/** What the page may ask. */
export type Request =
  | Initialize
  | Infer
  | Speak
  | CodeOutput
  | SkillRan
  | Anticipate
  | Listen
  | HeardAll
  | Preload
  | ControlUpgrade
  | InspectModel
  | AddModel
  | RemoveModel
  | VersionRequest
  | Cancel
  | StatusRequest
  | StorageRequest
  | Ping
  | Logs
  | TelemetryRequest
  | Configure
  | RegisterAgent
  | UnregisterAgent
  | RouteRequest
  | Teach
  | Unload
  | Shutdown;

/** What may come before the end. */
export type Event =
  | BootEvent
  | BootFailed
  | StateEvent
  | AdvanceEvent
  | SenseEvent
  | SoundEvent
  | SpeechStart
  | PartialText
  | FinalText
  | TurnEnd
  | ProgressEvent
  | UpgradeEvent
  | TokenEvent
  | RevisionEvent
  | FallbackEvent
  | CodeEvent
  | SkillStepEvent
  | SkillCodeEvent
  | ChangedEvent
  | AgentEvent
  | SiteEvent
  | GuardEvent
  | WeakEvent
  | LogEvent
  | MetricEvent
  | BreakerEvent
  | QueueEvent
  | PredictionEvent
  | RouterEvent
  | MemoryEvent;

/** Each request ends in exactly one of these. */
export type End = Result | Failed | CancelledEnd;

/** Everything that crosses the bridge. */
export type Message = Request | Event | End;

/** What the result of each type of request carries. */
export interface Replies {
  "initialize": Status;
  "infer": Response;
  "speak": Spoken;
  "agent.output": Done;
  "skill.ran": Done;
  "anticipate": ReadAhead;
  "listen": WrittenDown;
  "heard_all": Done;
  "preload": Preloaded;
  "upgrade.control": Done;
  "model.inspect": ModelOffer;
  "model.add": Done;
  "model.remove": Done;
  "version": Done;
  "cancel": Done;
  "status": Status;
  "storage": DeviceStorage;
  "ping": Done;
  "logs": LogRecords;
  "telemetry": TelemetryCounts;
  "configure": Done;
  "agent.register": Done;
  "agent.unregister": Done;
  "route": Routing;
  "teach": Done;
  "unload": Done;
  "shutdown": Done;
}
