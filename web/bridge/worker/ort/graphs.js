/**
 * Runs the sessions of a graph model on WASM: named tensors in, named tensors out. State that a session keeps, or that
 * one hands on to another, stays on the WASM heap (orion_py/manifest/graph_manifest.py has the rules).
 *
 * Each session can be placed on WebGPU (gpu-graphs.js) and stays ready here: one that fails there goes on in WASM, from
 * the same inputs and state, in the same run.
 */

import { BridgeError, toBridgeError } from "../errors.js";
import { Database, storedShard } from "../storage/database.js";
import { readVerified } from "../storage/verified.js";
import { externalFiles } from "./onnx-outline.js";
import { BOOL, FLOAT, INT32, INT64, Ort, UINT8 } from "./ort.js";
import { ShardFile } from "./shard-file.js";

/**
 * @typedef {import("../inference/messages.js").GraphSession} GraphSession
 * @typedef {import("../inference/messages.js").GraphTensor} GraphTensor
 * @typedef {import("../inference/messages.js").TensorType} TensorType
 * @typedef {{session: import("./ort.js").Session, inputs: string[], calls: Map<string, import("./ort.js").Call>}} Opened
 * @typedef {{tensor: number, data: number}} Held a handle, and the pointer to memory that is ours; 0: the run's own
 * @typedef {import("./gpu-graphs.js").GpuGraphs} GpuGraphs
 * @typedef {{outputs: Record<string, GraphTensor>, fell: BridgeError | null}} Ran fell: why the GPU didn't make the run it was asked for
 */

/** ONNX's number of each type, and how its values lie in memory. */
const TYPES = {
  float32: { onnx: FLOAT, array: Float32Array },
  int64: { onnx: INT64, array: BigInt64Array },
  int32: { onnx: INT32, array: Int32Array },
  uint8: { onnx: UINT8, array: Uint8Array },
  bool: { onnx: BOOL, array: Uint8Array },
};

export class GraphModel {
  /**
   * @param {Ort} ort
   * @param {Record<string, GraphSession>} sessions
   * @param {number} threads
   * @param {URL} vendor
   */
  constructor(ort, sessions, threads, vendor) {
    this.threads = threads;
    /** @private */ this.vendor = vendor;
    /** @private */ this.ort = ort;
    /** @private */ this.sessions = sessions;
    /** @private */ this.database = new Database("orion");
    /** @private @type {Map<string, Uint8Array>} graphs that were fed, by sha256 */ this.graphs = new Map();
    /** @private @type {Map<string, ShardFile>} what graphs point into */ this.files = new Map();
    /** @private @type {Map<string, Opened>} */ this.opened = new Map();
    /** @private @type {Map<string, Blob>} all that was fed, by sha256, for sessions that are placed on the GPU */ this.stored = new Map();
    /** @private @type {GpuGraphs | null} */ this.gpu = null;
    /** @private @type {Map<string, Map<string, Held | GraphTensor>>} by session, the inputs that were kept or handed on; from the GPU as values */
    this.state = new Map(Object.keys(sessions).map((name) => [name, new Map()]));
    /** @private Runs one at a time. */ this.last = Promise.resolve();
  }

  /**
   * Raises backend_unavailable or out_of_memory.
   *
   * @param {URL} vendor where onnxruntime-web's files lie
   * @param {Record<string, GraphSession>} sessions
   * @param {number} threads more than one needs cross-origin isolation
   * @returns {Promise<GraphModel>}
   */
  static async open(vendor, sessions, threads) {
    const ort = await Ort.load(new URL("ort-wasm-simd-threaded.mjs", vendor).href, threads);
    return new GraphModel(ort, sessions, threads, vendor);
  }

  /**
   * Raises shard_missing, shard_corrupt.
   *
   * @param {string} sha256
   * @param {string} role graph or weights
   * @param {Blob | null} blob the shard, where it isn't in IndexedDB
   */
  async feed(sha256, role, blob) {
    const stored = blob ?? (await storedShard(this.database, sha256));
    const bytes = await readVerified(stored, sha256);
    this.stored.set(sha256, /** @type {Blob} */ (stored));
    if (role === "graph") this.graphs.set(sha256, bytes);
    else this.files.set(sha256, new ShardFile(/** @type {Blob} */ (stored), bytes, []));
  }

