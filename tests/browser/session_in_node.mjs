/**
 * Runs a BrowserSession in real Pyodide under Node, over a client that tells what it was handed.
 *
 *   node session_in_node.mjs BRIDGE VENDOR
 *
 * A BrowserGraphRunner runs over a client that gives each tensor back. Prints JSON: {graph: what it was handed, tensors:
 * what Python got, calls: [[method, kind of array, its values, the other arguments…]…], logits: what Python got, runs: what was
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
  calls.push([method, values.constructor.name, [...values], ...more.map((value) => (ArrayBuffer.isView(value) ? [...value] : value))]);
  return Float32Array.of(calls.length, 2, 3);
};
const { python } = await makeSnapshot(new URL(`${pathToFileURL(folder)}/`));
const runs = [];
const run = (request) => {
  runs.push(JSON.parse(request));
  const said = [{ tokens: [7], ms: 5, over: false }, { tokens: [], ms: 1, over: false }, { tokens: [8, 9], ms: 6, over: true }];
  return { next: async () => JSON.stringify(said.shift()) };
};
let graph = null;
/** Gives each input back, as an inference worker's client does: the buffers are this side's from now on. */
const runGraph = async (facts, ...values) => {
  graph = [JSON.parse(facts), values.map((value) => [value.constructor.name, Array.from(value, Number)])];
  const tensors = values.map((value) => structuredClone(value, { transfer: [value.buffer] }));
  return { facts: JSON.stringify(graph[0].inputs), fell: "null", tensors };
};
python.globals.set("client", { runGraph, forward: answers("forward"), forwardEmbeddings: answers("forwardEmbeddings"), run });
const said = await python.runPythonAsync(`
import numpy as np
from orion_py.browser.runtime import BrowserSession
from orion_py.runtime.segments import Axes, Embeddings

async def built(memory_bytes):
    pass

session = BrowserSession(client, None, 3, 8, built)
rows = Embeddings.of(np.arange(8, dtype=np.float32).reshape(4, 2))
axes = Axes(np.array([[0, 0, 0], [0, 0, 1]], np.int32), 2)
spread = Embeddings.of(np.arange(4, dtype=np.float32).reshape(2, 2), axes).part(1)
told = [(await session.forward(given, at)).tolist() for given, at in (([5, 6], 0), (rows, 2), (rows.part(1, 3), 7), (spread, 9))]
from orion_py.runtime.token_runs import Choice, RunRequest
request = RunRequest(5, 9, 3, (2,), Choice(0.7, 40, 0.95, 1.1, (4, 5), (2,), (0.25, 0.5, 1 / 3)))
run = [(list(found.tokens), found.seconds) async for found in session.run(request)]
from orion_py.browser.graph_runner import BrowserGraphRunner
fixed = np.frombuffer(np.arange(6, dtype=np.float32).tobytes(), np.float32).reshape(2, 3)
tensors = {"x": fixed, "ids": np.array([[7, -8]], np.int64), "n": np.array([3], np.int32), "pixels": np.array([[255]], np.uint8)}
tensors |= {"mask": np.array([[True, False]]), "empty": np.zeros((1, 0), np.float32), "scalar": np.array(2.5, np.float32)}
got = await BrowserGraphRunner(client, None).run("s", tensors, ("x",))
same = [[name, value.dtype.name, list(value.shape), bool(np.array_equal(value, tensors[name]))] for name, value in got.items()]
__import__("json").dumps([told, run, same])
`);
const [logits, told, tensors] = JSON.parse(said);
console.log(JSON.stringify({ calls, logits, runs, told, graph, tensors }));
process.exit(0);
