/**
 * Keeps the app's shell on the device and gives its pages the headers that threads need.
 *
 * - The shell (precache.json, written by the build) is one cache per version and per place on the
 *   server. A file that an earlier version or an interrupted install already holds with the same
 *   hash is copied; what is fetched is checked against its hash.
 * - Headers are added before a response is put into the cache and hits are returned untouched:
 *   a response rebuilt on the way out loses V8's compiled code.
 * - Weights aren't touched here: they live in IndexedDB. The model list and the manifests come from
 *   the network, or from here without one.
 */
/// <reference lib="webworker" />
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const VERSION = "__ORION_VERSION__";
const SCOPE = new URL("./", worker.location.href);
const PREFIX = `orion:${SCOPE.pathname}:`;
const SHELL = `${PREFIX}shell:${VERSION}`;
const LISTS = `${PREFIX}lists`;
const HASH = "X-Orion-Sha256";
const AT_ONCE = 4;
const TRIES = 3;
const LIST_PATIENCE_MS = 4000;
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; frame-src 'self'; manifest-src 'self'; " +
  "object-src 'none'; base-uri 'none'; form-action 'none'";

/** Documents of the sandbox, which say their own policy: no part of the page, and stricter in what they may reach. */
const OWN_POLICY = /^(?:sandbox|workshop)\/host\.html$/;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("message", (event) => {
  if (event.data?.type === "activate") worker.skipWaiting();
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  const path = url.pathname.slice(SCOPE.pathname.length);
  if (request.headers.has("range") || path === "sw.js" || path === "precache.json") return;
  if (path === "models.json" || /^models\/[^/]+\/manifest\.json$/.test(path)) event.respondWith(list(request));
  else if (path.startsWith("models/")) return;
  else if (request.mode === "navigate") event.respondWith(page(path, request));
  else event.respondWith(asset(path, event));
});

// Answers

/** @param {string} path @param {Request} request */
async function page(path, request) {
  const cache = await caches.open(SHELL);
  const hit = await cache.match(address(path === "" ? "index.html" : path));
  if (hit) return hit;
  try {
    return withHeaders(await fetch(request), path);
  } catch (error) {
    if (await cache.match(address("index.html"))) return Response.redirect(SCOPE.href);
    throw error;
  }
}

/** From the shell; what isn't there (the WebGPU build) is kept when it is first used. @param {string} path @param {FetchEvent} event */
async function asset(path, event) {
  const cache = await caches.open(SHELL);
  const hit = await cache.match(address(path));
  if (hit) return hit;
  const answer = await fetch(event.request);
  if (answer.status !== 200 || answer.type !== "basic") return answer;
  const full = withHeaders(answer, path);
  if (new URL(event.request.url).search === "") {
    event.waitUntil(cache.put(address(path), full.clone()).catch(() => undefined));
  }
  return full;
}

/** The newest list, or within four seconds the one kept here. @param {Request} request */
async function list(request) {
  const cache = await caches.open(LISTS);
  const fresh = fetch(request).then(async (answer) => {
    if (answer.status === 200) await cache.put(request.url, answer.clone()).catch(() => undefined);
    return answer;
  });
  const kept = await cache.match(request.url);
  if (!kept) return fresh;
  const patience = new Promise((resolve) => setTimeout(resolve, LIST_PATIENCE_MS, kept));
  const first = await Promise.race([fresh.catch(() => kept), patience]);
  return first.ok ? first : kept;
}

/** @param {string} path */
const address = (path) => new URL(path, SCOPE).href;

/** @param {Response} answer @param {string} path @param {string} [sha256] */
function withHeaders(answer, path, sha256) {
  const headers = new Headers(answer.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  if (!OWN_POLICY.test(path)) headers.set("Content-Security-Policy", POLICY);
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("X-Content-Type-Options", "nosniff");
  headers.delete("vary");
  if (sha256) {
    headers.set(HASH, sha256);
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

// Life

/** @typedef {{url: string, part: number, size: number, sha256: string}} ShellFile */

/**
 * The files in their order, and none of a part before the last byte of the parts in front of it: on a
 * slow line the engine's Python boots from the first while the next arrives.
 */
async function install() {
  const answer = await fetch(address("precache.json"), { cache: "no-store" });
  if (!answer.ok) throw new Error(`precache.json: ${answer.status}`);
  /** @type {{version: string, files: ShellFile[]}} */
  const { version, files } = await answer.json();
  if (version !== VERSION) throw new Error("The site is being updated; the next visit installs it.");
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  let told = 0;
  const cache = await caches.open(SHELL);
  const others = await Promise.all((await caches.keys())
    .filter((name) => name.startsWith(`${PREFIX}shell:`) && name !== SHELL).map((name) => caches.open(name)));

  const parts = Array.from({ length: Math.max(0, ...files.map((file) => file.part)) + 1 }, (_, part) => {
    let arrived = () => {};
    /** @type {Promise<void>} */
    const whole = new Promise((resolve) => { arrived = resolve; });
    const left = files.reduce((sum, file) => sum + (file.part === part ? file.size : 0), 0);
    if (!left) arrived();
    return { left, arrived, whole };
  });

  /** @param {number} bytes @param {ShellFile} file */
  const advance = (bytes, { url, part }) => {
    done += bytes;
    parts[part].left -= bytes;
    if (parts[part].left <= 0) parts[part].arrived(); // to hash and to store them is no work for the line
    if (done < total && Date.now() - told < 100) return;
    told = Date.now();
    void tell({ type: "install", done, total, file: url });
  };
  const queue = [...files];
  const runners = Array.from({ length: AT_ONCE }, async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      for (const { whole } of parts.slice(0, file.part)) await whole;
      await keep(file, cache, others, advance);
    }
  });
  await Promise.all(runners);
  const wanted = new Set(files.map((file) => address(file.url)));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
}

/**
 * @param {ShellFile} file @param {Cache} cache @param {Cache[]} others
 * @param {(bytes: number, file: ShellFile) => void} advance
 */
async function keep(file, cache, others, advance) {
  const url = address(file.url);
  for (const place of [cache, ...others]) {
    const held = await place.match(url);
    if (held?.headers.get(HASH) !== file.sha256) continue;
    if (place !== cache) await cache.put(url, held);
    advance(file.size, file);
    return;
  }
  for (let attempt = 1; ; attempt += 1) {
    let counted = 0;
    try {
      const count = (/** @type {number} */ bytes) => { counted += bytes; advance(bytes, file); };
      await download(file, url, cache, count);
      advance(file.size - counted, file);
      return;
    } catch (error) {
      advance(-counted, file);
      if (attempt >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 400 * attempt));
    }
  }
}

/** @param {ShellFile} file @param {string} url @param {Cache} cache @param {(bytes: number) => void} count */
async function download(file, url, cache, count) {
  const answer = await fetch(url, { cache: "no-cache" });
  if (!answer.ok || !answer.body || answer.redirected) throw new Error(`${file.url}: ${answer.status}`);
  const reader = answer.body.getReader();
  const parts = [];
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    parts.push(step.value);
    count(step.value.length);
  }
  const body = await new Blob(parts).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (sha256 !== file.sha256) throw new Error(`${file.url} isn't the file that the build made`);
  await cache.put(url, withHeaders(new Response(body, { headers: answer.headers }), file.url, sha256));
}

/** @param {object} note */
async function tell(note) {
  for (const client of await worker.clients.matchAll({ includeUncontrolled: true, type: "window" })) client.postMessage(note);
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(`${PREFIX}shell:`) && name !== SHELL) await caches.delete(name);
  }
  await worker.clients.claim();
}
