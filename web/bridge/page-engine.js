/** Starts the engine worker and carries JSON text to and from it. */

/**
 * @param {(text: string) => void} onText
 * @param {(why: string) => void} onCrash an uncaught error, or a message that can't be read
 */
export function spawnEngine(onText, onCrash) {
  const worker = new Worker(new URL("../workers/engine.js", import.meta.url), { type: "module", name: "orion-engine" });
  worker.onmessage = (event) => onText(event.data);
  worker.onerror = (event) => { event.preventDefault(); onCrash(event.message || "error"); };
  worker.onmessageerror = () => onCrash("unreadable");
  return {
    /** @param {string} text */
    post: (text) => worker.postMessage(text),
    end: () => worker.terminate(),
  };
}
