/** Starts Python the fastest way that can be trusted: from a tested snapshot of its memory, else from bytecode. */

import { within } from "../limit.js";
import { bootPython } from "./boot.js";
import { SnapshotStore } from "../snapshot/store.js";
import { wakeSnapshot } from "../snapshot/snapshot.js";

/** A start from bytecode takes no longer on most machines. */
const PATIENCE_MS = 8000;
/** What goes first has begun by then, unless the database doesn't answer. */
const FIRST_MS = 1000;

/**
 * At the first doubt a snapshot is deleted, and Python boots from bytecode in the same visit.
 *
 * @param {URL} vendor the folder vendor/
 * @param {boolean} distrust whatever is kept isn't used, and goes
 * @param {(from: "snapshot" | "bytecode") => void} begins with what Python begins now
 * @param {Promise<void>} clear settled once Python may keep this thread busy
 * @param {() => Promise<void>} arrived called once all that Python boots from is here, if that is fetched; it is waited for a
 *   moment, before Python keeps this thread busy
 * @returns {Promise<any>} the Pyodide interface
 */
export async function startPython(vendor, distrust, begins, clear, arrived) {
  await within(clear, FIRST_MS, "boot_timeout", "what goes before Python").catch(() => {});
  const store = new SnapshotStore(vendor);
  // Whatever it begins with, and while that isn't known yet.
  for (const name of ["pyodide.mjs", "pyodide.asm.mjs"]) import(new URL(`pyodide/${name}`, vendor).href).catch(() => {});
  try {
    const snapshot = distrust ? null : await store.read();
    if (snapshot) {
      // Begun while its key is found.
      const waking = within(wakeSnapshot(vendor, snapshot), PATIENCE_MS, "boot_timeout", "Python's snapshot");
      waking.catch(() => {});
      if (await snapshot.ours) {
        begins("snapshot");
        return await waking;
      }
    }
  } catch (cause) {
    console.warn(`Python boots from bytecode: ${cause instanceof Error ? cause.message : cause}`);
    distrust = true;
  }
  if (distrust) void store.drop().catch(() => {});
  begins("bytecode");
  return bootPython(vendor, arrived);
}
