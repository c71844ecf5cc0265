/**
 * Makes a snapshot of Python under Node as a browser's worker does, and begins with it and with damaged ones.
 *
 *   node snapshot_in_node.mjs BRIDGE VENDOR
 *
 * Prints JSON: {made, woken: [what each said], held: bytes of the kept memory that a woken one still holds,
 * damaged: {what was done: "refused: why" | "woke"}, packed: bytes of Python's memory and of what is kept of it}.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const [bridge, folder] = process.argv.slice(2);
// Under Node Pyodide takes paths where a browser's takes addresses.
globalThis.URL = class extends URL {
  get href() { return this.protocol === "file:" ? this.pathname : super.href; }
};
globalThis.fetch = async (path) => new Response(readFileSync(String(path)));
const { makeSnapshot, wakeSnapshot } = await import(join(bridge, "worker/snapshot/snapshot.js"));
const vendor = new URL(`${pathToFileURL(folder)}/`);

const examined = (python) => python.pyimport("orion_py.browser.snapshot").examine();
/** The memory's pieces, as they are read from a store. */
const piecesOf = ({ facts, memory }) => {
  let begin = 0;
  return (facts?.pieces ?? []).map(({ bytes }) => memory.slice(begin, (begin += bytes)));
};
const wakeWith = ({ facts, bundles }, pieces) => wakeSnapshot(vendor, {
  facts,
  memory: pieces.map((piece) => Promise.resolve(piece)),
  libraries: (facts?.libraries ?? []).map(async ([index, begin, end]) => bundles[index].slice(begin, end)),
  sizes: bundles.map(({ byteLength }) => byteLength),
  bundles: () => bundles,
  ours: Promise.resolve(true),
});
const wake = async (it) => wakeWith(it, piecesOf(it));

const { python, ...snapshot } = await makeSnapshot(vendor);
const made = examined(python);
const woken = [examined(await wake(snapshot)), examined(await wake(snapshot))];
const lives = [await wake(snapshot), await wake(snapshot)].map((life) => life.runPython("import random; random.random()"));

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
let pieces = piecesOf(snapshot);
const copies = pieces.map((piece) => new WeakRef(piece));
const lively = await wakeWith(snapshot, pieces);
pieces = null;
await new Promise((resolve) => setTimeout(resolve, 0)); // a WeakRef holds until the turn has ended
collect();
const held = copies.reduce((sum, copy) => sum + (copy.deref()?.byteLength ?? 0), 0);
const alive = lively.runPython("6 * 7");

const DAMAGES = {
  "a library lies elsewhere": (it) => { it.facts.layout.places[1] += 16; },
  "the stack lies elsewhere": (it) => { it.facts.layout.stack -= 16; },
  "the function table was another": (it) => { it.facts.table -= 1; },
  "a later function is unknown": (it) => { it.facts.added = [["/nowhere.so", "nothing"]]; },
  "Python computed something else": (it) => { it.facts.check = "00000000"; },
  "half a bundle": (it) => { it.bundles[0] = it.bundles[0].slice(0, 100); },
  "libraries that aren't code": (it) => {
    it.bundles[0] = it.bundles[0].slice(0);
    const bytes = Buffer.from(it.bundles[0]);
    for (let at = bytes.indexOf("\0asm"); at >= 0; at = bytes.indexOf("\0asm", at)) bytes[at] = 1;
  },
  "half the memory": (it) => { it.memory = it.memory.slice(0, it.memory.byteLength >> 1); },
  "one bit of the memory": (it) => {
    it.memory = it.memory.slice(0);
    new Uint8Array(it.memory)[it.memory.byteLength >> 1] ^= 1;
  },
  "no facts": (it) => { delete it.facts; },
};
const damaged = {};
for (const [name, damage] of Object.entries(DAMAGES)) {
  const it = { facts: structuredClone(snapshot.facts), memory: snapshot.memory, bundles: [...snapshot.bundles] };
  damage(it);
  damaged[name] = await wake(it).then(() => "woke", (cause) => `refused: ${cause.message}`);
}
const packed = { heap: snapshot.facts.heap, kept: snapshot.memory.byteLength };
console.log(JSON.stringify({ made, woken, lives, held, alive, damaged, packed }));
process.exit(0);
