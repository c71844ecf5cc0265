/** An engine worker, and the protocol's requests as promises. */

let requests = 0;

/**
 * @param {URL} orion where the site is
 * @param {string | URL} [script] of the worker
 * @param {(message: any) => void} [hear] every message, before it is answered
 * @returns {(type: string, fields: object, files?: {id: string, blob: Blob, samples?: Float32Array}[], sent?: (id: string, worker: Worker) => void) => Promise<any>}
 *   asks; answers with the result's payload. `files` are those that the request names; `sent` gets its id and the worker, for
 *   what follows it
 */
export function engine(orion, script = new URL("workers/engine.js", orion), hear = () => {}) {
  const worker = new Worker(script, { type: "module" });
  /** @type {Map<string, {resolve: (payload: any) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  const fail = (/** @type {string} */ why) => waiting.forEach(({ reject }) => reject(new Error(why)));
  worker.onerror = (event) => fail(`the engine worker: ${event.message}`);
  worker.onmessage = ({ data }) => [data].flat().forEach((part) => {
    // An event with its sound comes as an object.
    heard(typeof part === "string" ? JSON.parse(part) : { ...JSON.parse(part.text), samples: part.samples });
  });
  const heard = (/** @type {any} */ message) => {
    hear(message);
    if (message.type === "boot-failed") fail(message.message);
    const asked = waiting.get(message.id);
    if (message.type === "result") asked?.resolve(message.payload);
    else if (message.type === "error") asked?.reject(new Error(`${message.error.code}: ${message.error.message}`));
    else if (message.type === "cancelled") asked?.reject(new Error("cancelled"));
  };
  return (type, fields, files, sent = () => {}) => new Promise((resolve, reject) => {
    const id = `bench-${(requests += 1)}`;
    waiting.set(id, { resolve, reject });
    if (files) worker.postMessage({ request: id, attach: files });
    worker.postMessage(JSON.stringify({ v: 1, id, type, ...fields }));
    sent(id, worker);
  });
}
