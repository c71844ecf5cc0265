/**
 * Keeps the app's shell on the device and gives its pages the headers that threads need.
 *
 * - The shell (precache.json, written by the build) is one cache per version and per place on the
 *   server. A file that an earlier version or an interrupted install already holds with the same
 *   hash is copied; what is fetched is checked against its hash.
 * - A page stays with the version that it was opened with, whatever is active by now: each client is served from its
 *   version's cache, which is deleted once no client of it is left. Clients are known by their ids.
 * - Only what the version's list names is the shell's; all else is the network's alone.
 * - Headers are added before a response is put into the cache and hits are returned untouched:
 *   a response rebuilt on the way out loses V8's compiled code.
 * - Weights aren't touched here: they live in IndexedDB. The list of models is the newest where that comes while
 *   Python boots, else the one kept here; manifests come from the network, or from here without one.
 * - Of the kernel's builds those are kept that this browser runs: the one that its features choose, and the one
 *   that the engine steps down to.
 */
/// <reference lib="webworker" />
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const VERSION = "__ORION_VERSION__";
const SCOPE = new URL("./", worker.location.href);
const PREFIX = `orion:${SCOPE.pathname}:`;
const SHELLS = `${PREFIX}shell:`;
const SHELL = `${SHELLS}${VERSION}`;
const LISTING = "precache.json";
const LISTS = `${PREFIX}lists`;
const HASH = "X-Orion-Sha256";
const LIST_PATIENCE_MS = 4000;
const REGISTRY = "models.json";
/** Python boots for longer: so far the engine's start doesn't wait for the list. */
const REGISTRY_PATIENCE_MS = 600;
/** On a list that is kept here: whether there is a newer one isn't known yet. */
const KEPT = "X-Orion-Kept";
/** What an engine asks for that can't read a newer models.json: the one of its own version. */
const OWN_LIST = "own-models.json";
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; frame-src 'self'; manifest-src 'self'; " +
  "object-src 'none'; base-uri 'none'; form-action 'none'";

/** Documents of the sandbox, which say their own policy: no part of the page, and stricter in what they may reach. */
const OWN_POLICY = /^(?:sandbox|workshop)\/host\.html$/;

// By version: a browser's cache may have another one's. They use what is named above.
worker.importScripts(...["builds", "install", "clients"].map((part) => `sw/${part}.js?${VERSION}`));

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("message", (event) => {
  if (event.data?.type === "activate") worker.skipWaiting();
  if (event.data?.type === "version") {
    const asking = /** @type {Client | null} */ (event.source);
    // A page learns of this worker before the worker has recorded which version the page is of.
    const ready = worker.serviceWorker?.state === "activating" ? noting : Promise.resolve();
    event.waitUntil(ready.then(() => versionOf(asking?.id ?? "")).then((version) => event.ports[0]?.postMessage(version)));
  }
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  const path = url.pathname.slice(SCOPE.pathname.length);
  if (request.headers.has("range") || path === "sw.js" || path === LISTING) return;
  tidySoon(event);
  if (path === REGISTRY) event.respondWith(registry(event));
  else if (/^models\/[^/]+\/manifest\.json$/.test(path)) event.respondWith(list(request));
  else if (path === OWN_LIST) event.respondWith(ownList(event));
  else if (path.startsWith("models/")) return;
  else if (request.mode === "navigate") event.respondWith(page(path, event));
  else event.respondWith(asset(path, event));
});

/** @param {string} path @param {FetchEvent} event */
async function page(path, event) {
  const { request } = event;
  // A frame belongs to the page that opened it, which says its version; anything else is opened anew.
  const asked = new URL(request.url).searchParams.get("v");
  const version = asked && (await caches.has(SHELLS + asked)) ? asked : VERSION;
  event.waitUntil(record(event.resultingClientId, version));
  const cache = await caches.open(SHELLS + version);
  const hit = await cache.match(address(path === "" ? "index.html" : path));
  if (hit) return hit;
  try {
    return withHeaders(await fetch(request), path);
  } catch (error) {
    if (await cache.match(address("index.html"))) return Response.redirect(SCOPE.href);
    throw error;
  }
}

