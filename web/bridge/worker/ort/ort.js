/**
 * onnxruntime-web's WASM build, driven through the C functions that its module exports.
 *
 * The package's own API copies every input and output of every run; for a KV cache that is 6-8 ms
 * a token. Here OrtValues stay on the WASM heap, and a run is one call with prepared pointers.
 * Nothing here knows about language models.
 */

import { BridgeError, toBridgeError } from "../errors.js";

/**
 * What is used of the emscripten module of onnxruntime-web 1.30.
 *
 * @typedef {object} OrtModule
 * @property {Uint8Array} HEAPU8
 * @property {(size: number) => number} _malloc
 * @property {(pointer: number) => void} _free
 * @property {() => number} stackSave
 * @property {(pointer: number) => void} stackRestore
 * @property {(size: number) => number} stackAlloc
 * @property {(pointer: number, type: string) => number} getValue
 * @property {(pointer: number) => string} UTF8ToString
 * @property {(path: string, file: ExternalFile) => void} mountExternalData
 * @property {() => void} unmountExternalData
 * @property {(threads: number, logLevel: number) => number} _OrtInit
 * @property {(code: number, message: number) => void} _OrtGetLastError
 * @property {(...options: (number | boolean)[]) => number} _OrtCreateSessionOptions
 * @property {(options: number) => number} _OrtReleaseSessionOptions
 * @property {(data: number, size: number, options: number) => number | Promise<number>} _OrtCreateSession
 * @property {(session: number, inputs: number, outputs: number) => number} _OrtGetInputOutputCount
 * @property {(session: number, index: number, name: number, metadata: number) => number} _OrtGetInputOutputMetadata
 * @property {(pointer: number) => void} _OrtFree
 * @property {(type: number, data: number, bytes: number, dims: number, rank: number, location: number) => number} _OrtCreateTensor
 * @property {(tensor: number, type: number, data: number, dims: number, rank: number) => number} _OrtGetTensorData
 * @property {(tensor: number) => number} _OrtReleaseTensor
 * @property {(session: number, inputNames: number, inputs: number, inputCount: number, outputNames: number, outputCount: number, outputs: number, options: number) => number | Promise<number>} _OrtRun
 */

/**
 * A file that external data points into. The module calls nothing else on it, so a file doesn't
 * have to be in memory.
 *
 * @typedef {object} ExternalFile
 * @property {number} byteLength
 * @property {(start: number, end: number) => Uint8Array} subarray
 */

/** ONNX element types. */
export const FLOAT = 1;
export const UINT8 = 2;
export const INT32 = 6;
export const INT64 = 7;
export const BOOL = 9;

/** How much of a graph onnxruntime rewrites when a session is created. */
export const OPTIMIZE_BASIC = 1;
const OPTIMIZE_ALL = 99;
const LOG_ERRORS = 3;
const ON_CPU = 1;
const POINTER = 4;

export class Ort {
  /** @param {OrtModule} module */
  constructor(module) {
    /** @private */ this.module = module;
  }

  /**
   * Instantiates the module. Raises backend_unavailable or out_of_memory.
   *
   * @param {string} url of ort-wasm-simd-threaded.mjs, which finds its .wasm beside itself
   * @param {number} threads more than one needs cross-origin isolation
   * @returns {Promise<Ort>}
   */
  static async load(url, threads) {
    try {
      const factory = /** @type {{default: (config: object) => Promise<OrtModule>}} */ (await import(url)).default;
      const module = await factory({ numThreads: threads });
      const ort = new Ort(module);
      if (module._OrtInit(threads, LOG_ERRORS) !== 0) throw ort.lastError("init");
      return ort;
    } catch (cause) {
      throw toBridgeError(cause, "backend_unavailable");
    }
  }

  /**
   * The heap as it is now. Growing the memory replaces the view, and when another thread has grown
   * it only the module's own accessors notice: so one of them is called first.
   */
  heap() {
    this.module.getValue(0, "i8");
    return this.module.HEAPU8;
  }

  /** Bytes that the WASM memory takes; it never shrinks. */
  get memoryBytes() {
    return this.heap().byteLength;
  }

