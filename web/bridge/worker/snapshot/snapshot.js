/**
 * Captures Python's memory after all imports, and starts a Python from it.
 *
 * A snapshot (Pyodide's `makeMemorySnapshot`) holds WebAssembly's linear memory and nothing else. It is right only
 * where everything that the memory points at outside of itself lies where it lay: the shared libraries' data and
 * their functions' places in the function table, the table's later entries, the JavaScript objects that Python
 * holds. So both the Python that is kept and the one that begins with it load the same libraries in the same order
 * before main() runs, and what came of it is compared, number by number; the table's later entries are noted by
 * their names and set again; and Pyodide refuses a JavaScript object that it can't find again. Whatever differs
 * throws: then Python boots from bytecode.
 */

import { bytecodeOptions, compilingOnce, fetchBundles, pythonOptions, readBundle, unpackLater } from "../python/boot.js";
import { pack, sumOf, unpack } from "./memory.js";

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
 * @typedef {Map<string, WebAssembly.Module>} Compiled the libraries, by their paths
 *
 * @typedef {object} Facts
 * @property {Layout} layout
 * @property {number} heap bytes
 * @property {number} table the function table's length when main() began
 * @property {([string, string] | null)[]} added its entries since, as [library, symbol]
 * @property {string} check what `orion_py.browser.snapshot.check` said when it was made
 * @property {import("./memory.js").Piece[]} pieces of the memory
 * @property {number[]} sizes bytes of each bundle
 * @property {[bundle: number, begin: number, end: number][]} libraries where each lies, in the order of LIBRARIES
 * @property {object} lock what a bundle's header says
 *
 * @typedef {{facts: Facts, memory: ArrayBuffer, bundles: ArrayBuffer[]}} Snapshot memory: packed
 *
 * @typedef {object} Arriving one that is still read
 * @property {Facts} facts
 * @property {Promise<ArrayBuffer>[]} memory each piece's
 * @property {Promise<ArrayBuffer>[]} libraries each one's code
 * @property {number[]} sizes bytes of each bundle that is here
 * @property {() => ArrayBuffer[]} bundles reads them now
 * @property {Promise<boolean>} ours whether it is of this app, browser and machine
 */

/**
 * @param {import("../python/boot.js").Bundle[]} bundles
 * @returns {[number, number, number][]} as `Facts.libraries`
 */
function findLibraries(bundles) {
  return LIBRARIES.map((path) => {
    for (const [index, { header, bytes }] of bundles.entries()) {
      const found = header.files.find(([name]) => `${header.root}/${name}` === path);
      if (found) return [index, bytes.byteOffset + found[1], bytes.byteOffset + found[1] + found[2]];
    }
    throw new Error(`${path} is in no bundle`);
  });
}

/**
 * Compiles the libraries beside each other and beside all else: emscripten would do it one after the other, with the
 * start waiting.
 *
 * @param {(ArrayBuffer | Promise<ArrayBuffer>)[]} codes in the order of LIBRARIES
 * @returns {Promise<Compiled>}
 */
async function compileLibraries(codes) {
  const modules = await Promise.all(codes.map(async (code) => WebAssembly.compile(await code)));
  return new Map(modules.map((module, index) => [LIBRARIES[index], module]));
}

/**
 * Does `work` while emscripten finds the compiled libraries where it looks for their files.
 *
 * @param {any} FS
 * @param {Compiled} compiled
 * @param {() => void} work
 */
function withCompiled(FS, compiled, work) {
  const { lookupPath, readFile } = FS;
  FS.lookupPath = (/** @type {string} */ path, /** @type {any} */ options) =>
    (compiled.has(path) ? { path } : lookupPath(path, options));
  FS.readFile = (/** @type {string} */ path, /** @type {any} */ options) => compiled.get(path) ?? readFile(path, options);
  try {
    work();
  } finally {
    Object.assign(FS, { lookupPath, readFile });
  }
}

/**
 * @param {any} module emscripten's
 * @param {Compiled} compiled
 * @returns {Layout}
 */
function loadLibraries(module, compiled) {
  /** @type {number[]} */
  const places = [];
  for (const name of LIBRARIES) {
    withCompiled(module.FS, compiled, () =>
      module.loadDynamicLibrary(name, { loadAsync: false, global: false, nodelete: true }, {}, 0));
    const data = Object.values(module.LDSO.loadedLibsByName[name].exports).filter((each) => typeof each === "number");
    const next = module._malloc(64);
    module._free(next);
    places.push(module.wasmTable.length, next, data.reduce((sum, each) => (sum + each) | 0, 0));
  }
  return { places, stack: module._emscripten_stack_get_current() };
}

/**
 * Boots Python from bytecode, has it import what an engine needs, and keeps its memory.
 *
 * Raises where something of it couldn't be found again.
 *
 * @param {URL} vendor the folder vendor/
 * @param {string} [manifests] JSON: the texts that are kept on the device, which the next start needn't parse
 * @returns {Promise<Snapshot & {python: any}>} python: the Pyodide interface of the one that was kept
 */
