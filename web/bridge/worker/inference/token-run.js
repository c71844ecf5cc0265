/**
 * Runs many steps for one call: each token is chosen beside the model and goes on to the next step, while those before it
 * travel to Python and become text. What is decided stays Python's: see orion_py/runtime/token_runs.py.
 */

import { toBridgeError } from "../errors.js";
import { Sampler } from "./sampler.js";

/**
 * Tokens that come within so many milliseconds, two frames of a page, are reported together. The first is reported at
 * once, and so is one whose next would come later than that.
 */
const REPORT_EVERY_MS = 32;

/**
 * @typedef {import("./messages.js").RunRequest} RunRequest
 * @typedef {import("./messages.js").RunTokens} RunTokens
 */

/**
 * Chooses at most `count` tokens after `token`, which runs first, at `position`; ends behind one of `ends`.
 *
 * Throws what fails it, once all tokens before are reported. A `cancelled` ends it as if it had come to its end.
 *
 * @param {(tokens: Int32Array, position: number) => Promise<Float32Array>} forward
 * @param {RunRequest} request
 * @param {{tell: (chosen: RunTokens) => void, hear: () => Promise<boolean>, now?: () => number}} outside
 *   hear: lets messages in, and says whether the run may go on; now: milliseconds
 * @returns {Promise<RunTokens>} what wasn't reported yet
 */
export async function runTokens(forward, { token, position, count, ends, choice }, { tell, hear, now = () => performance.now() }) {
  const sampler = new Sampler(choice);
  const last = new Set(ends);
  let begun = now();
  let reported = -Infinity;
  /** @type {number[]} */
  let fresh = [];
  try {
    for (let step = 0; step < count; step += 1) {
      const stepped = now();
      token = sampler.choose(await forward(Int32Array.of(token), position + step));
      fresh.push(token);
      if (last.has(token) || step + 1 === count) break;
      const at = now();
      if (at - reported + (at - stepped) > REPORT_EVERY_MS) {
        tell({ tokens: fresh, ms: at - begun });
        fresh = [];
        begun = reported = at;
      }
      if (!(await hear())) break;
    }
  } catch (cause) {
    if (toBridgeError(cause, "runtime_failure").code !== "cancelled") {
      if (fresh.length) tell({ tokens: fresh, ms: now() - begun });
      throw cause;
    }
  }
  return { tokens: fresh, ms: now() - begun };
}

/** The other end of a run: what was reported and wasn't asked for yet. */
export class RunInbox {
  constructor() {
    /** @private @type {RunTokens[]} */ this.waiting = [];
    /** @private */ this.over = false;
    /** @private @type {unknown} */ this.failure = null;
    /** @private @type {() => void} */ this.wake = () => {};
  }

  /** @param {RunTokens} chosen */
  tell(chosen) {
    this.waiting.push(chosen);
    this.wake();
  }

  /** @param {RunTokens} rest */
  end(rest) {
    this.over = true;
    this.tell(rest);
  }

  /** @param {unknown} cause */
  fail(cause) {
    this.over = true;
    this.failure = cause;
    this.wake();
  }

  /**
   * Waits for tokens, or for the end. Rejects, once all was asked for, with what failed the run.
   *
   * @returns {Promise<string>} JSON {tokens, ms, over}: `over` where no more come
   */
  async next() {
    if (!this.waiting.length && !this.over) await new Promise((resolve) => (this.wake = () => resolve(null)));
    if (!this.waiting.length && this.failure) throw this.failure;
    const chosen = this.waiting.splice(0);
    return JSON.stringify({
      tokens: chosen.flatMap(({ tokens }) => tokens),
      ms: chosen.reduce((sum, { ms }) => sum + ms, 0),
      over: this.over && !this.failure,
    });
  }
}
