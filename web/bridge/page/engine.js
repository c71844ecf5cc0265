/**
 * Starts the engine worker and carries JSON text to and from it, as ../shared/protocol.d.ts has it: a `Request` there,
 * an `Event` or an `End` back, or one with samples beside it. Before a question that names files it posts those, as Blobs,
 * whose bytes no message copies; behind a request to listen it posts what the microphone records.
 */

import { WorkerLink } from "../shared/worker-link.js";
import { filesFor } from "./attachments.js";
import { withSamples } from "./samples.js";

/** @typedef {{text: string, samples: Float32Array<ArrayBuffer>}} Sound an event "sound", and beside it what is heard */

let spawned = 0;
/** @type {WorkerLink | null} */
let early = null;

/**
 * "ahead": the last visit's model may come into memory at once; "first": there was no visit before, and the model that all begin
 * with may be brought.
 *
 * @typedef {"ahead" | "first"} Early
 */

/** @type {Early | undefined} what is known already of the page's first message, which still decides */
let expected;

/** Tells the first engine, whoever begins it, what its first message will say. @param {Early | undefined} known */
export function expectMessage(known) {
  expected = known;
}

/**
 * Has the engine's worker boot before the page's own program is there to talk to it: `spawnEngine` takes it over. Where
 * one was begun or spawned it does nothing.
 */
export function beginEngine() {
  if (!spawned) early = begin();
}

/** A page's second engine is marked as such: the first one failed. */
function begin() {
  const script = new URL("../../workers/engine.js", import.meta.url);
  if (spawned) script.searchParams.set("again", "");
  else if (expected) script.searchParams.set(expected, "");
  spawned += 1;
  return new WorkerLink(script, "engine");
}

/**
 * @param {(text: string) => void} onText
 * @param {(why: string) => void} onCrash an uncaught error, a message that can't be read, or its end
 */
export function spawnEngine(onText, onCrash) {
  const link = early ?? begin();
  early = null;
  let ended = false;
  const hear = (/** @type {string | string[] | Sound} */ said) => {
    for (const part of [said].flat()) {
      if (ended) return;
      if (typeof part === "string") onText(part);
      else withSamples(part.samples, () => onText(part.text));
    }
  };
  link.listen(hear, onCrash);
  return {
    /** @param {string} text */
    post: (text) => link.post(text),
    /** @param {string} request @param {string} ids JSON: of files that are in this page's memory */
    attach: (request, ids) => link.post({ request, attach: filesFor(JSON.parse(ids)) }),
    /** What a microphone records goes to the engine. @param {string} request @param {import("./microphone.js").Microphone} microphone */
    feed: (request, microphone) => microphone.flow((samples) => link.post({ type: "samples", id: request, samples }, [samples.buffer])),
    end: () => {
      ended = true;
      link.end();
    },
  };
}
