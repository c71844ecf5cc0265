/** What an inference worker (workers/inference.js, which says what each call does) and its client say to each other. */

import type { PrefixFacts } from "../storage/prefix-store.js";
import type { CancelFlag } from "./runner.js";
import type { Choice } from "./sampler.js";
import type { Manifest } from "./spec.js";

export interface BuildReport {
  backend: string;
  threads: number;
  create_ms: number;
  warmup_ms: number;
  memory_bytes: number;
}

export interface OpenModel {
  manifest: Manifest;
  variant: string;
  threads: number;
  context: number;
}

/** A shard by its hash; with the blob where it isn't in IndexedDB. */
export interface NamedBlob {
  sha256: string;
  blob: Blob | null;
}

/** A shard that is downloaded. */
export interface ComingShard {
  url: string;
  sha256: string;
  /** Bytes. */
  size: number;
}

export interface Step {
  tokens: Int32Array;
  position: number;
}

/** Rows [n][width] in the place of tokens. */
/** As orion_py/runtime/segments.py says: of a whole content [n][3], of which `first` rows come before those of the step. */
export interface Axes {
  places: Int32Array;
  span: number;
  first: number;
}

export interface EmbeddedStep {
  embeddings: Float32Array<ArrayBuffer>;
  width: number;
  position: number;
  axes: Axes | null;
}

/** As orion_py/runtime/token_runs.py says: steps from `token` at `position` on, until `count` tokens are chosen or one of `ends`. */
export interface RunRequest {
  token: number;
  position: number;
  count: number;
  ends: number[];
  choice: Choice;
}

/** Tokens of a run since it last reported, and the milliseconds that the worker took for them. */
export interface RunTokens {
  tokens: number[];
  ms: number;
}

export type TensorType = "float32" | "int64" | "int32" | "uint8" | "bool";

export interface TensorSpec {
  dtype: TensorType;
  shape: (number | string)[];
}

/** As orion_py/manifest/graph_manifest.py says. */
export interface GraphSession {
  graph: string;
  inputs: Record<string, TensorSpec>;
  outputs: Record<string, TensorSpec>;
  keeps: Record<string, string>;
  hands_on: Record<string, { session: string; input: string }>;
}

/** Truth values are bytes of 0 and 1. */
export interface GraphTensor {
  dtype: TensorType;
  shape: number[];
  data: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
}

/** Why the GPU didn't make a run, which WASM made then. */
export interface Failure {
  code: string;
  message: string;
}

type Nothing = Record<string, never>;
type Logits = { logits: Float32Array<ArrayBuffer> };

/** Each call: what is sent with it, and what it is answered with. */
export interface Calls {
  "model.open": [OpenModel, { backend: string; threads: number; cancel: CancelFlag | null }];
  "model.feed": [NamedBlob, { ms: number }];
  "model.bring": [ComingShard, Nothing];
  "model.build": [Nothing, BuildReport];
  "model.forward": [Step, Logits];
  "model.forwardEmbeddings": [EmbeddedStep, Logits];
  "model.verify": [Step, Logits];
  "model.run": [RunRequest, RunTokens];
  "model.keep": [{ facts: PrefixFacts; budget: number }, { bytes: number }];
  "model.restore": [{ key: string; rows: number }, { restored: boolean }];
  "model.memory": [Nothing, { memory_bytes: number }];
  "model.ping": [Nothing, Nothing];
  "model.cancel": [Nothing, Nothing];
  "graphs.open": [{ sessions: Record<string, GraphSession>; threads: number }, Nothing];
  "graphs.feed": [NamedBlob & { role: string }, Nothing];
  "graphs.build": [Nothing, BuildReport];
  "graphs.run": [{ session: string; inputs: Record<string, GraphTensor>; want: string[] }, { outputs: Record<string, GraphTensor>; fell: Failure | null }];
  "graphs.place": [{ session: string; backend: "wasm" | "webgpu" }, Nothing];
  "graphs.reset": [{ session: string }, Nothing];
  "encoder.open": [NamedBlob, Nothing];
  "encoder.encode": [{ tokens: Int32Array }, { embedding: Float32Array<ArrayBuffer> }];
}

export type Payload<T extends keyof Calls> = Calls[T][0];
export type Answer<T extends keyof Calls> = Calls[T][1];

/** To the worker. */
export type Call = { [T in keyof Calls]: { v: 1; id: number; type: T; payload: Payload<T> } }[keyof Calls];

/**
 * From the worker: how a call ended, tokens of a run or bytes of a download under way, or, before an end or tokens, that another
 * number of threads computes now.
 */
export type Reply =
  | { v: 1; id: number; type: "result"; payload: Answer<keyof Calls> }
  | { v: 1; id: number; type: "error"; error: { code: string; message: string; detail: Record<string, unknown> } }
  | { v: 1; id: number; type: "tokens"; payload: RunTokens }
  | { v: 1; id: number; type: "arrived"; payload: { bytes: number } }
  | { v: 1; type: "threads"; payload: { threads: number } };

/** What a call under way says before its answer. */
export interface Telling {
  tokens(chosen: RunTokens): void;
  arrived(bytes: number): void;
}

/** What answers each call. */
export type Handlers = {
  [T in keyof Calls]: (payload: Payload<T>, tell: Telling) => Promise<{ payload: Answer<T>; transfer?: Transferable[] }>;
};
