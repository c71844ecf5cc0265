/**
 * Runs sessions of a graph model on WebGPU. Tensors come from the processor's memory and go back there: what a session
 * keeps or hands on is the caller's, so that another backend can go on with it.
 */

import { BridgeError, toBridgeError } from "../errors.js";
import { within } from "../limit.js";
import { loadGpu, lossOf, reasonOf } from "./gpu.js";

/** A GPU that takes so long for one run, the compilation of its pipelines included, is of no use. */
const RUN_MS = 30_000;

/** @typedef {import("../inference/messages.js").GraphTensor} GraphTensor */

export class GpuGraphs {
  /** @param {import("./gpu.js").Gpu} gpu */
  constructor({ ort, meter }) {
    /** @private */ this.ort = ort;
    /** @private */ this.meter = meter;
    /** @private @type {Map<string, import("./gpu.js").Session>} */ this.sessions = new Map();
    /** @private @type {Promise<never>} rejects when the device is lost */ this.lost = new Promise(() => {});
  }

  /**
   * Raises backend_unavailable.
   *
   * @param {URL} vendor where onnxruntime-web's files lie
   */
  static async open(vendor) {
    return new GpuGraphs(await loadGpu(vendor));
  }

  /** Bytes in use: GPU buffers and the WASM memory of onnxruntime's side of them. */
  get memoryBytes() {
    return this.meter.bytes;
  }

  /** @param {string} name of a session */
  has(name) {
    return this.sessions.has(name);
  }

  /**
   * Raises backend_unavailable, out_of_memory, device_lost.
   *
   * @param {string} name of the session
   * @param {Uint8Array} graph an ONNX file
   * @param {{path: string, data: Uint8Array}[]} externalData what it points into
   */
  async add(name, graph, externalData) {
    try {
      const created = this.ort.InferenceSession.create(graph, { executionProviders: ["webgpu"], externalData });
      const session = await within(Promise.race([created, this.lost]), RUN_MS, "backend_unavailable", "the GPU");
      if (!this.sessions.size) this.lost = lossOf(await this.ort.env.webgpu.device);
      await this.meter.settled();
      this.sessions.set(name, session);
    } catch (cause) {
      throw toBridgeError(cause, "backend_unavailable");
    }
  }

  /**
   * One run. Raises device_lost, out_of_memory, runtime_failure, inference_timeout.
   *
   * @param {string} name of the session
   * @param {Record<string, GraphTensor>} inputs all of them
   * @param {Record<string, {dtype: import("../inference/messages.js").TensorType}>} outputs that are wanted
   * @returns {Promise<Record<string, GraphTensor>>}
   */
  async run(name, inputs, outputs) {
    const session = /** @type {import("./gpu.js").Session} */ (this.sessions.get(name));
    const { Tensor } = this.ort;
    /** @type {Record<string, import("./gpu.js").Tensor>} */
    const feeds = {};
    for (const [input, { dtype, shape, data }] of Object.entries(inputs)) feeds[input] = new Tensor(dtype, data, shape);
    const fetches = Object.fromEntries(Object.keys(outputs).map((output) => [output, null]));
    try {
      const running = Promise.race([session.run(feeds, fetches), this.lost]);
      const got = await within(running, RUN_MS, "inference_timeout", "the GPU");
      await this.meter.settled(); // or what was computed with a buffer that isn't there would pass for an output
      return Object.fromEntries(Object.entries(outputs).map(([output, { dtype }]) => {
        const { type, dims, data } = got[output];
        if (type !== dtype) throw new BridgeError("runtime_failure", `the output ${output} is ${type} and no ${dtype}`);
        return [output, { dtype, shape: [...dims], data: data.slice() }];
      }));
    } catch (cause) {
      throw await reasonOf(cause, this.lost);
    }
  }

  /** Gives a session's memory back as far as a GPU that may hang does. @param {string} name */
  drop(name) {
    this.sessions.get(name)?.release().catch(() => {});
    this.sessions.delete(name);
  }
}
