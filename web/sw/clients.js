/**
 * Records, for sw.js, which version each client was opened with, and so which shells are still needed.
 */
/// <reference lib="webworker" />
const CLIENTS = `${PREFIX}clients`;
const CLIENTS_KEY = "clients.json";
const TIDY_MS = 100;

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

async function activate() {
  const noted = await notes;
  const others = (await shells()).filter((version) => version !== VERSION);
  const before = noted.active || (others.length === 1 ? others[0] : "");
  // Clients that are open by now were served by the worker before this one.
  for (const { id } of before ? await worker.clients.matchAll({ type: "all" }) : []) noted.clients[id] ??= before;
  noted.active = VERSION;
  // The list kept for another version may lack what this one's build came with.
  if (before && before !== VERSION) await (await caches.open(LISTS)).delete(address(REGISTRY));
  haveNoted();
  await write();
  await tidy();
  await worker.clients.claim();
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
