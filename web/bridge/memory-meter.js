/**
 * What this worker has allocated on the GPU and in WASM memories: nothing in the platform tells,
 * so that the calls which allocate are counted. To be installed before onnxruntime is loaded.
 */

/** @typedef {{readonly bytes: number}} MemoryMeter */

/** @returns {MemoryMeter} */
export function meterMemory() {
  let gpuBytes = 0;
  /** @type {WebAssembly.Memory[]} */
  const memories = [];

  const device = /** @type {any} */ (globalThis).GPUDevice?.prototype;
  const buffer = /** @type {any} */ (globalThis).GPUBuffer?.prototype;
  if (device && buffer) {
    const { createBuffer } = device;
    const { destroy } = buffer;
    const alive = new WeakSet();
    device.createBuffer = function create(/** @type {{size: number}} */ options) {
      const created = createBuffer.call(this, options);
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
    get bytes() {
      return memories.reduce((sum, memory) => sum + memory.buffer.byteLength, gpuBytes);
    },
  };
}
