/**
 * Python's memory, kept after all imports were done, and a Python that begins with it.
 *
 * A snapshot (Pyodide's `makeMemorySnapshot`) holds WebAssembly's linear memory and nothing else. It is right only
 * where everything that the memory points at outside of itself lies where it lay: the shared libraries' data and
 * their functions' places in the function table, the table's later entries, the JavaScript objects that Python
 * holds. So both the Python that is kept and the one that begins with it load the same libraries in the same order
 * before main() runs, and what came of it is compared, number by number; the table's later entries are noted by
 * their names and set again; and Pyodide refuses a JavaScript object that it can't find again. Whatever differs
 * throws: then Python boots from bytecode.
 */

import { fetchBundles, pythonOptions, readBundle } from "../python/boot.js";

const SITE = "/lib/python3.14/site-packages";
const TAG = "cpython-314-wasm32-emscripten.so";
/** What `orion_py.browser.snapshot.prepare` has Python open. Another one at that time is a refusal. */
const LIBRARIES = ["numpy/_core/_multiarray_umath", "numpy/linalg/_umath_linalg", "pydantic_core/_pydantic_core"]
  .map((name) => `${SITE}/${name}.${TAG}`);

/**
 * Where things came to lie before main(): of each library the function table's length, the place of its next
 * allocation, and the sum of its data's addresses; then the stack.
 *
 * @typedef {{places: number[], stack: number}} Layout
 *
 * @typedef {object} Facts
 * @property {Layout} layout
 * @property {number} heap bytes
 * @property {number} table the function table's length when main() began
 * @property {([string, string] | null)[]} added its entries since, as [library, symbol]
 * @property {string} check what `orion_py.browser.snapshot.check` said when it was made
 * @property {number} sum of the memory
 *
 * @typedef {{facts: Facts, memory: ArrayBuffer, bundles: ArrayBuffer[]}} Snapshot
 * @typedef {{facts: Facts, memory: Promise<ArrayBuffer>, bundles: Promise<ArrayBuffer[]>}} Arriving one that is still read
 */

/**
 * @param {any} module emscripten's
 * @returns {Layout}
 */
function loadLibraries(module) {
  /** @type {number[]} */
  const places = [];
  for (const name of LIBRARIES) {
    module.loadDynamicLibrary(name, { loadAsync: false, global: false, nodelete: true }, {}, 0);
    const data = Object.values(module.LDSO.loadedLibsByName[name].exports).filter((each) => typeof each === "number");
    const next = module._malloc(64);
    module._free(next);
    places.push(module.wasmTable.length, next, data.reduce((sum, each) => (sum + each) | 0, 0));
  }
  return { places, stack: module._emscripten_stack_get_current() };
}

/**
 * Sums 32-bit words in four lanes: what a disk or a database may damage shows, in a fifth of a hash's time.
 *
 * @param {ArrayBuffer} buffer
 */
export function sumOf(buffer) {
  const words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
  const whole = words.length & ~3;
  let a = words.length;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let index = 0; index < whole; index += 4) {
    a = (a + words[index]) | 0;
    b = (b + words[index + 1]) | 0;
    c = (c + words[index + 2]) | 0;
    d = (d + words[index + 3]) | 0;
  }
  for (let index = whole; index < words.length; index += 1) a = (a + words[index]) | 0;
  return a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ Math.imul(d, 0xc2b2ae35);
}

/**
 * Boots Python from bytecode, has it import what an engine needs, and keeps its memory.
 *
 * Raises where something of it couldn't be found again.
 *
 * @param {URL} vendor the folder vendor/
 * @returns {Promise<Snapshot & {python: any}>} python: the Pyodide interface of the one that was kept
 */