  /** Creates the sessions. Raises runtime_failure, out_of_memory or invalid_model_folder. */
  async build() {
    for (const [name, spec] of Object.entries(this.sessions)) {
      const graph = this.graphs.get(spec.graph);
      if (!graph) throw new BridgeError("shard_missing", `the graph of ${name} wasn't fed`, { sha256: spec.graph });
      for (const location of externalFiles(graph, name)) {
        if (this.files.has(location)) continue;
        throw new BridgeError("invalid_model_folder", `The graph points into ${location.slice(0, 80)}, which isn't beside it.`);
      }
      const session = await this.ort.createSession(graph, this.files);
      const missing = [
        ...session.inputs.filter((input) => !(input in spec.inputs)),
        ...Object.keys(spec.inputs).filter((input) => !session.inputs.includes(input)),
        ...Object.keys(spec.outputs).filter((output) => !session.outputs.includes(output)),
      ];
      if (missing.length) throw new BridgeError("runtime_failure", `session ${name}: the graph and the manifest differ in ${missing[0]}`);
      this.opened.set(name, { session, inputs: Object.keys(spec.inputs), calls: new Map() });
    }
    this.graphs.clear();
    this.files.clear();
  }

  /** Bytes in use: the whole WASM memory, and what sessions on the GPU take. */
  get memoryBytes() {
    return this.ort.memoryBytes + (this.gpu?.memoryBytes ?? 0);
  }

  /**
   * From its next run on the GPU computes the session, or WASM again. State stays. Raises backend_unavailable, device_lost,
   * out_of_memory, shard_corrupt.
   *
   * @param {string} name of the session
   * @param {"wasm" | "webgpu"} backend
   */
  place(name, backend) {
    return this.inTurn(async () => {
      const { graph: sha256 } = this.spec(name);
      this.gpu?.drop(name);
      if (backend === "wasm") return;
      const { GpuGraphs } = await import("./gpu-graphs.js").catch((cause) => { throw toBridgeError(cause, "backend_unavailable"); });
      this.gpu ??= await GpuGraphs.open(this.vendor);
      const graph = await this.read(sha256);
      const data = Array.from(externalFiles(graph, name), async (path) => ({ path, data: await this.read(path) }));
      await this.gpu.add(name, graph, await Promise.all(data));
    });
  }

  /** @private @param {string} sha256 of a shard that was fed */
  read(sha256) {
    return readVerified(this.stored.get(sha256) ?? null, sha256);
  }

  /**
   * One run, after those before it. Raises runtime_failure, out_of_memory; protocol for what the engine has checked.
   *
   * @param {string} name of the session
   * @param {Record<string, GraphTensor>} inputs
   * @param {string[]} want the outputs to answer with
   * @returns {Promise<Ran>}
   */
  run(name, inputs, want) {
    return this.inTurn(() => this.runNow(name, inputs, want));
  }

  /**
   * Forgets the state that a session keeps, after the runs before.
   *
   * @param {string} name of the session
   */
  reset(name) {
    return this.inTurn(async () => {
      for (const input of Object.values(this.spec(name).keeps)) this.replace(name, input, null);
    });
  }

  /**
   * @private
   * @template T
   * @param {() => Promise<T>} call
   * @returns {Promise<T>}
   */
  inTurn(call) {
    const result = this.last.then(call);
    this.last = result.then(() => {}, () => {}); // what fails one call isn't the next one's failure
    return result;
  }

  /** @private @param {string} name */
  spec(name) {
    const spec = Object.hasOwn(this.sessions, name) ? this.sessions[name] : null;
    if (!spec) throw new BridgeError("protocol", `there is no session ${name}`);
    return spec;
  }

  /**
   * @private
   * @param {string} name
   * @param {Record<string, GraphTensor>} inputs
   * @param {string[]} want
   */
  async runNow(name, inputs, want) {
    const spec = this.spec(name);
    const opened = this.opened.get(name);
    if (!opened) throw new BridgeError("protocol", "the model isn't built yet");
    const names = [...new Set([...want, ...Object.keys(spec.keeps), ...Object.keys(spec.hands_on)])];
    if (!this.gpu?.has(name)) return { outputs: await this.runOnWasm(name, opened, inputs, names, want), fell: null };
    try {
      return { outputs: await this.runOnGpu(name, this.gpu, inputs, names, want), fell: null };
    } catch (cause) {
      this.gpu.drop(name);
      const fell = toBridgeError(cause, "runtime_failure");
      return { outputs: await this.runOnWasm(name, opened, inputs, names, want), fell };
    }
  }

  /**
   * @private
   * @param {string} name
   * @param {GpuGraphs} gpu
   * @param {Record<string, GraphTensor>} inputs
   * @param {string[]} names of the outputs to compute
   * @param {string[]} want
   */
  async runOnGpu(name, gpu, inputs, names, want) {
    const spec = this.spec(name);
    const given = Object.keys(spec.inputs).map((input) => {
      if (Object.hasOwn(inputs, input)) return [input, inputs[input]];
      const kept = this.state.get(name)?.get(input);
      if (!kept) return [input, nothingYet(spec, input)];
      return [input, "tensor" in kept ? this.copied(kept.tensor, input, spec.inputs[input].dtype) : kept];
    });
    const outputs = Object.fromEntries(names.map((output) => [output, spec.outputs[output]]));
    const made = await gpu.run(name, Object.fromEntries(given), outputs);
    for (const output of names) {
      const into = destination(name, spec, output);
      const { dtype, shape, data } = made[output];
      if (into) this.replace(into.session, into.input, { dtype, shape, data: want.includes(output) ? data.slice() : data });
    }
    return Object.fromEntries(want.map((output) => [output, made[output]]));
  }

