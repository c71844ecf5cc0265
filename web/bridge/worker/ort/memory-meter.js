/**
 * Measures what this worker has allocated on the GPU and in WASM memories: nothing in the platform tells,
 * so that the calls which allocate are counted. To be installed before onnxruntime is loaded.
 */

import { BridgeError } from "../errors.js";

/**
 * `settled` resolves once it is known that every GPU buffer made so far is really there, and rejects as
 * out_of_memory, once, where one isn't: its handle then is as good as any, and holds zeros.
 *
 * @typedef {{readonly bytes: number, settled: () => Promise<void>}} MemoryMeter
 */

/** @returns {MemoryMeter} */
export function meterMemory() {
  let gpuBytes = 0;
  /** @type {WebAssembly.Memory[]} */
  const memories = [];
  /** @type {Promise<void>[]} what is asked of the GPU about buffers */
  let asked = [];
  /** @type {string | null} what it said of one that it couldn't make */
  let refusal = null;

  const device = /** @type {any} */ (globalThis).GPUDevice?.prototype;
  const buffer = /** @type {any} */ (globalThis).GPUBuffer?.prototype;
  if (device && buffer) {
    const { createBuffer } = device;
    const { destroy } = buffer;
    const alive = new WeakSet();
    device.createBuffer = function create(/** @type {{size: number}} */ options) {
      // Every creation of a buffer, onnxruntime's too: no error is thrown for one that has no room.
      this.pushErrorScope("out-of-memory");
      /** @type {any} */
      let created = null;
      try {
        created = createBuffer.call(this, options);
      } finally {
        const scope = this.popErrorScope().catch(() => null); // a lost device reports nothing; its loss is reported elsewhere
        asked.push(scope.then((/** @type {{message: string} | null} */ error) => {
          if (!error) return;
          refusal ??= error.message || "no more memory";
          if (created && alive.delete(created)) gpuBytes -= options.size;
        }));
      }
      alive.add(created);
      gpuBytes += options.size;
      return created;
    };
    buffer.destroy = function release() {
      if (alive.delete(this)) gpuBytes -= this.size;
      destroy.call(this);
    };
  }

  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, options) {
      const memory = new target(options[0]);
      memories.push(memory);
      return memory;
    },
  });

  return {
    async settled() {
      const waiting = asked;
      asked = [];
      await Promise.all(waiting);
      if (refusal === null) return;
      const message = `the GPU has no room for another buffer: ${refusal}`;
      refusal = null;
      throw new BridgeError("out_of_memory", message);
    },
    get bytes() {
      return memories.reduce((sum, memory) => sum + memory.buffer.byteLength, gpuBytes);
    },
  };
}
