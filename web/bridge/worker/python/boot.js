/**
 * Boots Pyodide from our own bundles (build_support/python_bundle.mjs defines their format):
 * compiled bytecode, laid into the file system without a copy. Two to four times faster than
 * loadPyodide with loadPackage, which compile every module at import.
 */

import { within } from "../limit.js";

const MAGIC = "ORIONPY1";
/** What Python boots from, beside the standard library. */
export const BUNDLES = ["site.bin", "app.bin"];
const BOOT_FILES = ["pyodide/pyodide.asm.wasm", "python/stdlib.zip"];
/** The browser tells of the last file's arrival soon after it, if it does. */
const HEAR_MS = 100;
/** What is to begin then has begun before, mostly; on a busy machine it takes a moment. */
const BEGIN_MS = 1000;

/**
 * @typedef {{root: string, lock: object, folders: string[], files: [string, number, number][]}} Header
 * @typedef {{header: Header, bytes: Uint8Array, buffer: ArrayBuffer}} Bundle bytes: what follows the header; buffer: all
 */

/**
 * @param {string} url
 * @returns {Promise<Bundle>}
 */
async function fetchBundle(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const inflated = /** @type {ReadableStream} */ (response.body).pipeThrough(new DecompressionStream("gzip"));
  return readBundle(await new Response(inflated).arrayBuffer(), url);
}

/**
 * @param {ArrayBuffer} buffer an inflated bundle
 * @param {string} name of where it is from
 * @returns {Bundle}
 */
export function readBundle(buffer, name) {
  const text = new TextDecoder();
  if (text.decode(new Uint8Array(buffer, 0, 8)) !== MAGIC) throw new Error(`${name} isn't a Python bundle`);
  const length = new DataView(buffer).getUint32(8, true);
  const header = JSON.parse(text.decode(new Uint8Array(buffer, 12, length)));
  return { header, bytes: new Uint8Array(buffer, 12 + length), buffer };
}

/** @param {URL} vendor the folder vendor/ @returns {Promise<Bundle[]>} in the order of BUNDLES */
export function fetchBundles(vendor) {
  const bundles = Promise.all(BUNDLES.map((name) => fetchBundle(new URL(`python/${name}`, vendor).href)));
  bundles.catch(() => {}); // awaited later; a failure before that isn't an unhandled one
  return bundles;
}

/**
 * @param {any} FS emscripten's file system
 * @param {Bundle} bundle
 */
function unpack(FS, { header, bytes }) {
  for (const folder of header.folders) FS.mkdirTree(`${header.root}/${folder}`);
  for (const [name, offset, length] of header.files) {
    FS.writeFile(`${header.root}/${name}`, bytes.subarray(offset, offset + length), { canOwn: true });
  }
}

/**
 * Has bundles laid out at the first look into their folder, since a Python that begins with a snapshot has imported what
 * its start needs.
 *
 * @param {any} FS emscripten's file system
 * @param {string} root the bundles' folder
 * @param {() => Bundle[]} read
 */
export function unpackLater(FS, root, read) {
  FS.mkdirTree(root);
  const { node } = FS.lookupPath(root);
  const own = node.node_ops;
  const now = () => {
    node.node_ops = own;
    for (const bundle of read()) unpack(FS, bundle);
  };
  node.node_ops = {
    ...own,
    lookup(/** @type {any} */ parent, /** @type {string} */ name) { now(); return FS.lookupNode(parent, name); },
    readdir(/** @type {any} */ parent) { now(); return own.readdir(parent); },
  };
}

/**
 * Lays one more bundle into a Python that runs.
 *
 * @param {any} python the Pyodide interface
 * @param {URL} url
 */
export async function addBundle(python, url) {
  unpack(python.FS, await fetchBundle(url.href));
}

/**
 * The options of loadPyodide, whether Python starts from bytecode or from a snapshot.
 *
 * @param {URL} vendor the folder vendor/
 * @param {object | Promise<object>} lock what a bundle's header says
 * @param {(FS: any) => Promise<void>} fsInit fills emscripten's file system
 */
export function pythonOptions(vendor, lock, fsInit) {
  const indexURL = new URL("pyodide/", vendor).href;
  return {
    indexURL,
    packageBaseUrl: indexURL, // or packages would be sought on a CDN
    stdLibURL: new URL("python/stdlib.zip", vendor).href,
    lockFileContents: lock,
    env: { PYDANTIC_DISABLE_PLUGINS: "1" },
    fsInit,
  };
}

/**
 * As `pythonOptions`, of a Python that imports from these bundles.
 *
 * @param {URL} vendor the folder vendor/
 * @param {Promise<Bundle[]>} bundles
 */
export function bytecodeOptions(vendor, bundles) {
  const lock = bundles.then(([site]) => site.header.lock); // wanted last: nothing waits for it
  lock.catch(() => {});
  return pythonOptions(vendor, lock, async (FS) => {
    for (const bundle of await bundles) unpack(FS, bundle);
  });
}

/** Bytes of a module that wraps one function. */
const SMALL = 64;

/**
 * Does `work`, in which equal small modules are compiled once: emscripten wraps some 330 functions for its function
 * table, each in a module that its signature alone decides.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function compilingOnce(work) {
  const { Module } = WebAssembly;
  /** @type {Map<string, WebAssembly.Module>} */
  const known = new Map();
  WebAssembly.Module = new Proxy(Module, {
    construct(target, [bytes]) {
      if (!(bytes instanceof Uint8Array) || bytes.length > SMALL) return new target(bytes);
      const key = bytes.join();
      const module = known.get(key) ?? new target(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
      known.set(key, module);
      return module;
    },
  });
  try {
    return await work();
  } finally {
    WebAssembly.Module = Module;
  }
}

/**
 * A Python with numpy, pydantic and orion_py at hand.
 *
 * @param {URL} vendor the folder vendor/
 * @param {() => Promise<void>} arrived called once all that it boots from is here; it is waited for a moment, before Python
 *   keeps this thread busy
 * @returns {Promise<any>} the Pyodide interface
 */
export async function bootPython(vendor, arrived) {
  const urls = [...BOOT_FILES, ...BUNDLES.map((name) => `python/${name}`)].map((name) => new URL(name, vendor).href);
  const fetched = whenFetched(urls);
  const begun = fetched.then(arrived);
  begun.catch(() => {}); // nothing of Python's depends on it
  const options = bytecodeOptions(vendor, fetchBundles(vendor));
  const { fsInit } = options;
  options.fsInit = async (FS) => {
    await fsInit(FS);
    await within(fetched, HEAR_MS, "boot_timeout", "the browser")
      .then(() => within(begun, BEGIN_MS, "boot_timeout", "what begins now")).catch(() => {});
  };
  const { loadPyodide } = await import(`${options.indexURL}pyodide.mjs`);
  return compilingOnce(() => loadPyodide(options));
}

/**
 * Resolves once the browser has got all of these, each by whatever asked for it; never, where it doesn't tell.
 *
 * @param {string[]} urls
 * @returns {Promise<void>}
 */
function whenFetched(urls) {
  const missing = new Set(urls);
  return new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => {
      for (const { name } of list.getEntries()) missing.delete(name);
      if (missing.size) return;
      observer.disconnect();
      resolve();
    });
    observer.observe({ type: "resource", buffered: true });
  });
}
