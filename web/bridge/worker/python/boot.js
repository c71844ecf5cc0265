/**
 * Boots Pyodide from our own bundles (build_support/python_bundle.mjs defines their format):
 * compiled bytecode, laid into the file system without a copy. Two to four times faster than
 * loadPyodide with loadPackage, which compile every module at import.
 */

const MAGIC = "ORIONPY1";
/** What Python boots from, beside the standard library. */
export const BUNDLES = ["site.bin", "app.bin"];

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
 * @param {Promise<Bundle[]>} bundles
 */
export function pythonOptions(vendor, bundles) {
  const lock = bundles.then(([site]) => site.header.lock); // wanted last: nothing waits for it
  lock.catch(() => {});
  const indexURL = new URL("pyodide/", vendor).href;
  return {
    indexURL,
    packageBaseUrl: indexURL, // or packages would be sought on a CDN
    stdLibURL: new URL("python/stdlib.zip", vendor).href,
    lockFileContents: lock,
    env: { PYDANTIC_DISABLE_PLUGINS: "1" },
    fsInit: async (/** @type {any} */ FS) => {
      for (const bundle of await bundles) unpack(FS, bundle);
    },
  };
}

/**
 * A Python with numpy, pydantic and orion_py at hand.
 *
 * @param {URL} vendor the folder vendor/
 * @returns {Promise<any>} the Pyodide interface
 */
export async function bootPython(vendor) {
  const options = pythonOptions(vendor, fetchBundles(vendor));
  const { loadPyodide } = await import(`${options.indexURL}pyodide.mjs`);
  return loadPyodide(options);
}
