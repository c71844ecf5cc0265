/**
 * Loads onnxruntime-web with WebGPU, through its own API, for whatever computes on the GPU here; and tells why a run failed.
 */

import { ADAPTER_MS, isSoftware } from "../engine/device.js";
import { BridgeError, toBridgeError } from "../errors.js";
import { within } from "../limit.js";
import { meterMemory } from "./memory-meter.js";

/**
 * What is used of onnxruntime-web; lib.dom has no WebGPU types.
 *
 * @typedef {{dispose: () => void, data: any, type: string, dims: readonly number[]}} Tensor
 * @typedef {object} Session
 * @property {(feeds: Record<string, Tensor>, fetches: Record<string, Tensor | null>) => Promise<Record<string, Tensor>>} run
 * @property {() => Promise<void>} release
 * @typedef {{env: any, InferenceSession: {create: (graph: Uint8Array, options: object) => Promise<Session>}, Tensor: any}} OrtApi
 * @typedef {{ort: OrtApi, meter: import("./memory-meter.js").MemoryMeter, software: boolean}} Gpu software: computed by the processor
 */

/**
 * Raises backend_unavailable.
 *
 * @param {URL} vendor where onnxruntime-web's files lie
 * @returns {Promise<Gpu>}
 */
export async function loadGpu(vendor) {
  try {
    const gpu = /** @type {any} */ (navigator).gpu;
    const asked = gpu?.requestAdapter({ powerPreference: "high-performance" });
    const adapter = asked && await within(asked, ADAPTER_MS, "backend_unavailable", "the GPU's driver");
    if (!adapter) throw new BridgeError("backend_unavailable", "there is no WebGPU adapter");
    const meter = meterMemory();
    /** @type {OrtApi} */
    const ort = await import(new URL("ort.webgpu.min.mjs", vendor).href);
    ort.env.wasm.wasmPaths = vendor.href;
    ort.env.wasm.numThreads = 1; // the GPU computes; threads would only wait
    ort.env.webgpu.powerPreference = "high-performance";
    ort.env.logLevel = "error";
    return { ort, meter, software: isSoftware(adapter) };
  } catch (cause) {
    throw toBridgeError(cause, "backend_unavailable");
  }
}

/**
 * @param {any} device a GPUDevice
 * @returns {Promise<never>} rejects as device_lost when the device is lost
 */
export function lossOf(device) {
  const lost = device.lost.then((/** @type {{reason: string, message: string}} */ { reason, message }) => {
    throw new BridgeError("device_lost", `the GPU went away: ${reason} ${message}`);
  });
  lost.catch(() => {}); // heard by the next run
  return lost;
}

/**
 * Why a run failed: whatever hangs or fails when the device is lost, that it is lost is the reason.
 *
 * @param {unknown} cause
 * @param {Promise<never>} lost
 * @returns {Promise<BridgeError>}
 */
export async function reasonOf(cause, lost) {
  const isLost = await Promise.race([lost.catch((/** @type {BridgeError} */ error) => error), Promise.resolve(null)]);
  return isLost ?? toBridgeError(cause, "runtime_failure");
}
