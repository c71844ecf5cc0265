/**
 * Makes a snapshot of Python, or tests the one that is kept; "make" or "test" comes as a message, {told} or {error}
 * goes back. What is told is Python's answer to a longer test than each start makes: equal for both, or it failed.
 */

import { SnapshotStore } from "../bridge/worker/snapshot/store.js";
import { makeSnapshot, wakeSnapshot } from "../bridge/worker/snapshot/snapshot.js";
import { Database } from "../bridge/worker/storage/database.js";
import { Settings } from "../bridge/worker/storage/settings.js";

const vendor = new URL("../vendor/", import.meta.url);
const store = new SnapshotStore(vendor);

/** @param {any} python */
const examine = (python) => String(python.pyimport("orion_py.browser.snapshot").examine());

/** @returns {Promise<string>} JSON: the manifests that are kept on this device */
async function manifests() {
  const settings = new Settings(new Database("orion"));
  const names = await settings.names("manifest:");
  return JSON.stringify(await Promise.all(names.map((name) => settings.read(name))));
}

/** @type {Record<string, () => Promise<string>>} */
const work = {
  async make() {
    const { python, ...snapshot } = await makeSnapshot(vendor, await manifests().catch(() => "[]"));
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
