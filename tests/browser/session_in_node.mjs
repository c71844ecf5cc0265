/**
 * Runs a BrowserSession in real Pyodide under Node, over a client that tells what it was handed.
 *
 *   node session_in_node.mjs BRIDGE VENDOR
 *
 * Prints JSON: {calls: [[method, kind of array, its values, the other arguments…]…], logits: what Python got}.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [bridge, folder] = process.argv.slice(2);
// Under Node Pyodide takes paths where a browser's takes addresses.
globalThis.URL = class extends URL {
  get href() { return this.protocol === "file:" ? this.pathname : super.href; }
};
globalThis.fetch = async (path) => new Response(readFileSync(String(path)));
const { makeSnapshot } = await import(join(bridge, "worker/snapshot/snapshot.js"));

const calls = [];
const answers = (method) => async (values, ...more) => {
  calls.push([method, values.constructor.name, [...values], ...more]);
  return Float32Array.of(calls.length, 2, 3);
};
const { python } = await makeSnapshot(new URL(`${pathToFileURL(folder)}/`));
python.globals.set("client", { forward: answers("forward"), forwardEmbeddings: answers("forwardEmbeddings") });
const logits = await python.runPythonAsync(`
import numpy as np
from orion_py.browser.runtime import BrowserSession
from orion_py.runtime.segments import Embeddings

async def built(memory_bytes):
    pass

session = BrowserSession(client, None, 3, 8, built)
rows = Embeddings.of(np.arange(8, dtype=np.float32).reshape(4, 2))
told = [(await session.forward(given, at)).tolist() for given, at in (([5, 6], 0), (rows, 2), (rows.part(1, 3), 7))]
__import__("json").dumps(told)
`);
console.log(JSON.stringify({ calls, logits: JSON.parse(logits) }));
process.exit(0);
