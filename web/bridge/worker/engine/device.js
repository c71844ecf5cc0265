/**
 * Detects what the machine offers. Keys are those of orion_py.runtime.base.Device; the rest is for display.
 */

import { kernelHere, probe } from "../kernel/module.js";
import { within } from "../limit.js";

/** Some drivers never answer. */
export const ADAPTER_MS = 10_000;

/** More threads than this only wait for memory: decoding reads every weight once a token. */
const MAX_THREADS = 8;

/** Of onnxruntime-web (package.json has the same): what another one computes on a GPU is checked anew. */
const ONNXRUNTIME = "1.30.0";

/** Limits and features that decide whether a model fits and which kernels exist. */
const LIMITS = /** @type {const} */ ([
  "maxBufferSize", "maxStorageBufferBindingSize", "maxComputeWorkgroupStorageSize", "maxComputeInvocationsPerWorkgroup",
]);

/**
 * @typedef {object} WebGpu
 * @property {boolean} webgpu
 * @property {string} webgpu_reason why there is none
 * @property {string} webgpu_name
 * @property {boolean} webgpu_software computed by the processor: right, but slow
 * @property {string[]} webgpu_features
 * @property {Record<string, number>} webgpu_limits bytes and counts
 * @property {string} onnxruntime the version that computes on a GPU
 *
 * @typedef {WebGpu & {threads: number, isolated: boolean, memory_gb: number | null, kernel: string, kernel_reason: string, simd: boolean}} Device
 */

/**
 * @param {ReturnType<typeof kernelHere>} [kernel] what of our kernel runs here, where it was asked before
 * @returns {Promise<Device>}
 */
export async function detectDevice(kernel = kernelHere()) {
  const found = { ...(await webgpu()), ...(await kernel) };
  return { threads: threads(), isolated: isolated(), memory_gb: memoryGb(), simd: probe().simd, ...found };
}

function isolated() {
  return globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer !== "undefined";
}

/**
 * Threads to compute with: all cores up to four, then half of them (the others are mostly the
 * same cores' second hyperthread, and the page wants to be drawn). One without isolation.
 */
function threads() {
  if (!isolated()) return 1;
  const cores = navigator.hardwareConcurrency || 1;
  return Math.min(cores, Math.max(4, Math.ceil(cores / 2)), MAX_THREADS);
}

/** @returns {number | null} GiB, coarse and capped by the browser; null where it doesn't say */
function memoryGb() {
  return /** @type {{deviceMemory?: number}} */ (/** @type {unknown} */ (navigator)).deviceMemory ?? null;
}

/** @returns {Promise<WebGpu>} */
async function webgpu() {
  const gpu = /** @type {any} */ (navigator).gpu; // lib.dom has no WebGPU types
  if (!gpu) return absent(isSecureContext ? "this browser has no WebGPU" : "WebGPU needs https or localhost");
  try {
    const asked = gpu.requestAdapter({ powerPreference: "high-performance" });
    const adapter = await within(asked, ADAPTER_MS, "backend_unavailable", "the GPU's driver");
    if (!adapter) return absent("the browser offers no GPU adapter");
    const info = adapter.info ?? {};
    return {
      webgpu: true,
      webgpu_reason: "",
      webgpu_name: [info.vendor, info.architecture, info.description || info.device].filter(Boolean).join(" "),
      webgpu_software: isSoftware(adapter),
      webgpu_features: [...adapter.features].sort(),
      webgpu_limits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
      onnxruntime: ONNXRUNTIME,
    };
  } catch (cause) {
    return absent(cause instanceof Error ? cause.message : String(cause));
  }
}

/**
 * Whether a GPUAdapter is computed by the processor: right, but slower than WASM.
 *
 * @param {any} adapter
 * @returns {boolean}
 */
export function isSoftware(adapter) {
  const fallback = adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter;
  return Boolean(fallback) || adapter.info?.architecture === "swiftshader";
}

/**
 * @param {string} reason
 * @returns {WebGpu}
 */
function absent(reason) {
  return {
    webgpu: false, webgpu_reason: reason, webgpu_name: "", webgpu_software: false, webgpu_features: [], webgpu_limits: {},
    onnxruntime: ONNXRUNTIME,
  };
}
