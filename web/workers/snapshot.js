/**
 * Makes a snapshot of Python, or tests the one that is kept; "make" or "test" comes as a message, {told} or {error}
 * goes back. What is told is Python's answer to a longer test than each start makes: equal for both, or it failed.
 */

import { SnapshotStore } from "../bridge/worker/snapshot/store.js";
import { makeSnapshot, wakeSnapshot } from "../bridge/worker/snapshot/snapshot.js";

const vendor = new URL("../vendor/", import.meta.url);
const store = new SnapshotStore(vendor);

/** @param {any} python */
const examine = (python) => String(python.pyimport("orion_py.browser.snapshot").examine());

/** @type {Record<string, () => Promise<string>>} */
const work = {
  async make() {
    const { python, ...snapshot } = await makeSnapshot(vendor);
    await store.keep(snapshot);
    return examine(python);
  },
  async test() {
    const snapshot = await store.read(false);
    if (!snapshot || !(await snapshot.ours)) throw new Error("there is nothing to test");
    return examine(await wakeSnapshot(vendor, snapshot));
  },
};

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ told: await work[data]() });
  } catch (cause) {
    self.postMessage({ error: cause instanceof Error ? cause.message : String(cause) });
  }
};