export async function makeSnapshot(vendor) {
  const bundles = fetchBundles(vendor);
  const options = pythonOptions(vendor, bundles);
  /** @type {Layout | undefined} */
  let layout;
  let table = 0;
  const python = await load(options, { _makeSnapshot: true }, (module) => {
    layout = loadLibraries(module);
    table = module.wasmTable.length;
  });
  const side = python.pyimport("orion_py.browser.snapshot");
  side.prepare();
  const check = side.check();
  side.destroy();
  python.runPython("import gc; gc.collect(); None");
  const module = python._module;
  const opened = Object.keys(module.LDSO.loadedLibsByName).filter((name) => name.startsWith(SITE));
  if (opened.length !== LIBRARIES.length) throw new Error(`libraries that weren't expected: ${opened.join(", ")}`);
  const added = Array.from({ length: module.wasmTable.length - table }, (_, index) =>
    nameOf(module, module.wasmTable.get(table + index)));
  const memory = python.makeMemorySnapshot().buffer;
  const facts = { layout: /** @type {Layout} */ (layout), heap: module.HEAP8.length, table, added, check, sum: sumOf(memory) };
  return { facts, memory, bundles: (await bundles).map(({ buffer }) => buffer), python };
}

/**
 * @param {any} module
 * @param {Function | null} entry of the function table
 * @returns {[string, string] | null}
 */
function nameOf(module, entry) {
  if (entry === null) return null;
  for (const [library, { exports }] of Object.entries(module.LDSO.loadedLibsByName)) {
    for (const [symbol, value] of Object.entries(exports)) if (value === entry) return [library, symbol];
  }
  throw new Error("a function that no library exports is in the function table");
}

/**
 * A Python that begins with the memory of an earlier one. Raises where anything is not as it was then. Its code is
 * brought and compiled while the memory is still read.
 *
 * @param {URL} vendor the folder vendor/
 * @param {Arriving} snapshot
 * @returns {Promise<any>} the Pyodide interface
 */
export async function wakeSnapshot(vendor, { facts, memory, bundles }) {
  const whole = memory.then((buffer) => {
    if (sumOf(buffer) !== facts.sum) throw new Error("the memory isn't what was kept");
    return new Uint8Array(buffer);
  });
  const files = bundles.then((buffers) => buffers.map((buffer) => readBundle(buffer, "a kept bundle")));
  // Emscripten waits for ever where a hook of its file system fails: so both are known to be right by then.
  const both = Promise.all([whole, files]).then(([bytes]) => bytes);
  for (const early of [whole, files, both]) early.catch(() => {}); // Pyodide awaits them, but not at once
  const { lockFileContents, ...rest } = pythonOptions(vendor, files);
  // Pyodide reads it beside everything else, and what fails there alone nobody would catch.
  const options = { ...rest, lockFileContents: lockFileContents.catch(() => ({})) };
  const python = await load(options, { _loadSnapshot: both }, (module) => {
    if (module.HEAP8.length < facts.heap) module.growMemory(facts.heap);
    const layout = loadLibraries(module);
    if (JSON.stringify(layout) !== JSON.stringify(facts.layout) || module.wasmTable.length !== facts.table) {
      throw new Error(`the libraries lie elsewhere: ${JSON.stringify(layout)}, not ${JSON.stringify(facts.layout)}`);
    }
    module.wasmTable.grow(facts.added.length);
    for (const [index, name] of facts.added.entries()) {
      if (name) module.wasmTable.set(facts.table + index, module.LDSO.loadedLibsByName[name[0]].exports[name[1]]);
    }
  });
  // Pyodide keeps what it was told as long as it lives: this is as large as Python itself.
  delete python._api.config._loadSnapshot;
  const side = python.pyimport("orion_py.browser.snapshot");
  side.wake();
  const check = side.check();
  side.destroy();
  if (check !== facts.check) throw new Error(`Python computes ${check}, not ${facts.check}`);
  return python;
}

/**
 * @param {{indexURL: string}} options of loadPyodide
 * @param {object} more
 * @param {(module: any) => void} beforeMain
 */
async function load(options, more, beforeMain) {
  const [{ loadPyodide }, assembly] = await Promise.all([
    import(`${options.indexURL}pyodide.mjs`), import(`${options.indexURL}pyodide.asm.mjs`)]);
  return loadPyodide({
    ...options, ...more,
    createPyodideModule: (/** @type {any} */ module) => new Promise((resolve, reject) => {
      module.onRuntimeInitialized = () => {
        // Emscripten loses what is thrown here, and its own promise would never be settled.
        try { beforeMain(module); } catch (cause) { reject(cause); }
      };
      assembly.default(module).then(resolve, reject);
    }),
  });
}