/** From the shell of the client's version, or from the network. @param {string} path @param {FetchEvent} event */
async function asset(path, event) {
  const version = await versionOf(event.clientId);
  // A worker is a client of its own, and of its creator's version.
  if (event.resultingClientId) event.waitUntil(record(event.resultingClientId, version));
  const cache = await caches.open(SHELLS + version);
  const hit = await cache.match(address(path));
  if (hit) return hit;
  const file = (await listing(version, cache))?.get(path);
  if (!file) {
    const answer = await fetch(event.request);
    const loads = event.request.destination !== ""; // a script, a style: they need the page's headers
    return loads && answer.status === 200 && answer.type === "basic" ? withHeaders(answer, path) : answer;
  }
  // What isn't precached (the WebGPU build) is kept when it is first used, and what the browser lost comes again: as
  // the version's own build made it, or not at all. The site may have a newer one by now.
  return kept(file, address(path), cache);
}

/** @param {ShellFile} file @param {string} url @param {Cache} cache */
async function kept(file, url, cache) {
  const answer = await fetch(url, { cache: "no-cache" });
  if (answer.status !== 200) return answer;
  const body = await answer.arrayBuffer();
  if ((await sha256Of(body)) !== file.sha256) return Response.error();
  const full = withHeaders(new Response(body, { headers: answer.headers }), file.url, file.sha256);
  await cache.put(url, full.clone()).catch(() => undefined);
  return full;
}

/** @type {Map<string, Promise<Map<string, ShellFile> | null>>} */
const listings = new Map();

/** What belongs to a version's shell; null where an earlier kind of worker kept no list. @param {string} version @param {Cache} cache */
function listing(version, cache) {
  const known = listings.get(version) ?? cache.match(address(LISTING)).then(async (answer) => {
    if (!answer) return null;
    const { files, later = [] } = await answer.json();
    return new Map([...files, ...later].map((/** @type {ShellFile} */ file) => [file.url, file]));
  });
  listings.set(version, known);
  return known;
}

/**
 * The list of models, which the engine's start waits for: the newest, or the one kept here where that doesn't come at
 * once. Then the newest is kept behind it, for an engine that asks again. Where none is kept it is the newest, or
 * without a network that of the version.
 *
 * @param {FetchEvent} event
 */
async function registry(event) {
  const cache = await caches.open(LISTS);
  const kept = await cache.match(event.request.url);
  const fresh = newest(event.request, cache);
  if (!kept) {
    return fresh.catch(async (error) => {
      const own = await ownList(event);
      if (own.ok) return own;
      throw error;
    });
  }
  const came = fresh.catch(() => undefined);
  event.waitUntil(came);
  const first = await Promise.race([came, new Promise((resolve) => setTimeout(resolve, REGISTRY_PATIENCE_MS))]);
  if (first?.ok) return first;
  const headers = new Headers(kept.headers);
  headers.set(KEPT, "1");
  return new Response(kept.body, { headers });
}

/** @param {Request} request @param {Cache} cache */
async function newest(request, cache) {
  const answer = await fetch(request);
  // A page that a network puts in a site's place isn't kept, such as one to sign in with.
  const isJson = answer.status === 200 && (await answer.clone().json().then(() => true, () => false));
  if (isJson) await cache.put(request.url, answer.clone()).catch(() => undefined);
  return answer;
}

/** The newest manifest, or within four seconds the one kept here. @param {Request} request */
async function list(request) {
  const cache = await caches.open(LISTS);
  const fresh = newest(request, cache);
  const kept = await cache.match(request.url);
  if (!kept) return fresh;
  const patience = new Promise((resolve) => setTimeout(resolve, LIST_PATIENCE_MS, kept));
  const first = await Promise.race([fresh.catch(() => kept), patience]);
  return first.ok ? first : kept;
}

/** @param {FetchEvent} event */
async function ownList(event) {
  const cache = await caches.open(SHELLS + (await versionOf(event.clientId)));
  return (await cache.match(address(REGISTRY))) ?? new Response("", { status: 404 });
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
