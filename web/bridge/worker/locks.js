/** Requests Web Locks that can be given up at any moment. */

/**
 * Runs `work` once the lock is free, and holds it until that has ended. Rejects with an AbortError as soon as `signal`
 * fires while it waits: Chromium forgets a signal that fires right after its page's first request.
 *
 * @template T
 * @param {string} name
 * @param {{mode?: LockMode, signal?: AbortSignal}} options
 * @param {() => Promise<T> | T} work
 * @returns {Promise<T>}
 */
export function whenFree(name, { mode = "exclusive", signal }, work) {
  return new Promise((resolve, reject) => {
    let begun = false;
    const stop = () => { if (!begun) reject(new DOMException("stopped while it waited for a lock", "AbortError")); };
    if (signal?.aborted) { stop(); return; }
    signal?.addEventListener("abort", stop, { once: true });
    const begin = () => {
      begun = !signal?.aborted;
      return begun ? work() : undefined; // nobody waits for it any more
    };
    navigator.locks.request(name, signal ? { mode, signal } : { mode }, begin)
      .then((value) => resolve(/** @type {T} */ (value)), reject)
      .finally(() => signal?.removeEventListener("abort", stop));
  });
}
