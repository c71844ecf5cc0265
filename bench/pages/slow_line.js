/** An engine that is ready, and how long its model takes to the first token; or a download alone. */

const PARALLEL = 4; // as the engine's own

const worker = new Worker(new URL("../orion/workers/engine.js", import.meta.url), { type: "module" });
const send = (/** @type {object} */ message) => worker.postMessage(JSON.stringify({ v: 1, ...message }));

/** @param {(message: any) => boolean} wanted @returns {Promise<number>} ms from now */
function heard(wanted) {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", function listen({ data }) {
      const message = JSON.parse(data);
      if (message.type === "error" || message.type === "boot-failed") reject(new Error(data));
      else if (wanted(message)) resolve(performance.now() - started);
      else return;
      worker.removeEventListener("message", listen);
    });
  });
}

/** @type {any} */ (globalThis).begin = () => {
  const ready = heard((message) => message.id === "begin" && message.type === "result");
  send({ id: "begin", type: "initialize", config: { backend: "wasm", use_neural_router: false }, locale: "en" });
  return ready;
};

/** @type {any} */ (globalThis).firstToken = (/** @type {string} */ query) => {
  const first = heard((message) => message.id === "ask" && message.type === "token");
  send({ id: "ask", type: "infer", query, history: [], options: {} });
  return first;
};

/** @type {any} */ (globalThis).download = async (/** @type {string[]} */ urls) => {
  const started = performance.now();
  const waiting = [...urls];
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    for (let url = waiting.shift(); url; url = waiting.shift()) await (await fetch(url, { cache: "no-store" })).blob();
  }));
  return performance.now() - started;
};
