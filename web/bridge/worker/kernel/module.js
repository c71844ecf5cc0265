/**
 * Finds by probe which build of our kernel (kernel/orion_kernel.h) this browser can run, and loads it.
 */

import { BridgeError, toBridgeError } from "../errors.js";
import { sha256Hex } from "../storage/hash.js";
import { within } from "../limit.js";

const NO_SIMD = "this browser has no WebAssembly SIMD";
/** The engine's start waits for a build's 70 KB; past that, onnxruntime computes on this visit. */
const BUILD_MS = 20_000;

/** What every tiny module below begins with: one function without parameters that gives a v128. */
const PREAMBLE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0];

/** i32.const 0, i8x16.splat */
const ZEROS = [0x41, 0, 0xfd, 0x0f];

/** i8x16.popcnt of zeros. */
const SIMD = module([...ZEROS, 0xfd, 0x62]);

/** i16x8.relaxed_dot_i8x16_i7x16_s of zeros. */
const RELAXED_SIMD = module([...ZEROS, ...ZEROS, 0xfd, 0x92, 0x02]);

/** @param {number[]} instructions */
function module(instructions) {
  const body = [0, ...instructions, 0x0b]; // no locals; end
  return Uint8Array.from([...PREAMBLE, 0x0a, body.length + 2, 1, body.length, ...body]);
}

/**
 * @typedef {object} Features
 * @property {boolean} simd
 * @property {boolean} relaxed the relaxed dot product
 * @property {boolean} shared memory that threads share
 */

/** @returns {Features} of this browser, in this worker */
export function probe() {
  const shared = globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer !== "undefined";
  return { simd: WebAssembly.validate(SIMD), relaxed: WebAssembly.validate(RELAXED_SIMD), shared };
}

/**
 * The builds that run here, by name, best first; the last one is without relaxed SIMD.
 *
 * @param {Features} features
 * @returns {string[]}
 */
export function builds({ simd, relaxed, shared }) {
  const kinds = simd ? [...(relaxed ? ["relaxed"] : []), "plain"] : [];
  return kinds.map((kind) => kind + (shared ? "-threads" : ""));
}

/**
 * The best of the available builds: without a network it may be another than at the last visit, whose browser
 * hadn't yet what this one has. Raises backend_unavailable, or download_failed where none arrived.
 *
 * @param {URL} folder where the builds lie
 * @param {string[]} names best first
 * @returns {Promise<{name: string, code: Uint8Array<ArrayBuffer>}>}
 */
export async function fetchBuild(folder, names) {
  /** @type {unknown} */
  let first = new BridgeError("backend_unavailable", NO_SIMD);
  for (const [index, name] of names.entries()) {
    try {
      return { name, code: await fetchOne(folder, name) };
    } catch (cause) {
      if (!index) first = cause;
    }
  }
  throw first;
}

/** @param {URL} folder @param {string} name @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function fetchOne(folder, name) {
  try {
    const answer = await fetch(new URL(`${name}.wasm`, folder));
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    throw new BridgeError("backend_unavailable", `the kernel's build ${name} isn't on this site (${answer.status})`);
  } catch (cause) {
    throw toBridgeError(cause, "backend_unavailable");
  }
}

/**
 * What of the kernel runs here, for `Device`: the build's name and the beginning of its hash, by which a verdict about
 * it is kept; and why, where it is "".
 *
 * @returns {Promise<{kernel: string, kernel_reason: string}>}
 */
export async function kernelHere() {
  try {
    const build = fetchBuild(new URL("../../../kernel/", import.meta.url), builds(probe()));
    const { name, code } = await within(build, BUILD_MS, "backend_unavailable", "the server of the kernel's build");
    return { kernel: `${name}-${(await sha256Hex(code)).slice(0, 16)}`, kernel_reason: "" };
  } catch (cause) {
    return { kernel: "", kernel_reason: toBridgeError(cause, "backend_unavailable").message };
  }
}
