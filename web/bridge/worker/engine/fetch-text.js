/**
 * Fetches small texts, and what a server says of a file without sending it.
 */

import { BridgeError, toBridgeError } from "../errors.js";
import { within } from "../limit.js";

/** No text that the engine reads is larger; what a server sends beyond isn't taken into memory. */
const MOST_BYTES = 16 << 20;
/** How long a server may keep silent, before its answer and in the midst of it. */
const SILENCE_MS = 30_000;

/**
 * @typedef {object} FileFacts
 * @property {number | null} size bytes
 * @property {string | null} sha256 where the server names one
 * @property {string} tag another word as soon as the content is another; "" if the server knows none
 */

/**
 * Null where there is no such file, or the server can't be asked.
 *
 * The Hugging Face Hub names the sha256 of a large file in X-Linked-ETag and its size in
 * X-Linked-Size, as its mirrors do; another server's ETag is a word and no hash.
 *
 * @param {URL} url
 * @returns {Promise<FileFacts | null>}
 */
export async function fileFacts(url) {
  const signal = AbortSignal.timeout(SILENCE_MS);
  const response = await fetch(url, { method: "HEAD", cache: "no-cache", signal }).catch(() => null);
  // An application server answers every path with its index page.
  if (!response?.ok || response.headers.get("Content-Type")?.startsWith("text/html")) return null;
  const { headers } = response;
  const linked = (headers.get("X-Linked-ETag") ?? "").replaceAll('"', "");
  const sha256 = /^[0-9a-f]{64}$/.test(linked) ? linked : null;
  // What is compressed on the way has another length there.
  const length = headers.get("X-Linked-Size") ?? (headers.get("Content-Encoding") ? null : headers.get("Content-Length"));
  const size = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
  return { size, sha256, tag: (sha256 ?? headers.get("ETag") ?? headers.get("Last-Modified") ?? "").slice(0, 300) };
}

/**
 * A small text. Raises download_failed.
 *
 * @param {URL} url
 * @param {(headers: Headers) => void} [heard] called with the headers of the reply
 * @returns {Promise<string>}
 */
export async function fetchText(url, heard = () => {}) {
  try {
    // A list or a manifest may have changed since.
    const response = await within(fetch(url, { cache: "no-cache" }), SILENCE_MS, "download_failed", url.pathname);
    if (!response.ok || !response.body) {
      throw new BridgeError("download_failed", `${url.pathname}: HTTP ${response.status}`, { status: response.status });
    }
    heard(response.headers);
    return await readText(response.body, url);
  } catch (cause) {
    throw toBridgeError(cause, "download_failed");
  }
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {URL} url
 */
async function readText(body, url) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let count = 0;
  for (;;) {
    const { done, value } = await within(reader.read(), SILENCE_MS, "download_failed", url.pathname);
    if (done) return text + decoder.decode();
    count += value.length;
    if (count > MOST_BYTES) {
      reader.cancel().catch(() => {});
      throw new BridgeError("download_failed", `${url.pathname} has more than ${MOST_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
