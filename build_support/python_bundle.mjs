/**
 * Compiles Python for the browser with Pyodide itself, under Node.
 *
 *   node python_bundle.mjs PYODIDE stdlib OUT                PYODIDE: folder of the npm package
 *   node python_bundle.mjs PYODIDE site OUT WHEEL…
 *   node python_bundle.mjs PYODIDE app OUT STDLIB ROOT FILE…  STDLIB: the first one's output, to start
 *                                                            faster; FILE: sources, relative to ROOT
 *   node python_bundle.mjs PYODIDE packages FOLDER {NAME WHEEL}…  a bundle of each WHEEL: FOLDER/NAME
 *
 * What the engine's worker finds under vendor/python/:
 *
 *   stdlib.zip  the standard library as .pyc, pruned: loadPyodide's option `stdLibURL`
 *   site.bin    numpy, pydantic and what they need, as a bundle
 *   app.bin     orion_py (without native/ and cli) as a bundle: the only one that an edit changes
 *
 * A bundle is gzipped as a whole: most hosts compress no .bin, and it is a third then; the browser inflates
 * it while it arrives. Inside are raw bytes, so that each file becomes a view on the one buffer:
 *
 *   bytes 0-7    "ORIONPY1"
 *   bytes 8-11   length of the header in bytes, unsigned, little endian
 *   bytes 12-…   header, JSON, padded with spaces to a multiple of 4:
 *                {format: 1,
 *                 root: "/lib/python3.14/site-packages",     where everything goes
 *                 lock: {info: {…}, packages: {}},           what to give loadPyodide as `lockFileContents`
 *                 folders: ["numpy", "numpy/_core", …],      to be made in this order
 *                 files: [["numpy/__init__.pyc", offset, length], …]}
 *   then         the files' bytes; offsets count from the end of the header
 *
 * How to boot (see python_boot.mjs, which is the check that runs after each build):
 *
 *   loadPyodide({
 *     indexURL: "…/vendor/pyodide/", packageBaseUrl: the same (or packages would be sought on a CDN),
 *     stdLibURL: "…/vendor/python/stdlib.zip",
 *     lockFileContents: header.lock,
 *     env: {PYDANTIC_DISABLE_PLUGINS: "1"},
 *     fsInit: async (FS) => for both bundles: FS.mkdirTree(root + "/" + folder) for each folder, then
 *       FS.writeFile(root + "/" + name, view, {canOwn: true}) for each file })
 *
 * Shared libraries (.so) are files like the others; Python opens them at import, which needs a worker,
 * as a page's main thread may not compile large modules synchronously.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [pyodideFolder, command, out, ...rest] = process.argv.slice(2);
const folder = resolve(pyodideFolder);
const lock = JSON.parse(readFileSync(join(folder, "pyodide-lock.json"), "utf8"));
const minimalLock = { info: lock.info, packages: {} };

const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")).href);
const pyodide = await loadPyodide({
  indexURL: folder,
  packageBaseUrl: folder,
  lockFileContents: minimalLock,
  ...(command === "app" ? { stdLibURL: resolve(rest.shift() ?? "") } : {}),
});
pyodide.FS.mkdirTree("/build");
pyodide.FS.writeFile("/build/pyodide_side.py", readFileSync(join(here, "pyodide_side.py")));
pyodide.runPython("import sys; sys.path.insert(0, '/build')");
const side = pyodide.pyimport("pyodide_side");

/** @param {string} path */
const bytes = (path) => pyodide.toPy(new Uint8Array(readFileSync(path))).tobytes();

let result;
if (command === "stdlib") {
  result = side.stdlib(bytes(join(folder, "python_stdlib.zip")));
} else if (command === "site") {
  result = side.site(pyodide.toPy(rest.map(bytes)), pyodide.toPy(minimalLock));
} else if (command === "app") {
  const [root, ...files] = rest;
  result = side.bundle(pyodide.toPy(files.map((file) => [file, bytes(join(root, file))])), pyodide.toPy(minimalLock));
} else if (command === "packages") {
  for (let place = 0; place < rest.length; place += 2) {
    const made = side.site(pyodide.toPy([bytes(rest[place + 1])]), pyodide.toPy(minimalLock)).toJs();
    writeFileSync(join(out, rest[place]), gzipSync(made, { level: 9 }));
  }
} else {
  throw new Error(`unknown command ${command}`);
}
if (result) {
  const made = result.toJs();
  writeFileSync(out, command === "stdlib" ? made : gzipSync(made, { level: 9 }));
}
