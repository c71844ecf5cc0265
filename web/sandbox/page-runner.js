/**
 * Opens a cell that runs Python: `openRunner` brings its files, here and not there, and carries text.
 * Loaded when somebody first presses Run.
 */
import { openCell, part } from "./page-cell.js";

const root = new URL("../", import.meta.url);
const HERE = { host: "sandbox/host.html", cell: "sandbox/cell.js", worker: "sandbox/runner.js", prelude: "sandbox/runner.py", terminal: "sandbox/terminal.py" };
const PYTHON = {
  pyodide: "vendor/pyodide/pyodide.mjs",
  asm: "vendor/pyodide/pyodide.asm.mjs",
  wasm: "vendor/pyodide/pyodide.asm.wasm",
  stdlib: "vendor/python/stdlib.zip",
  site: "vendor/python/site.bin",
};
const PACKAGES = "vendor/python/packages/";
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
 * @typedef {{name: string, file: string, imports: string[], requires: string[]}} Package
 * a row of packages/index.json, as build_support/cell_packages.py writes it
 */

/** @type {Promise<Package[]> | undefined} */
let packages;

/**
 * The packages that `code` imports, with what they require; the names that could be imported, and those that can't
 * be loaded now, which the import itself then says.
 *
 * @param {string} code
 * @returns {Promise<{bundles: ReturnType<typeof opened>[], known: string[], unfetched: string[]}>}
 */
async function packagesFor(code) {
  /** @type {string[]} */
  let names = [];
  /** @type {string[]} */
  let unfetched = ["*"];
  try {
    packages ??= words(`${PACKAGES}index.json`).then(JSON.parse);
    const known = await packages;
    names = known.flatMap(({ imports }) => imports);
    const wanted = known.filter(({ imports }) => imports.some((name) => imported(name).test(code)));
    for (const { requires } of wanted) { // grows while it is read
      for (const each of known) if (requires.includes(each.name) && !wanted.includes(each)) wanted.push(each);
    }
    unfetched = wanted.flatMap(({ imports }) => imports);
    const bundles = await Promise.all(wanted.map(async ({ file }) => opened(await inflated(PACKAGES + file))));
    return { bundles, known: names, unfetched: [] };
  } catch {
    packages = undefined; // the network may be back next time
    return { bundles: [], known: names, unfetched };
  }
}

/** A line that imports `name`, or one that may. @param {string} name */
const imported = (name) => new RegExp(`\\b(?:import|from|import_module)\\b[^\\n]*\\b${name}\\b`);

/**
 * @param {(text: string) => void} onText what the cell says (see cell.js), as JSON text
 * @returns {Promise<{post: (text: string) => void, end: () => void}>}
 */
export async function openRunner(onText) {
  const files = Promise.all([
    words(HERE.worker), words(HERE.prelude), words(HERE.terminal), words(PYTHON.pyodide), words(PYTHON.asm),
    bytes(PYTHON.wasm), bytes(PYTHON.stdlib), inflated(PYTHON.site),
  ]);
  files.catch(() => undefined); // awaited below
  const cell = await openCell(new URL(HERE.host, root), POLICY, await words(HERE.cell), document.body);
  cell.frame.hidden = true;
  try {
    const [worker, prelude, terminal, pyodide, asm, wasm, stdlib, bundle] = await files;
    const site = opened(bundle);
    const parts = { worker, prelude, terminal, pyodide, asm, wasm, stdlib, site, lock: site.header.lock };
    cell.port.postMessage({ type: "parts", ...parts }, [wasm, stdlib, bundle]);
  } catch (error) {
    cell.close();
    throw error;
  }
  cell.port.onmessage = (event) => onText(JSON.stringify(event.data));
  let sent = Promise.resolve(); // a stop never overtakes the run that it stops
  /** @param {string} text */
  const post = (text) => {
    const message = JSON.parse(text);
    sent = sent.then(async () => {
      if (message.type !== "run") return cell.port.postMessage(message);
      const found = await packagesFor(message.code);
      cell.port.postMessage({ ...message, ...found }, found.bundles.map((each) => each.bytes.buffer));
    });
  };
  return { post, end: cell.close };
}
