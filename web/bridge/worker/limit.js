/**
 * Limits every wait: some browsers never settle a promise of theirs.
 */

import { BridgeError } from "./errors.js";

/**
 * What `work` gives, if it does within `ms`; else an error with `code` and `what`. The work itself goes on.
 *
 * @template T
 * @param {Promise<T>} work
 * @param {number} ms
 * @param {string} code
 * @param {string} what such as "the database"
 * @returns {Promise<T>}
 */
export async function within(work, ms, code, what) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new BridgeError(code, `${what} didn't answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await /** @type {Promise<T>} */ (Promise.race([work, late]));
  } finally {
    clearTimeout(timer);
  }
}