  /**
   * @param {number} bytes
   * @returns {number} pointer, aligned to 16. Raises out_of_memory.
   */
  alloc(bytes) {
    const pointer = this.module._malloc(Math.max(bytes, 16));
    if (!pointer) throw new BridgeError("out_of_memory", `no ${bytes} bytes left for the model`);
    return pointer;
  }

  /** @param {number} pointer */
  free(pointer) {
    this.module._free(pointer);
  }

  /**
   * A tensor over memory that stays the caller's.
   *
   * @param {number} type
   * @param {number[]} dims
   * @param {number} data pointer
   * @param {number} bytes
   * @returns {number} handle
   */
  tensor(type, dims, data, bytes) {
    const { module } = this;
    const stack = module.stackSave();
    const shape = module.stackAlloc(POINTER * Math.max(dims.length, 1));
    new Uint32Array(this.heap().buffer, shape, dims.length).set(dims);
    const handle = module._OrtCreateTensor(type, data, bytes, shape, dims.length, ON_CPU);
    module.stackRestore(stack);
    if (!handle) throw this.lastError("tensor");
    return handle;
  }

  /**
   * @param {number} tensor handle
   * @returns {number} pointer to its data
   */
  tensorData(tensor) {
    const { module } = this;
    const stack = module.stackSave();
    const out = module.stackAlloc(4 * POINTER);
    const status = module._OrtGetTensorData(tensor, out, out + POINTER, out + 2 * POINTER, out + 3 * POINTER);
    const data = module.getValue(out + POINTER, "*");
    if (status === 0) module._OrtFree(module.getValue(out + 2 * POINTER, "*")); // its dims
    module.stackRestore(stack);
    if (status !== 0) throw this.lastError("tensor data");
    return data;
  }

  /**
   * What a run put out, whose type and shape only a trusted graph's outputs needn't be asked for.
   *
   * @param {number} tensor handle
   * @returns {{type: number, data: number, dims: number[]}} data: a pointer
   */
  tensorFacts(tensor) {
    const { module } = this;
    const stack = module.stackSave();
    const out = module.stackAlloc(4 * POINTER);
    const status = module._OrtGetTensorData(tensor, out, out + POINTER, out + 2 * POINTER, out + 3 * POINTER);
    if (status !== 0) {
      module.stackRestore(stack);
      throw this.lastError("tensor facts");
    }
    const type = module.getValue(out, "i32");
    const data = module.getValue(out + POINTER, "*");
    const shape = module.getValue(out + 2 * POINTER, "*");
    const rank = module.getValue(out + 3 * POINTER, "i32");
    const dims = Array.from(new Uint32Array(this.heap().buffer, shape, rank));
    module._OrtFree(shape);
    module.stackRestore(stack);
    return { type, data, dims };
  }

  /** @param {number} tensor handle; memory that a run allocated for it is freed, the caller's isn't */
  releaseTensor(tensor) {
    this.module._OrtReleaseTensor(tensor);
  }

  /**
   * @param {Uint8Array} graph an ONNX file
   * @param {Map<string, ExternalFile>} files by the location that its external data names
   * @param {number} [optimize] OPTIMIZE_ALL for graphs that others made
   * @returns {Promise<Session>}
   */
  async createSession(graph, files, optimize = OPTIMIZE_ALL) {
    const { module } = this;
    // arena off, memory pattern off, sequential, no profile, no id, verbosity 0, no optimized file
    const options = module._OrtCreateSessionOptions(optimize, false, false, 0, false, 0, 0, LOG_ERRORS, 0, 0);
    if (!options) throw this.lastError("session options");
    const data = this.alloc(graph.byteLength);
    try {
      for (const [path, file] of files) module.mountExternalData(path, file);
      this.heap().set(graph, data);
      const handle = await module._OrtCreateSession(data, graph.byteLength, options);
      if (!handle) throw this.lastError("session");
      return new Session(this, module, handle);
    } catch (cause) {
      throw toBridgeError(cause, "runtime_failure");
    } finally {
      module.unmountExternalData();
      module._OrtReleaseSessionOptions(options);
      this.free(data);
    }
  }

