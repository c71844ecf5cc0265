/**
 * A cell that runs Python: `openRunner` brings its files, here and not there, and carries text.
 * Loaded when somebody first presses Run.
 */
import { openCell, part } from "./page-cell.js";

const root = new URL("../", import.meta.url);
const HERE = { host: "sandbox/host.html", cell: "sandbox/cell.js", worker: "sandbox/runner.js", prelude: "sandbox/runner.py" };
const PYTHON = {
  pyodide: "vendor/pyodide/pyodide.mjs",
  asm: "vendor/pyodide/pyodide.asm.mjs",
  wasm: "vendor/pyodide/pyodide.asm.wasm",
  stdlib: "vendor/python/stdlib.zip",
  site: "vendor/python/site.bin",
};
const POLICY = "default-src 'none'; script-src NONCE 'wasm-unsafe-eval' blob:; worker-src blob:";

/** @param {string} path */
const bytes = async (path) => (await part(new URL(path, root))).arrayBuffer();
/** @param {string} path */
const words = async (path) => (await part(new URL(path, root))).text();

/** @param {string} path of a gzipped file */
const inflated = async (path) => {
  const { body } = await part(new URL(path, root));
  return new Response(/** @type {ReadableStream} */ (body).pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
};

/** A Python bundle, as build_support/python_bundle.mjs writes it. @param {ArrayBuffer} buffer */
function opened(buffer) {
  const length = new DataView(buffer).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 12, length)));
  return { header, bytes: new Uint8Array(buffer, 12 + length) };
}

/**
 * @param {(text: string) => void} onText what the cell says (see cell.js), as JSON text
 * @returns {Promise<{post: (text: string) => void, end: () => void}>}
 */
export async function openRunner(onText) {
  const files = Promise.all([
    words(HERE.worker), words(HERE.prelude), words(PYTHON.pyodide), words(PYTHON.asm),
    bytes(PYTHON.wasm), bytes(PYTHON.stdlib), inflated(PYTHON.site),
  ]);
  files.catch(() => undefined); // awaited below
  const cell = await openCell(new URL(HERE.host, root), POLICY, await words(HERE.cell), document.body);
  cell.frame.hidden = true;
  try {
    const [worker, prelude, pyodide, asm, wasm, stdlib, bundle] = await files;
    const site = opened(bundle);
    const parts = { worker, prelude, pyodide, asm, wasm, stdlib, site, lock: site.header.lock };
    cell.port.postMessage({ type: "parts", ...parts }, [wasm, stdlib, bundle]);
  } catch (error) {
    cell.close();
    throw error;
  }
  cell.port.onmessage = (event) => onText(JSON.stringify(event.data));
  return { post: (text) => cell.port.postMessage(JSON.parse(text)), end: cell.close };
}
