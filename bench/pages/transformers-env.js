/** Has transformers.js take its models and its runtime from the bench's own server. */

/**
 * @param {any} env of transformers.js
 * @param {number} threads
 * @param {string} runtime which build of onnxruntime-web
 */
export function useLocal(env, threads, runtime) {
  const builds = new URL("../peers/onnxruntime-web/dist/", import.meta.url);
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  // A path: whole addresses count as remote there, and are then not even looked for.
  env.localModelPath = new URL("../weights/", import.meta.url).pathname;
  env.useBrowserCache = false;
  env.backends.onnx.wasm.wasmPaths = {
    mjs: new URL(`ort-wasm-simd-threaded${runtime}.mjs`, builds).href,
    wasm: new URL(`ort-wasm-simd-threaded${runtime}.wasm`, builds).href,
  };
  env.backends.onnx.wasm.numThreads = threads;
}
