/** Asks the engine's router, and times each decision as the page would see it: there and back by message. */

import { engine } from "./engine.js";

const ask = engine(new URL("../orion/", import.meta.url));
const NAP_MS = 20;
const nap = () => new Promise((resolve) => setTimeout(resolve, NAP_MS));

/** @param {string[]} queries @returns {Promise<{ms: number[], router: string}>} */
globalThis.route = async (queries) => {
  await ask("initialize", { config: { backend: "wasm" } });
  let last = await ask("route", { query: queries[0] });
  for (let waited = 0; last.router !== "neural" && waited < 60_000; waited += 10 * NAP_MS) {
    for (let naps = 0; naps < 10; naps += 1) await nap();
    last = await ask("route", { query: queries[0] });
  }
  for (const query of queries.slice(0, 20)) await ask("route", { query });
  const ms = [];
  for (const query of queries) {
    const start = performance.now();
    last = await ask("route", { query });
    ms.push(performance.now() - start);
  }
  return { ms, router: last.router };
};
