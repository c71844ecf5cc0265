/**
 * Decides which addresses the engine may fetch a model from: this page's own, and those that the site was
 * built with (`build.py build --allow-origin URL`, which also writes them into the page's policy).
 */

import { BridgeError } from "../errors.js";

/** Filled in by the build; empty: nothing but this page's own origin. */
const ALLOWED = "__ORION_ORIGINS__".split(" ").filter((origin) => /^https?:/.test(origin));

/**
 * The URL that `path` means. Raises foreign_origin for one that this site may not talk to.
 *
 * @param {string} path relative to the page, or a whole URL
 * @param {URL} root the page's folder
 * @returns {URL}
 */
export function allowedUrl(path, root) {
  const url = new URL(path, root);
  if (url.origin === root.origin || ALLOWED.includes(url.origin)) return url;
  throw new BridgeError("foreign_origin", `This site may not talk to ${url.origin}.`, { origin: url.origin });
}
