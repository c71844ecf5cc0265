/**
 * Hands the samples that come beside a message of the engine to whoever hears it: they exist while it is heard, and what
 * nobody takes is gone. The page's Python sees the message alone.
 */

/** @type {Float32Array<ArrayBuffer> | null} */
let beside = null;

/** @param {Float32Array<ArrayBuffer>} samples @param {() => void} hear */
export function withSamples(samples, hear) {
  beside = samples;
  try {
    hear();
  } finally {
    beside = null;
  }
}

/** Those of the message that is being heard. */
export const samplesBeside = () => beside ?? new Float32Array();
