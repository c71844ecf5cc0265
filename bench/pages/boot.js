/** From the start of an engine worker to its answer to `initialize`: then it can route. */

import { engine } from "./engine.js";

const orion = new URL("../orion/", import.meta.url);
const scripts = {
  orion: new URL("workers/engine.js", orion),
  stock: new URL("stock-engine.js", import.meta.url),
};

const LIMIT_MS = 120_000;
const late = () => new Promise((_, reject) => {
  setTimeout(() => reject(new Error(`no engine in ${LIMIT_MS / 1000} s`)), LIMIT_MS);
});

/** @type {any} */ (globalThis).boot = async (/** @type {"orion" | "stock"} */ which, /** @type {boolean} */ ahead) => {
  const started = performance.now();
  let began = "";
  const hear = (/** @type {any} */ { type, phase }) => { if (type === "boot") began ||= phase; };
  const { version } = await Promise.race([
    engine(orion, scripts[which], hear)("initialize", { config: {}, ahead }),
    late(),
  ]);
  return { ms: performance.now() - started, version, began };
};
