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
worker.importScripts(`sw-builds.js?${VERSION}`); // by version: a browser's cache may have another one's
const SCOPE = new URL("./", worker.location.href);
const PREFIX = `orion:${SCOPE.pathname}:`;
const SHELLS = `${PREFIX}shell:`;
const SHELL = `${SHELLS}${VERSION}`;
const CLIENTS = `${PREFIX}clients`;
const CLIENTS_KEY = "clients.json";
const LISTING = "precache.json";
const LISTS = `${PREFIX}lists`;
const HASH = "X-Orion-Sha256";
const AT_ONCE = 4;
const TRIES = 3;
const LIST_PATIENCE_MS = 4000;
const REGISTRY = "models.json";
/** Python boots for longer: so far the engine's start doesn't wait for the list. */
const REGISTRY_PATIENCE_MS = 600;
/** On a list that is kept here: whether there is a newer one isn't known yet. */
const KEPT = "X-Orion-Kept";
/** What an engine asks for that can't read a newer models.json: the one of its own version. */
const OWN_LIST = "own-models.json";
const TIDY_MS = 100;
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; frame-src 'self'; manifest-src 'self'; " +
  "object-src 'none'; base-uri 'none'; form-action 'none'";

/** Documents of the sandbox, which say their own policy: no part of the page, and stricter in what they may reach. */
const OWN_POLICY = /^(?:sandbox|workshop)\/host\.html$/;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("message", (event) => {
  if (event.data?.type === "activate") worker.skipWaiting();
  if (event.data?.type === "version") {
    const asking = /** @type {Client | null} */ (event.source);
    // A page is told of this worker before the worker has noted which version the page is of.
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

// Answers

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
  // A worker is a client of its own, and of the version of whoever made it.
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

// Life

/** @typedef {{url: string, part: number, size: number, sha256: string}} ShellFile */

/** @param {ArrayBuffer} body */
async function sha256Of(body) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The files in their order, and none of a part before the last byte of the parts in front of it: on a
 * slow line the engine's Python boots from the first while the next arrives.
 */
async function install() {
  const answer = await fetch(address(LISTING), { cache: "no-store" });
  if (!answer.ok) throw new Error(`precache.json: ${answer.status}`);
  /** @type {{version: string, files: ShellFile[], later?: ShellFile[]}} */
  const { version, files: listed, later: lazy = [] } = await answer.json();
  const { files, later } = forThisBrowser(listed, lazy);
  if (version !== VERSION) throw new Error("The site is being updated; the next visit installs it.");
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  let told = 0;
  const cache = await caches.open(SHELL);
  const others = await Promise.all((await caches.keys())
    .filter((name) => name.startsWith(SHELLS) && name !== SHELL).map((name) => caches.open(name)));

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
  await cache.put(address(LISTING), new Response(JSON.stringify({ version, files, later })));
  const wanted = new Set([{ url: LISTING }, ...files, ...later].map((file) => address(file.url)));
  for (const file of later) await carryOver(file, cache, others); // no bytes move for what was used before
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

/** @param {ShellFile} file @param {Cache} cache @param {Cache[]} others */
async function carryOver(file, cache, others) {
  const url = address(file.url);
  if ((await cache.match(url))?.headers.get(HASH) === file.sha256) return;
  await cache.delete(url);
  for (const place of others) {
    const held = await place.match(url);
    if (held?.headers.get(HASH) === file.sha256) return void (await cache.put(url, held));
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
  const sha256 = await sha256Of(body);
  if (sha256 !== file.sha256) throw new Error(`${file.url} isn't the file that the build made`);
  await cache.put(url, withHeaders(new Response(body, { headers: answer.headers }), file.url, sha256));
}

/** @param {object} note */
async function tell(note) {
  for (const client of await worker.clients.matchAll({ includeUncontrolled: true, type: "window" })) client.postMessage(note);
}

async function activate() {
  const noted = await notes;
  const others = (await shells()).filter((version) => version !== VERSION);
  const before = noted.active || (others.length === 1 ? others[0] : "");
  // Whoever is open by now was served by the worker before this one.
  for (const { id } of before ? await worker.clients.matchAll({ type: "all" }) : []) noted.clients[id] ??= before;
  noted.active = VERSION;
  // The list kept for another version may lack what this one's build came with.
  if (before && before !== VERSION) await (await caches.open(LISTS)).delete(address(REGISTRY));
  haveNoted();
  await write();
  await tidy();
  await worker.clients.claim();
}

// Clients and their versions

/**
 * @typedef {object} Notes kept, since a browser ends a worker whenever it likes
 * @property {string} active  the version that was activated last
 * @property {Record<string, string>} clients  which version a client was opened with, by its id
 */

/** @type {Promise<Notes>} */
const notes = (async () => {
  const kept = await (await caches.open(CLIENTS)).match(address(CLIENTS_KEY)).catch(() => undefined);
  const { active = "", clients = {} } = (await kept?.json().catch(() => undefined)) ?? {};
  return { active, clients };
})();

let haveNoted = () => {};
/** Once this worker, which takes over, has noted of which version the open pages are. @type {Promise<void>} */
const noting = new Promise((resolve) => { haveNoted = resolve; });

/** One after the other, the newest last. @type {Promise<unknown>} */
let writing = Promise.resolve();

function write() {
  writing = writing.then(async () => {
    const cache = await caches.open(CLIENTS);
    await cache.put(address(CLIENTS_KEY), new Response(JSON.stringify(await notes)));
  }).catch(() => undefined);
  return writing;
}

/** @param {string} id @param {string} version */
async function record(id, version) {
  if (!id) return;
  (await notes).clients[id] = version;
  await write();
}

/**
 * The version that a client was opened with. One that isn't known came after this worker was activated, and is of
 * its version; a worker whose browser doesn't say who made it is of the version that all open pages have, if
 * it is one.
 *
 * @param {string} id
 * @returns {Promise<string>}
 */
async function versionOf(id) {
  const { clients } = await notes;
  if (clients[id]) return clients[id];
  if (!id || Object.values(clients).every((version) => version === VERSION)) return VERSION;
  const client = await worker.clients.get(id);
  if (client?.type === "window") return VERSION;
  const pages = await worker.clients.matchAll({ includeUncontrolled: true, type: "window" });
  const versions = new Set(pages.map((page) => clients[page.id] ?? VERSION));
  return versions.size === 1 ? [...versions][0] : VERSION;
}

/** The versions whose shell is here, whole or in part. */
async function shells() {
  return (await caches.keys()).filter((name) => name.startsWith(SHELLS)).map((name) => name.slice(SHELLS.length));
}

/** Deletes the shells that no client is of any more, but for one that is being installed. */
async function tidy() {
  const noted = await notes;
  const open = new Set((await worker.clients.matchAll({ includeUncontrolled: true, type: "all" })).map(({ id }) => id));
  for (const id of Object.keys(noted.clients)) if (!open.has(id)) delete noted.clients[id];
  const used = new Set([VERSION, ...Object.values(noted.clients)]);
  if (worker.registration.installing || worker.registration.waiting) return write();
  for (const version of await shells()) {
    if (used.has(version)) continue;
    listings.delete(version);
    await caches.delete(SHELLS + version);
  }
  return write();
}

/** @type {Promise<unknown> | null} */
let tidying = null;
/** Until it is known that there is no other shell than this one's. */
let untidy = true;

/** Pages come and go; what the last page of a version leaves behind goes soon after. @param {ExtendableEvent} event */
function tidySoon(event) {
  if (!untidy || tidying) return;
  tidying = new Promise((resolve) => setTimeout(resolve, TIDY_MS)).then(async () => {
    if (worker.registration.active?.scriptURL && (await notes).active === VERSION) await tidy();
    untidy = (await shells()).length > 1;
  }).catch(() => undefined).finally(() => { tidying = null; });
  event.waitUntil(tidying);
}
