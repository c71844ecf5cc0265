/**
 * Asks the browser what the page needs besides the DOM. Answers are JSON text or booleans:
 * MicroPython's numbers from JavaScript hold 32 bits, and a storage quota needs more.
 */

export { newId } from "../shared/ids.js";

/** @returns {string} JSON: what this browser can do */
export function abilities() {
  return JSON.stringify({
    moduleWorkers: typeof Worker !== "undefined",
    languages: navigator.languages ?? [navigator.language],
    saveData: /** @type {any} */ (navigator).connection?.saveData === true,
    online: navigator.onLine,
  });
}

/** Can a database really be opened? Private windows have the API and refuse. @returns {Promise<boolean>} */
export function databaseWorks() {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open("orion-probe", 1);
      request.onerror = () => resolve(false);
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase("orion-probe");
        resolve(true);
      };
    } catch {
      resolve(false);
    }
  });
}

/** @returns {Promise<string>} JSON: {usage, quota, persisted}, null where the browser doesn't say */
export async function storageEstimate() {
  const storage = navigator.storage;
  const estimate = await storage?.estimate?.().catch(() => null);
  const persisted = await storage?.persisted?.().catch(() => null);
  return JSON.stringify({ usage: estimate?.usage ?? null, quota: estimate?.quota ?? null, persisted: persisted ?? null });
}

/** @returns {Promise<boolean>} */
export async function persist() {
  return (await navigator.storage?.persist?.().catch(() => false)) ?? false;
}

/** localStorage, which all tabs share, or null where the browser refuses it. */
export const localBacking = () => backing(() => localStorage);

/** sessionStorage, which outlives a reload of its tab, or null where the browser refuses it. */
export const sessionBacking = () => backing(() => sessionStorage);

/** @param {() => Storage} find */
function backing(find) {
  /** @type {Storage} */
  let storage;
  try {
    storage = find();
    storage.setItem("orion.probe", "1");
    storage.removeItem("orion.probe");
  } catch {
    return null;
  }
  return {
    /** @param {string} key */
    get: (key) => storage.getItem(key),
    /** @param {string} key @param {string} text */
    set: (key, text) => { try { storage.setItem(key, text); return true; } catch { return false; } },
    /** @param {string} key */
    remove: (key) => storage.removeItem(key),
    /** @returns {string} JSON list */
    keys: () => JSON.stringify(Object.keys(storage)),
  };
}

/**
 * How many characters of a box the engine has to read, as it counts them. Where that is far more than `most`
 * only the length is given: a text of millions isn't worth the work.
 *
 * @param {HTMLTextAreaElement} box
 * @param {number} most
 */
export function messageLength(box, most) {
  if (box.textLength <= most || box.textLength > 8 * most) return box.textLength;
  return [...box.value.normalize("NFC").replace(/^\n+/, "").trimEnd()].length;
}

/** @param {string} text @returns {Promise<boolean>} */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text); // a page served over plain http has no clipboard but this one
  }
}

/** @param {string} text @returns {boolean} */
function copySelected(text) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true; // no keyboard comes up on a phone
  area.tabIndex = -1;
  area.style.position = "fixed";
  area.style.opacity = "0";
  (before?.closest("dialog") ?? document.body).append(area); // outside of an open dialog nothing takes the focus
  try {
    area.focus({ preventScroll: true });
    area.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    before?.focus({ preventScroll: true });
  }
}

/** @param {string} name @param {string | Blob} content @param {string} [type] of a text */
export function saveFile(name, content, type = "application/json") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Scrolls no further than it takes to see all of `node`. @param {Element} node */
export const reveal = (node) => node.scrollIntoView({ block: "nearest" });

/** A lone half of a surrogate pair has no UTF-8 form. @param {string} text */
export const wellFormed = (text) => (/** @type {any} */ (text).toWellFormed?.() ?? text);

/** Whether the person pressed something a moment ago: only then browsers open their dialog for files. */
export const wasPressed = () => navigator.userActivation?.isActive ?? false;
export const now = () => performance.now() + 0.0001;
export const timestamp = () => new Date().toISOString();

/**
 * A moment as the person's own clock and calendar have it.
 * @param {string} stamp as `timestamp` writes it @param {string} language @returns {string} "" for what is no time
 */
export function localTime(stamp, language) {
  const moment = new Date(stamp);
  if (Number.isNaN(moment.getTime())) return "";
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(moment);
}
