/** Puts questions to an engine of the site, as the page's own would. Called from outside as `questions.open` and `questions.ask`. */

import { engine } from "./engine.js";

const ask = engine(new URL("../orion/", import.meta.url));
const NAP_MS = 200;
const ROUTER_MS = 60_000;

/** Waits for the neural router: who answers mustn't depend on what loads first. */
async function routerIsReady() {
  for (let waited = 0; waited < ROUTER_MS; waited += NAP_MS) {
    const { router } = await ask("route", { query: "Hello!" });
    if (router === "neural") return;
    await new Promise((resolve) => setTimeout(resolve, NAP_MS));
  }
}

/** @type {any} */ (globalThis).questions = {
  /** @param {{threads: number, plain: object}} options `plain`: the definition of an agent to add */
  async open({ threads, plain }) {
    await ask("initialize", { config: { backend: "wasm", threads } });
    await ask("agent.register", { definition: plain });
    await routerIsReady();
  },

  /** @param {object} fields of an `infer` request @returns {Promise<object>} its payload, or `{error}` */
  async ask(fields) {
    try {
      return await ask("infer", fields);
    } catch (error) {
      return { error: String(error).replace(/^Error: /, "") };
    }
  },
};
