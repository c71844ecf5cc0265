/**
 * Starts the engine worker and carries JSON text to and from it, as ../shared/protocol.d.ts has it: a `Request` there,
 * an `Event` or an `End` back. Before a question that names files it posts those, as Blobs, whose bytes no message copies.
 */

import { WorkerLink } from "../shared/worker-link.js";
import { filesFor } from "./attachments.js";

let spawned = 0;
/** @type {WorkerLink | null} */
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
 * A page's second engine is marked as such: the first one failed.
 *
 * @param {boolean} ahead
 */
function begin(ahead) {
  const script = new URL("../../workers/engine.js", import.meta.url);
  if (spawned++) script.searchParams.set("again", "");
  if (ahead) script.searchParams.set("ahead", "");
  return new WorkerLink(script, "engine");
}

/**
 * @param {(text: string) => void} onText
 * @param {(why: string) => void} onCrash an uncaught error, a message that can't be read, or its end
 */
export function spawnEngine(onText, onCrash) {
  const link = early ?? begin(false);
  early = null;
  let ended = false;
  const hear = (/** @type {string | string[]} */ texts) => {
    for (const text of [texts].flat()) if (!ended) onText(text);
  };
  link.listen(hear, onCrash);
  return {
    /** @param {string} text */
    post: (text) => link.post(text),
    /** @param {string} request @param {string} ids JSON: of files that are in this page's memory */
    attach: (request, ids) => link.post({ request, attach: filesFor(JSON.parse(ids)) }),
    end: () => {
      ended = true;
      link.end();
    },
  };
}
