/**
 * Runs the worker that examines what a person attaches. The page sends {call, file} and gets {call, …} back, as
 * prepare.js makes it. What decodes a picture may run out of memory: then only this worker ends.
 */
import { holdName } from "../bridge/shared/worker-link.js";
import { prepared } from "../bridge/worker/pictures/prepare.js";

const held = holdName();
held.then(() => self.postMessage({}));

self.onmessage = async ({ data: { call, file } }) => {
  await held;
  const result = await prepared(file).catch(() => ({ fault: "broken" }));
  self.postMessage({ call, ...result });
};
