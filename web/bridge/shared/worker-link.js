/**
 * Links to a worker and notices its end: the page's link to its engine, the engine's to its inference workers.
 *
 * A worker that fails reports it by an event. One that the browser ends reports nothing; but the lock of its name,
 * which it holds while it lives, is free again.
 */

import { newId } from "./ids.js";

/** Begins the name of each worker that a WorkerLink makes. */
const PREFIX = "orion-";

/**
 * For the worker: resolves once it holds the lock of its name. Nothing may be posted before that, since its owner
 * asks for the same lock when it hears the first message. Where there are no locks (plain http), or the browser
 * refuses them to a site that may keep no data, it resolves without, and the other side gets none either. A worker
 * that no WorkerLink made has a name that others may have, too: nobody watches it, and to wait for it could be for ever.
 *
 * @returns {Promise<void>}
 */
export function holdName() {
  return new Promise((resolve) => {
    const forever = () => { resolve(); return new Promise(() => {}); };
    if (navigator.locks && self.name.startsWith(PREFIX)) navigator.locks.request(self.name, forever).catch(() => resolve());
    else resolve();
  });
}

/** For a worker's owner: posts to it, and hears its messages and its end. */
export class WorkerLink {
  /**
   * @param {string | URL} script which calls `holdName`
   * @param {string} kind such as "engine": its name says so
   */
  constructor(script, kind) {
    /** @private */ this.name = `${PREFIX}${kind}-${newId()}`;
    /** @private @type {["said" | "ended", any][]} what came before anybody listened */
    this.early = [];
    /** @private */ this.watch = new AbortController();
    /** @private @type {(what: "said" | "ended", value: any) => void} */
    this.tell = (what, value) => void this.early.push([what, value]);
    /** @private */ this.worker = new Worker(script, { type: "module", name: this.name });
    this.worker.onmessage = ({ data }) => this.tell("said", data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.tell("ended", event.message || "its script can't be loaded");
    };
    this.worker.onmessageerror = () => this.tell("ended", "what it said can't be read");
  }

  /**
   * Messages that came already are delivered too, after this has returned.
   *
   * @param {(data: any) => void} onMessage
   * @param {(why: string) => void} onEnd an error that nobody caught, a message that can't be read, or its end
   */
  listen(onMessage, onEnd) {
    let watched = false;
    const begin = () => {
      if (this.watch.signal.aborted) return;
      this.tell = (what, value) => {
        if (what === "ended") return onEnd(value);
        if (!watched) navigator.locks?.request(this.name, { signal: this.watch.signal }, () => onEnd("it ended")).catch(() => {});
        watched = true;
        onMessage(value);
      };
      for (const [what, value] of this.early.splice(0)) this.tell(what, value);
    };
    if (this.early.length) setTimeout(begin);
    else begin();
  }

  /** @param {unknown} message @param {Transferable[]} [transfer] */
  post(message, transfer = []) {
    this.worker.postMessage(message, transfer);
  }

  /** Ends the worker; nothing more is heard of it. */
  end() {
    this.tell = () => {};
    this.watch.abort();
    this.worker.terminate();
  }
}
