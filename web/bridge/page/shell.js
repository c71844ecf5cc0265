/**
 * Handles the service worker for the page: first install, isolation, new versions, offline.
 *
 * On a plain static server the headers that give a page threads (COOP and COEP) can only come
 * from the service worker. So a first visit waits until the shell is on the device and the
 * worker controls the page, then reloads once. Whatever fails, the page goes on.
 */

const RELOADED = "orion.isolation-reload";
const RESUME = "orion.resume";
const ATTEMPTS = 4;
const RETRY_MS = 1500;

/** @type {Promise<void> | null} */
let installing = null;

/**
 * @typedef {object} Shell
 * @property {boolean} isolated  threads are available
 * @property {boolean} installed a service worker controls the page: it works offline
 */

/** @returns {Storage | null} */
function session() {
  try {
    sessionStorage.setItem("orion.probe", "1");
    sessionStorage.removeItem("orion.probe");
    return sessionStorage;
  } catch {
    return null;
  }
}

/** Was this page reloaded by `settle` a moment ago? Answers yes once. */
export function resumed() {
  const memory = session();
  const yes = memory?.getItem(RESUME) === "yes";
  memory?.removeItem(RESUME);
  return yes;
}

/**
 * Has the shell put on the device, once: `settle` joins what the page began before it. Rejects where
 * that fails.
 * @param {ServiceWorkerContainer | undefined} [workers]
 */
export function enroll(workers = globalThis.isSecureContext ? navigator.serviceWorker : undefined) {
  installing ??= workers ? install(workers) : Promise.reject(new Error("no service workers here"));
  return installing;
}

/**
 * Resolves once the engine may start. Where a reload is needed and possible it never resolves:
 * the page goes away. A page that stays without isolation after its reload isn't reloaded again
 * in this session; one that had it and lost it (a forced reload) is.
 * @param {(done: number, total: number, file: string) => void} onInstall bytes of the shell
 * @param {() => void} onReload called just before the one reload
 * @returns {Promise<Shell>}
 */
export async function settle(onInstall, onReload) {
  const memory = session();
  const reloaded = memory?.getItem(RELOADED) === "done";
  const isolated = globalThis.crossOriginIsolated === true;
  if (isolated) memory?.removeItem(RELOADED);
  const workers = navigator.serviceWorker;
  if (!workers || !globalThis.isSecureContext) return { isolated, installed: false };

  workers.addEventListener("message", (event) => {
    const note = event.data;
    if (note && note.type === "install") onInstall(note.done, note.total, note.file);
  });
  const ready = enroll(workers);
  if (isolated || (workers.controller && reloaded)) {
    ready.catch(() => undefined);
    return { isolated, installed: true };
  }
  const installed = await ready.then(() => true, () => false);
  if (!installed || !memory || reloaded) return { isolated, installed: Boolean(workers.controller) };
  memory.setItem(RELOADED, "done");
  memory.setItem(RESUME, "yes");
  onReload();
  location.reload();
  return new Promise(() => undefined);
}

/**
 * Registers the worker and waits until it controls the page. An install that breaks off is tried
 * again: it goes on where it stopped.
 * @param {ServiceWorkerContainer} workers
 */
async function install(workers) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const registration = await workers.register("sw.js", { updateViaCache: "none" });
      if (!registration.active) await outcome(registration.installing ?? registration.waiting);
      await controller(workers);
      return;
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt));
    }
  }
}

/** @param {ServiceWorker | null} worker @returns {Promise<void>} */
function outcome(worker) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!worker || worker.state === "activated") resolve();
      else if (worker.state === "redundant") reject(new Error("install failed"));
    };
    worker?.addEventListener("statechange", look);
    look();
  });
}

/** @param {ServiceWorkerContainer} workers @returns {Promise<void>} */
function controller(workers) {
  if (workers.controller) return Promise.resolve();
  return new Promise((resolve) => {
    // A forced reload leaves the page without a controller although one is active.
    const late = setTimeout(resolve, 1000);
    workers.addEventListener("controllerchange", () => { clearTimeout(late); resolve(); }, { once: true });
  });
}

/**
 * Calls `onWaiting` when a newer shell is installed and waits for its turn.
 * @param {() => void} onWaiting
 */
export async function watchUpdates(onWaiting) {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined); // refused
  if (!registration) return;
  const look = () => { if (registration.waiting && navigator.serviceWorker.controller) onWaiting(); };
  const follow = () => registration.installing?.addEventListener("statechange", look);
  registration.addEventListener("updatefound", follow);
  // Another tab had the new version take over: this page stays what it is, until it is loaded again.
  if (navigator.serviceWorker.controller) navigator.serviceWorker.addEventListener("controllerchange", onWaiting);
  follow(); // one that was found before anybody listened
  look();
}

/** The waiting shell takes over, then the page reloads. */
export async function applyUpdate() {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const waiting = registration?.waiting;
  if (!waiting) { location.reload(); return; }
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage({ type: "activate" });
}
