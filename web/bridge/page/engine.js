/** Starts the engine worker and carries JSON text to and from it. */

import { newId } from "./device.js";

/** @typedef {{name: string, worker: Worker, said: string[], failed: string[]}} Begun */

let spawned = 0;
/** @type {Begun | null} */
let early = null;

/**
 * Has the engine's worker boot before the page's own program is there to talk to it: `spawnEngine` takes it over. Where
 * one was begun or spawned it does nothing.
 *
 * @param {boolean} ahead the last visit's model may come into memory at once; the page's first message still decides
 */
export function beginEngine(ahead) {
  if (!spawned) early = begin(ahead);
}

/**
 * The second engine of a page's life is told so: the first one failed it.
 *
 * @param {boolean} ahead
 * @returns {Begun}
 */
function begin(ahead) {
  const name = `orion-engine-${newId()}`;
  const script = new URL("../../workers/engine.js", import.meta.url);
  if (spawned++) script.searchParams.set("again", "");
  if (ahead) script.searchParams.set("ahead", "");
  /** @type {Begun} */
  const begun = { name, worker: new Worker(script, { type: "module", name }), said: [], failed: [] };
  begun.worker.onmessage = ({ data }) => void begun.said.push(data);
  begun.worker.onerror = (event) => { event.preventDefault(); begun.failed.push(event.message || "error"); };
  return begun;
}

/**
 * @param {(text: string) => void} onText
 * @param {(why: string) => void} onCrash an uncaught error, a message that can't be read, or its end
 */
export function spawnEngine(onText, onCrash) {
  const { name, worker, said, failed } = early ?? begin(false);
  early = null;
  const watch = new AbortController();
  let watched = false;
  /** @param {string} text */
  const hear = (text) => {
    if (!watched) {
      watched = true;
      watchEnd(name, watch.signal, () => onCrash("it ended")).catch(() => undefined);
    }
    onText(text);
  };
  worker.onmessage = ({ data }) => hear(data);
  worker.onerror = (event) => { event.preventDefault(); onCrash(event.message || "error"); };
  worker.onmessageerror = () => onCrash("unreadable");
  // What it said before anybody listened comes as it would have: not before the caller has this.
  setTimeout(() => {
    for (const text of said) hear(text);
    for (const why of failed) onCrash(why);
  });
  return {
    /** @param {string} text */
    post: (text) => worker.postMessage(text),
    end: () => { watch.abort(); worker.terminate(); },
  };
}

/**
 * Calls `onEnd` when the worker is gone. By its first message it holds the lock of its name; that
 * the lock becomes free is the only sign of a worker that the browser ended without an error event.
 *
 * @param {string} name
 * @param {AbortSignal} signal
 * @param {() => void} onEnd
 */
async function watchEnd(name, signal, onEnd) {
  const { held } = await navigator.locks.query();
  if (held?.some((lock) => lock.name === name)) await navigator.locks.request(name, { signal }, onEnd);
}
