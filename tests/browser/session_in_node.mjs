/**
 * Runs a BrowserSession in real Pyodide under Node, over a client that tells what it was handed.
 *
 *   node session_in_node.mjs BRIDGE VENDOR
 *
 * Prints JSON: {calls: [[method, kind of array, its values, the other arguments…]…], logits: what Python got, runs: what was
 * asked for as runs of tokens, told: what Python got of one}.
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
const runs = [];
const run = (request) => {
  runs.push(JSON.parse(request));
  const said = [{ tokens: [7], ms: 5, over: false }, { tokens: [], ms: 1, over: false }, { tokens: [8, 9], ms: 6, over: true }];
  return { next: async () => JSON.stringify(said.shift()) };
};
python.globals.set("client", { forward: answers("forward"), forwardEmbeddings: answers("forwardEmbeddings"), run });
const said = await python.runPythonAsync(`
import numpy as np
from orion_py.browser.runtime import BrowserSession
from orion_py.runtime.segments import Embeddings

async def built(memory_bytes):
    pass

session = BrowserSession(client, None, 3, 8, built)
rows = Embeddings.of(np.arange(8, dtype=np.float32).reshape(4, 2))
told = [(await session.forward(given, at)).tolist() for given, at in (([5, 6], 0), (rows, 2), (rows.part(1, 3), 7))]
from orion_py.runtime.token_runs import Choice, RunRequest
request = RunRequest(5, 9, 3, (2,), Choice(0.7, 40, 0.95, 1.1, (4, 5), (2,), (0.25, 0.5, 1 / 3)))
run = [(list(found.tokens), found.seconds) async for found in session.run(request)]
__import__("json").dumps([told, run])
`);
const [logits, told] = JSON.parse(said);
console.log(JSON.stringify({ calls, logits, runs, told }));
process.exit(0);
