/**
 * Defines errors that cross the bridge. A `code` is one of orion_py/errors.py, where its meaning is.
 */

/** An error with a code for Python and facts about it, never a prompt's text. */
export class BridgeError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {Record<string, unknown>} [detail]
   */
  constructor(code, message, detail = {}) {
    super(message);
    this.name = "BridgeError";
    this.code = code;
    this.detail = detail;
  }

  /** What a message can carry. */
  toJSON() {
    return { code: this.code, message: this.message, detail: this.detail };
  }
}

/** What allocation failures look like: V8, SpiderMonkey, JavaScriptCore, emscripten, libc++. */
const NO_MEMORY = /bad_alloc|out of memory|\boom\b|allocat|enlarge memory|invalid typed array length/i;

/** What a module or a program that didn't arrive looks like: Chromium, Firefox, Safari; onnxruntime wraps it. */
const NO_NETWORK = /failed to fetch|dynamically imported|importing a module script|networkerror|network error|load failed/i;

/**
 * The BridgeError that `cause` amounts to.
 *
 * @param {unknown} cause whatever was thrown
 * @param {string} fallback the code when nothing about `cause` tells more
 * @returns {BridgeError}
 */
export function toBridgeError(cause, fallback) {
  if (cause instanceof BridgeError) return cause;
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : "";
  const message = cause instanceof Error || cause instanceof DOMException ? cause.message : String(cause);
  return new BridgeError(codeOf(name, message, fallback), message || name || fallback);
}

/**
 * @param {string} name
 * @param {string} message
 * @param {string} fallback
 */
function codeOf(name, message, fallback) {
  if (name === "AbortError") return "cancelled";
  if (name === "QuotaExceededError") return "quota_exceeded";
  if (fallback === "backend_unavailable" && NO_NETWORK.test(message)) return "download_failed"; // says nothing of the backend
  if (NO_MEMORY.test(message)) return "out_of_memory";
  return fallback;
}
