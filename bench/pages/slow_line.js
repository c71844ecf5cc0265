/** An engine that is ready, and how long its model takes to the first token; or a download alone. */

import { engine } from "./engine.js";

const PARALLEL = 4; // enough that the connection is never idle between two files

let began = () => {};
const ask = engine(new URL("../orion/", import.meta.url), undefined, ({ type }) => {
  if (type === "token") began();
});

/** @type {any} */ (globalThis).begin = () =>
  ask("initialize", { config: { backend: "wasm", use_neural_router: false } });

/** @type {any} */ (globalThis).firstToken = (/** @type {string} */ query) => {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    began = () => resolve(performance.now() - started);
    ask("infer", { query, history: [], options: {} }).catch(reject);
  });
};

/** @type {any} */ (globalThis).download = async (/** @type {string[]} */ urls) => {
  const started = performance.now();
  const waiting = [...urls];
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    for (let url = waiting.shift(); url; url = waiting.shift()) await (await fetch(url, { cache: "no-store" })).blob();
  }));
  return performance.now() - started;
};
