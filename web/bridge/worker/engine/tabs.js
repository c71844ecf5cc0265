/**
 * Connects the tabs of this site: named locks, which the browser releases when a tab ends, and notes.
 *
 * Where a browser keeps no site data it refuses locks and channels too; then a tab is alone, and the locks
 * are its own.
 */

import { BridgeError } from "../errors.js";
import { whenFree } from "../locks.js";

const TAB = "orion-tab";

export class Tabs {
  /** @param {string} [name] of the channel */
  constructor(name = "orion-tabs") {
    this.id = globalThis.crypto?.randomUUID?.() ?? String(Math.random());
    /** @private @type {BroadcastChannel | null} */
    this.channel = null;
    /** @private @type {Set<() => void>} */
    this.held = new Set();
    /** @private */ this.left = new AbortController();
    try {
      this.channel = new BroadcastChannel(name);
    } catch {
      // No channel: no tab is notified, and tabs that depend on it read the store.
    }
    void this.hold(TAB, undefined, "shared").catch(() => {});
  }

  /** @param {string} note */
  post(note) {
    this.channel?.postMessage(note);
  }

  /** @param {(note: string) => void} listener called with what other tabs post */
  listen(listener) {
    this.channel?.addEventListener("message", (event) => {
      if (typeof event.data === "string") listener(event.data);
    });
  }

  /**
   * Waits for a lock. Raises cancelled.
   *
   * @param {string} name
   * @param {AbortSignal} [signal]
   * @param {LockMode} [mode]
   * @returns {Promise<() => void>} gives it back; safe to call twice
   */
  async hold(name, signal, mode = "exclusive") {
    if (!globalThis.navigator?.locks) return () => {};
    return new Promise((resolve, reject) => {
      const ending = new AbortController();
      for (const reason of [signal, this.left.signal]) {
        if (reason?.aborted) ending.abort();
        reason?.addEventListener("abort", () => ending.abort(), { once: true });
      }
      const stop = ending.signal;
      whenFree(name, { mode, signal: stop }, () => new Promise((free) => {
        const release = () => { this.held.delete(release); free(undefined); };
        this.held.add(release);
        resolve(release);
      })).catch(() => {
        // A browser that refuses locks altogether refuses to share data between tabs as well.
        if (stop.aborted) reject(new BridgeError("cancelled", "stopped while it waited for another tab"));
        else resolve(() => {});
      });
    });
  }

  /** Is this the only tab, as far as the browser tells? */
  async alone() {
    try {
      const { held } = await navigator.locks.query();
      return (held ?? []).filter((lock) => lock.name === TAB).length <= 1;
    } catch {
      return true;
    }
  }

  /** Gives all locks back. */
  leave() {
    this.left.abort();
    for (const release of [...this.held]) release();
    this.channel?.close();
  }
}