  /**
   * @private
   * @param {string} name
   * @param {Opened} opened
   * @param {Record<string, GraphTensor>} inputs
   * @param {string[]} names of the outputs to compute
   * @param {string[]} want
   */
  async runOnWasm(name, opened, inputs, names, want) {
    const spec = this.spec(name);
    /** @type {Held[]} */
    const given = [];
    try {
      const handles = opened.inputs.map((input) => {
        const kept = Object.hasOwn(inputs, input) ? undefined : this.state.get(name)?.get(input);
        if (kept && "tensor" in kept) return kept.tensor;
        const held = this.placed(kept ?? (Object.hasOwn(inputs, input) ? inputs[input] : nothingYet(spec, input)));
        given.push(held);
        return held.tensor;
      });
      const outputs = await callOf(opened, names).run(handles, names.map(() => 0));
      return this.taken(name, spec, names, Array.from(outputs), want);
    } catch (cause) {
      throw toBridgeError(cause, "runtime_failure");
    } finally {
      for (const held of given) this.release(held);
    }
  }

  /**
   * Copies what is wanted, and holds what is kept or handed on; all else is freed.
   *
   * @private
   * @param {string} name
   * @param {GraphSession} spec
   * @param {string[]} names
   * @param {number[]} handles the run's outputs, in the order of `names`
   * @param {string[]} want
   */
  taken(name, spec, names, handles, want) {
    /** @type {Record<string, GraphTensor>} */
    const answer = {};
    const free = new Set(handles);
    try {
      names.forEach((output, index) => {
        if (want.includes(output)) answer[output] = this.copied(handles[index], output, spec.outputs[output].dtype);
      });
      names.forEach((output, index) => {
        const into = destination(name, spec, output);
        if (!into) return;
        free.delete(handles[index]);
        this.replace(into.session, into.input, { tensor: handles[index], data: 0 });
      });
    } finally {
      for (const handle of free) this.ort.releaseTensor(handle);
    }
    return answer;
  }

  /**
   * @private
   * @param {number} handle
   * @param {string} name of the tensor
   * @param {TensorType} dtype
   * @returns {GraphTensor}
   */
  copied(handle, name, dtype) {
    const { type, data, dims } = this.ort.tensorFacts(handle);
    if (TYPES[dtype].onnx !== type) throw new BridgeError("runtime_failure", `the tensor ${name} is of another type than ${dtype}`);
    const count = dims.reduce((product, size) => product * size, 1);
    const values = new TYPES[dtype].array(count);
    new Uint8Array(values.buffer).set(this.ort.heap().subarray(data, data + values.byteLength));
    return { dtype, shape: dims, data: values };
  }

  /** @private @param {GraphTensor} tensor @returns {Held} a copy on the WASM heap */
  placed({ dtype, shape, data }) {
    const { ort } = this;
    const pointer = ort.alloc(data.byteLength);
    ort.heap().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), pointer);
    try {
      return { tensor: ort.tensor(TYPES[dtype].onnx, shape, pointer, data.byteLength), data: pointer };
    } catch (cause) {
      ort.free(pointer);
      throw cause;
    }
  }

  /** @private @param {string} session @param {string} input @param {Held | GraphTensor | null} held */
  replace(session, input, held) {
    const state = /** @type {Map<string, Held | GraphTensor>} */ (this.state.get(session));
    const before = state.get(input);
    if (before && "tensor" in before) this.release(before);
    if (held) state.set(input, held);
    else state.delete(input);
  }

  /** @private @param {Held} held */
  release({ tensor, data }) {
    this.ort.releaseTensor(tensor);
    if (data) this.ort.free(data);
  }
}

/** @param {Opened} opened @param {string[]} outputs @returns {import("./ort.js").Call} */
function callOf({ session, inputs, calls }, outputs) {
  const key = JSON.stringify(outputs);
  let call = calls.get(key);
  if (!call) calls.set(key, (call = session.call(inputs, outputs)));
  return call;
}

/** @param {string} name of the session @param {GraphSession} spec @param {string} output @returns {{session: string, input: string} | undefined} where it is kept */
function destination(name, spec, output) {
  return Object.hasOwn(spec.keeps, output) ? { session: name, input: spec.keeps[output] } : spec.hands_on[output];
}

/** @param {GraphSession} spec @param {string} input @returns {GraphTensor} state before the session's first run */
function nothingYet(spec, input) {
  const { dtype, shape } = spec.inputs[input];
  const sizes = shape.map((size) => (typeof size === "number" ? size : 0));
  return { dtype, shape: sizes, data: new TYPES[dtype].array(sizes.reduce((product, size) => product * size, 1)) };
}
