/**
 * Boots Pyodide from our own bundles (their format stands in build_support/python_bundle.mjs):
 * compiled bytecode, laid into the file system without a copy. Two to four times faster than
 * loadPyodide with loadPackage, which compile every module at import.
 */

const MAGIC = "ORIONPY1";

/**
 * @typedef {{root: string, lock: object, folders: string[], files: [string, number, number][]}} Header
 * @typedef {{header: Header, bytes: Uint8Array}} Bundle bytes: what follows the header
 */

/**
 * @param {string} url
 * @returns {Promise<Bundle>}
 */
async function fetchBundle(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const inflated = /** @type {ReadableStream} */ (response.body).pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(inflated).arrayBuffer();
  const text = new TextDecoder();
  if (text.decode(new Uint8Array(buffer, 0, 8)) !== MAGIC) throw new Error(`${url} isn't a Python bundle`);
  const length = new DataView(buffer).getUint32(8, true);
  const header = JSON.parse(text.decode(new Uint8Array(buffer, 12, length)));
  return { header, bytes: new Uint8Array(buffer, 12 + length) };
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
 * A Python with numpy, pydantic and orion_py at hand.
 *
 * @param {URL} vendor the folder vendor/
 * @returns {Promise<any>} the Pyodide interface
 */
export async function bootPython(vendor) {
  const python = new URL("python/", vendor);
  const bundles = Promise.all(["site.bin", "app.bin"].map((name) => fetchBundle(new URL(name, python).href)));
  bundles.catch(() => {}); // awaited in fsInit; a failure before that isn't an unhandled one
  const lock = bundles.then(([site]) => site.header.lock); // wanted last: nothing waits for it
  lock.catch(() => {});
  const indexURL = new URL("pyodide/", vendor).href;
  const { loadPyodide } = await import(`${indexURL}pyodide.mjs`);
  return loadPyodide({
    indexURL,
    packageBaseUrl: indexURL, // or packages would be sought on a CDN
    stdLibURL: new URL("stdlib.zip", python).href,
    lockFileContents: lock,
    env: { PYDANTIC_DISABLE_PLUGINS: "1" },
    fsInit: async (/** @type {any} */ FS) => {
      for (const bundle of await bundles) unpack(FS, bundle);
    },
  });
}
