/**
 * Runs the worker that examines what a person attaches. The page sends {call, file} and gets {call, …} back, as
 * prepare.js makes it. What decodes a picture may run out of memory: then only this worker ends.
 */
import { holdName } from "../bridge/shared/worker-link.js";
import { prepared } from "../bridge/worker/pictures/prepare.js";

const held = holdName();
held.then(() => self.postMessage({}));
/** One after the other: in the order in which they were chosen, and so that one decoded picture at a time takes memory. */
let turn = held;

/** @param {{call: number, file: File}} message */
async function examine({ call, file }) {
  const result = await prepared(file).catch(() => ({ fault: "broken" }));
  self.postMessage({ call, ...result });
}

self.onmessage = ({ data }) => { turn = turn.then(() => examine(data)); };
