/**
 * Has a snapshot of Python made and tested, each in a worker of its own (workers/snapshot.js) that ends afterwards.
 * When that is to happen Python decides.
 */

import { SnapshotStore } from "./store.js";

const LOCK = "orion-snapshot";
const LIMIT_MS = 60_000;
/**
 * V8 keeps a module's compiled code two seconds after it last improved it: the next start is to find it. While other
 * programs have the cores what is to be improved takes seconds, and a start that doesn't find it compiles for a second.
 */
const REST_MS = 10_000;

export class SnapshotMaker {
  /** @param {URL} root */
  constructor(root) {
    /** @private */ this.root = root;
    /** @private */ this.store = new SnapshotStore(new URL("vendor/", root));
    /** @private @type {Worker | null} */ this.worker = null;
    /** @private */ this.stopping = () => {};
  }

  /**
   * Makes one and tests it, unless there is a tested one. Never rejects.
   *
   * @returns {Promise<string>} "there", "made", "impossible", "busy" (another tab makes it), "stopped", or why it failed
   */
  async make() {
    if (!navigator.locks) return "impossible";
    try {
      return await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
        if (!lock || this.worker) return "busy";
        const state = await this.store.state();
        if (state === "trusted") return "there";
        if (state === "impossible") return state;
        // One that is here untested came of a test that was broken off, or that broke its worker: never used again.
        if (state === "untested") await this.store.drop();
        const made = await this.run("make");
        await this.run("test", REST_MS, async (tested) => {
          if (tested !== made) throw new Error(`a Python from the snapshot answers ${tested}, not ${made}`);
          await this.store.trust(); // the page may be closed while its worker rests
        });
        return "made";
      });
    } catch (cause) {
      await this.store.drop().catch(() => {});
      return cause instanceof Error ? cause.message : String(cause);
    }
  }

  /** Ends what is under way; what it has kept so far isn't trusted. */
  stop() {
    this.stopping();
  }

  /**
   * @private
   * @param {"make" | "test"} what
   * @param {number} [rest] ms that its worker goes on living, unless it is stopped
   * @param {(told: string) => Promise<void>} [judge] of what it said, before it rests
   * @returns {Promise<string>}
   */
  async run(what, rest = 0, judge = async () => {}) {
    const worker = new Worker(new URL("workers/snapshot.js", this.root), { type: "module", name: `orion-snapshot-${what}` });
    this.worker = worker;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    try {
      const told = await new Promise((resolve, reject) => {
        this.stopping = () => reject(new Error("stopped"));
        timer = setTimeout(() => reject(new Error(`no end within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
        worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.told));
        worker.onerror = (event) => { event.preventDefault(); reject(new Error(event.message || "its worker ended")); };
        worker.postMessage(what);
      });
      clearTimeout(timer);
      await judge(told);
      await new Promise((resolve) => {
        this.stopping = () => resolve(undefined);
        timer = setTimeout(resolve, rest);
      });
      return told;
    } finally {
      clearTimeout(timer);
      worker.terminate();
      this.worker = null;
      this.stopping = () => {};
    }
  }
}
