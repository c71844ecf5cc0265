/**
 * Boots the bundles under Node as the engine's worker boots them in a browser, and imports everything.
 *
 *   node python_boot.mjs PYODIDE BUNDLES
 *
 * Prints one JSON line: milliseconds, and the modules imported. Exits with 1 and the traceback if a
 * module of orion_py, numpy or pydantic is missing something that pruning took away. Modules that want
 * the browser's own objects (`from js import …`) may fail for those, and are listed as `browser`.
 */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

const MAGIC = "ORIONPY1";
const [folder, bundles] = process.argv.slice(2, 4).map((path) => resolve(path));

/** @param {string} name @returns {{header: any, data: Uint8Array}} */
function readBundle(name) {
  const bytes = new Uint8Array(gunzipSync(readFileSync(join(bundles, name))));
  if (new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) throw new Error(`${name} is no bundle`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length)));
  return { header, data: bytes.subarray(12 + length) };
}

const start = performance.now();
const parts = ["site.bin", "app.bin"].map(readBundle);
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")).href);
const pyodide = await loadPyodide({
  indexURL: folder,
  packageBaseUrl: folder,
  stdLibURL: join(bundles, "stdlib.zip"),
  lockFileContents: parts[0].header.lock,
  env: { PYDANTIC_DISABLE_PLUGINS: "1" },
  fsInit: async (/** @type {any} */ FS) => {
    for (const { header, data } of parts) {
      FS.mkdirTree(header.root);
      for (const name of header.folders) FS.mkdirTree(`${header.root}/${name}`);
      for (const [name, offset, size] of header.files) {
        FS.writeFile(`${header.root}/${name}`, data.subarray(offset, offset + size), { canOwn: true });
      }
    }
  },
});
const booted = performance.now();
const report = pyodide.runPython(`
import importlib, json, pkgutil, sys, time, traceback
start = time.perf_counter()
import numpy, pydantic
numpy.linalg.norm(numpy.ones(3)); numpy.fft.rfft(numpy.ones(4)); numpy.random.default_rng(1).random(); numpy.ma
class Probe(pydantic.BaseModel):
    value: int
Probe.model_validate_json('{"value": 1}'); Probe.model_json_schema()
libraries = (time.perf_counter() - start) * 1000
import orion_py
modules, browser, failures = [], {}, {}
for found in pkgutil.walk_packages(orion_py.__path__, "orion_py."):
    try:
        importlib.import_module(found.name)
        modules.append(found.name)
    except ImportError as error:
        if found.name.startswith("orion_py.browser") and (error.name or "").split(".")[0] == "js":
            browser[found.name] = str(error)
        else:
            failures[found.name] = error
    except Exception as error:
        failures[found.name] = error
failures = {name: "".join(traceback.format_exception(error)[-2:]) for name, error in failures.items()}
json.dumps({"libraries_ms": round(libraries), "modules": len(modules), "browser": browser, "failures": failures})
`);
const { failures, ...rest } = JSON.parse(report);
for (const [name, trace] of Object.entries(failures)) console.error(`${name} can't be imported:\n${trace}`);
console.log(JSON.stringify({ boot_ms: Math.round(booted - start), total_ms: Math.round(performance.now() - start), ...rest }));
process.exit(Object.keys(failures).length ? 1 : 0);