export async function makeSnapshot(vendor, manifests = "[]") {
  const bundles = await fetchBundles(vendor);
  const libraries = findLibraries(bundles);
  const compiled = await compileLibraries(libraries.map(([index, begin, end]) => bundles[index].buffer.slice(begin, end)));
  const options = bytecodeOptions(vendor, Promise.resolve(bundles));
  /** @type {Layout | undefined} */
  let layout;
  let table = 0;
  const python = await load(options, { _makeSnapshot: true }, (module) => {
    layout = loadLibraries(module, compiled);
    table = module.wasmTable.length;
  });
  const side = python.pyimport("orion_py.browser.snapshot");
  side.prepare(manifests);
  const check = side.check();
  side.destroy();
  python.runPython("import gc; gc.collect(); None");
  const module = python._module;
  const opened = Object.keys(module.LDSO.loadedLibsByName).filter((name) => name.startsWith(SITE));
  if (opened.length !== LIBRARIES.length) throw new Error(`libraries that weren't expected: ${opened.join(", ")}`);
  const added = Array.from({ length: module.wasmTable.length - table }, (_, index) =>
    nameOf(module, module.wasmTable.get(table + index)));
  const { memory, pieces } = pack(python.makeMemorySnapshot().buffer);
  const facts = {
    layout: /** @type {Layout} */ (layout), heap: module.HEAP8.length, table, added, check, pieces, libraries,
    sizes: bundles.map(({ buffer }) => buffer.byteLength), lock: bundles[0].header.lock,
  };
  return { facts, memory, bundles: bundles.map(({ buffer }) => buffer), python };
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
export async function wakeSnapshot(vendor, { facts, memory, libraries, sizes, bundles, ours }) {
  if (JSON.stringify(sizes) !== JSON.stringify(facts.sizes)) throw new Error("the bundles aren't what was kept");
  const pieces = verified(facts.pieces, memory);
  /** @type {ArrayBuffer[]} */
  let kept = [];
  const arrived = Promise.all([pieces, ours]).then(([all, right]) => {
    if (!right) throw new Error("it is of another app, browser or machine");
    kept = all;
  });
  const compiling = compileLibraries(libraries);
  for (const early of [pieces, arrived, compiling]) early.catch(() => {}); // awaited, but not at once
  /** @type {Compiled} */
  let compiled = new Map();
  /** @type {unknown} */
  let spoilt = null;
  const options = pythonOptions(vendor, facts.lock, async (FS) => {
    unpackLater(FS, SITE, () => bundles().map((buffer) => readBundle(buffer, "a kept bundle")));
    // What fails here ends the start elsewhere; in emscripten nobody would catch it.
    await compiling.then((all) => { compiled = all; }, (cause) => { spoilt = cause; });
  });
  // Pyodide compiles its code only once it has the memory: so it is made to believe that it has it, and gets it before main().
  const python = await load(options, { _loadSnapshot: new Uint8Array(0) }, (module) => {
    if (spoilt) throw spoilt;
    if (module.HEAP8.length < facts.heap) module.growMemory(facts.heap);
    const layout = loadLibraries(module, compiled);
    compiled.clear();
    if (JSON.stringify(layout) !== JSON.stringify(facts.layout) || module.wasmTable.length !== facts.table) {
      throw new Error(`the libraries lie elsewhere: ${JSON.stringify(layout)}, not ${JSON.stringify(facts.layout)}`);
    }
    module.wasmTable.grow(facts.added.length);
    for (const [index, name] of facts.added.entries()) {
      if (name) module.wasmTable.set(facts.table + index, module.LDSO.loadedLibsByName[name[0]].exports[name[1]]);
    }
    const restore = module.API.restoreSnapshot;
    module.API.restoreSnapshot = () => {
      module.API.restoreSnapshot = restore;
      const beside = restore(new Uint8Array(kept[0]));
      unpack(new Uint8Array(module.HEAP8.buffer, 0, facts.heap), facts.pieces, kept);
      kept = []; // as large as Python itself
      return beside;
    };
  }, arrived);
  const side = python.pyimport("orion_py.browser.snapshot");
  side.wake();
  const check = side.check();
  side.destroy();
  if (check !== facts.check) throw new Error(`Python computes ${check}, not ${facts.check}`);
  return python;
}

/**
 * A function of its own, since Pyodide keeps `wakeSnapshot`'s variables as long as it lives: these are as large as it.
 *
 * @param {import("./memory.js").Piece[]} pieces
 * @param {Promise<ArrayBuffer>[]} memory
 * @returns {Promise<ArrayBuffer[]>}
 */
function verified(pieces, memory) {
  return Promise.all(pieces.map(async ({ sum }, index) => {
    const piece = await memory[index];
    if (sumOf(piece) !== sum) throw new Error("the memory isn't what was kept");
    return piece;
  }));
}

/**
 * @param {{indexURL: string}} options of loadPyodide
 * @param {object} more
 * @param {(module: any) => void} beforeMain
 * @param {Promise<void>} [arrived] what Python needs from main() on: where it fails so does the start
 */
async function load(options, more, beforeMain, arrived = Promise.resolve()) {
  const assembly = import(`${options.indexURL}pyodide.asm.mjs`);
  assembly.catch(() => {}); // awaited, but not at once
  const { loadPyodide } = await import(`${options.indexURL}pyodide.mjs`);
  return compilingOnce(() => loadPyodide({
    ...options, ...more,
    createPyodideModule: (/** @type {any} */ module) => new Promise((resolve, reject) => {
      let failed = false;
      // Emscripten may wait for ever where something of it doesn't come.
      arrived.catch((cause) => { failed = true; reject(cause); });
      module.onRuntimeInitialized = () => {
        // Emscripten loses what is thrown here, and its own promise would never be settled.
        try { if (!failed) beforeMain(module); } catch (cause) { reject(cause); }
      };
      const made = assembly.then((code) => code.default(module));
      Promise.all([made, arrived]).then(([python]) => resolve(python), reject);
    }),
  }));
}
