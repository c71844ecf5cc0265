/**
 * Compiles Python's WebAssembly beside all else that a start takes: Pyodide would begin with it only once its JavaScript
 * is fetched, parsed and run, and that takes as long as the compiling.
 */

/** A response that nobody reads. */
const UNREAD = "read and compiled already";

export class RuntimeCode {
  /**
   * Asks for the code.
   *
   * @param {URL} vendor the folder vendor/
   */
  constructor(vendor) {
    /** @private */ this.url = new URL("pyodide/pyodide.asm.wasm", vendor).href;
    /** @private @type {Promise<Response> | null} */ this.coming = fetch(this.url);
    this.coming.catch(() => {}); // `compile` tells
    /** @private @type {Promise<WebAssembly.Module> | null} */ this.module = null;
  }

  /** Begins to compile what has arrived, if that hasn't begun. @returns {Promise<WebAssembly.Module>} */
  compile() {
    this.module ??= compiled(/** @type {Promise<Response>} */ (this.coming), this.url);
    this.coming = null;
    this.module.catch(() => {}); // `during` awaits it
    return this.module;
  }

  /**
   * Does `work`, in which Pyodide is given this code where it would fetch and compile its own. Only one start at a time
   * takes it.
   *
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async during(work) {
    const { fetch } = globalThis;
    const { instantiateStreaming } = WebAssembly;
    const unread = Promise.resolve(new Response(UNREAD));
    void this.compile();
    let asked = false;
    /** @type {typeof fetch} */
    const given = (input, init) => {
      if (asked || String(input) !== this.url) return fetch.call(globalThis, input, init);
      asked = true; // who asks again is another start
      return unread;
    };
    /** @type {typeof instantiateStreaming} */
    const instantiated = async (source, imports) => {
      if (source !== unread) return instantiateStreaming.call(WebAssembly, source, imports);
      const module = await this.compile();
      return { module, instance: await WebAssembly.instantiate(module, imports) };
    };
    Object.assign(globalThis, { fetch: given });
    Object.assign(WebAssembly, { instantiateStreaming: instantiated });
    try {
      return await work();
    } finally {
      // A start that was given up may end while the next one is under way, which has put its own in this one's place.
      if (globalThis.fetch === given) Object.assign(globalThis, { fetch });
      if (WebAssembly.instantiateStreaming === instantiated) Object.assign(WebAssembly, { instantiateStreaming });
    }
  }
}

/**
 * @param {Promise<Response>} coming
 * @param {string} url
 */
async function compiled(coming, url) {
  const response = await coming;
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  // A host that says another type of it: the browser then compiles only bytes.
  return isWasm(response) ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** @param {Response} response */
function isWasm(response) {
  return response.headers.get("Content-Type")?.toLowerCase() === "application/wasm";
}