  /**
   * @param {string} what failed
   * @returns {BridgeError}
   */
  lastError(what) {
    const { module } = this;
    const stack = module.stackSave();
    const out = module.stackAlloc(2 * POINTER);
    module._OrtGetLastError(out, out + POINTER);
    const text = module.getValue(out + POINTER, "*");
    const message = text ? module.UTF8ToString(text) : "";
    module.stackRestore(stack);
    return toBridgeError(new Error(`onnxruntime, ${what}: ${message}`), "runtime_failure");
  }
}

export class Session {
  /**
   * @param {Ort} ort
   * @param {OrtModule} module
   * @param {number} handle
   */
  constructor(ort, module, handle) {
    this.ort = ort;
    this.module = module;
    this.handle = handle;
    /** @type {string[]} */
    this.inputs = [];
    /** @type {string[]} */
    this.outputs = [];
    /** @type {Map<string, number>} pointers to the names, which live as long as the session */
    this.names = this.readNames();
  }

  /** @private */
  readNames() {
    const { module, handle } = this;
    const stack = module.stackSave();
    const out = module.stackAlloc(2 * POINTER);
    if (module._OrtGetInputOutputCount(handle, out, out + POINTER) !== 0) throw this.ort.lastError("count");
    const inputs = module.getValue(out, "i32");
    const count = inputs + module.getValue(out + POINTER, "i32");
    const names = new Map();
    for (let index = 0; index < count; index += 1) {
      if (module._OrtGetInputOutputMetadata(handle, index, out, out + POINTER) !== 0) throw this.ort.lastError("names");
      const name = module.getValue(out, "*");
      const text = module.UTF8ToString(name);
      names.set(text, name);
      (index < inputs ? this.inputs : this.outputs).push(text);
      module._OrtFree(module.getValue(out + POINTER, "*"));
    }
    module.stackRestore(stack);
    return names;
  }

  /**
   * A prepared run of these inputs and outputs. Raises runtime_failure if the graph lacks one.
   *
   * @param {string[]} inputs
   * @param {string[]} outputs
   * @returns {Call}
   */
  call(inputs, outputs) {
    const pointers = [...inputs, ...outputs].map((name) => {
      const pointer = this.names.get(name);
      if (!pointer) throw new BridgeError("runtime_failure", `the graph has no input or output ${name}`);
      return pointer;
    });
    return new Call(this, pointers, inputs.length);
  }
}

/** One session's run with fixed names: the pointer arrays are written once and kept. */
export class Call {
  /**
   * @param {Session} session
   * @param {number[]} names pointers, the inputs' first
   * @param {number} inputs how many of them are inputs
   */
  constructor(session, names, inputs) {
    const { ort } = session;
    /** @private */ this.session = session;
    /** @private */ this.inputs = inputs;
    /** @private */ this.count = names.length;
    /** @private */ this.pointer = ort.alloc(2 * POINTER * names.length);
    this.slots(0).set(names);
    this.slots(1).fill(0);
  }

  /**
   * @private
   * @param {0 | 1} half 0: names, 1: values
   */
  slots(half) {
    return new Uint32Array(this.session.ort.heap().buffer, this.pointer + half * POINTER * this.count, this.count);
  }

  /**
   * Runs once. Raises runtime_failure or out_of_memory.
   *
   * @param {number[]} inputs handles
   * @param {number[]} outputs handles to write into; 0 lets the run allocate one, which is the caller's then
   * @returns {Promise<Uint32Array>} the outputs' handles, valid until the next run
   */
  async run(inputs, outputs) {
    const { session, inputs: count, pointer } = this;
    const values = this.slots(1);
    values.set(inputs);
    values.set(outputs, count);
    const at = pointer + POINTER * this.count;
    const outNames = pointer + POINTER * count;
    let status = session.module._OrtRun(
      session.handle, pointer, at, count, outNames, this.count - count, at + POINTER * count, 0);
    if (typeof status !== "number") status = await status;
    if (status !== 0) throw session.ort.lastError("run");
    return this.slots(1).subarray(count);
  }
}
