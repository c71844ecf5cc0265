/** The bench's page: a contender in a worker, called from outside as `bench.prepare` and `bench.run`. */

const worker = new Worker(new URL("job-worker.js", import.meta.url), { type: "module" });
let calls = 0;

/** A peer that spins in wait for its other thread can take for ever on a busy machine. */
const LIMIT_MS = 120_000;

/**
 * @param {string} method
 * @param {unknown[]} values
 */
function call(method, ...values) {
  const id = (calls += 1);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${method}: no answer in ${LIMIT_MS / 1000} s`)), LIMIT_MS);
    const onMessage = (/** @type {MessageEvent} */ { data }) => {
      if (data.id !== id) return;
      worker.removeEventListener("message", onMessage);
      clearTimeout(late);
      if ("error" in data) reject(new Error(data.error));
      else resolve(data.result);
    };
    worker.addEventListener("message", onMessage);
    worker.postMessage({ id, method, values });
  });
}

worker.onerror = (event) => console.error(`the bench's worker: ${event.message}`);

/** @type {any} */ (globalThis).bench = {
  /** @param {string} contender @param {object} options */
  prepare: (contender, options) => call("prepare", contender, options),
  /** @param {object} options */
  run: (options) => call("run", options),
};
