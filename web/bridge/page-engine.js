/** Starts the engine worker and carries JSON text to and from it. */

import { newId } from "./page-device.js";

/**
 * @param {(text: string) => void} onText
 * @param {(why: string) => void} onCrash an uncaught error, a message that can't be read, or its end
 */
export function spawnEngine(onText, onCrash) {
  const name = `orion-engine-${newId()}`;
  const worker = new Worker(new URL("../workers/engine.js", import.meta.url), { type: "module", name });
  const watch = new AbortController();
  let watched = false;
  worker.onmessage = (event) => {
    if (!watched) {
      watched = true;
      watchEnd(name, watch.signal, () => onCrash("it ended")).catch(() => undefined);
    }
    onText(event.data);
  };
  worker.onerror = (event) => { event.preventDefault(); onCrash(event.message || "error"); };
  worker.onmessageerror = () => onCrash("unreadable");
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
