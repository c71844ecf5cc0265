/**
 * Keeps the files that a person attaches: in this page's memory those that it shows or sends, in the database all.
 *
 * Files never enter the page's Python: it knows their ids (SHA-256 of their bytes) and what `prepare.js` found out.
 */

import { WorkerLink } from "../shared/worker-link.js";
import { keepFile, keptBytes, keptFile } from "./attachment-store.js";
import { saveFile } from "./device.js";
import { samplesOf } from "./recordings.js";

/** @typedef {{kind: "image" | "audio", blob: Blob, thumb: Blob | null, url?: string, thumbUrl?: string, samples?: Float32Array, fault?: string}} Here `fault`: why there are no samples */

/** @type {Map<string, Here>} */
const here = new Map();
const IDLE_MS = 20_000;

/** As a message to the engine's worker carries them; one that isn't here is left out. @param {string[]} ids */
export function filesFor(ids) {
  return ids.flatMap((id) => {
    const file = here.get(id);
    return file ? [{ id, blob: file.blob, ...(file.samples && { samples: file.samples }), ...(file.fault && { fault: file.fault }) }] : [];
  });
}

/** @param {Blob} blob @returns {Promise<string>} */
function dataUrl(blob) {
  const reader = new FileReader();
  return new Promise((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** @param {string} id @returns {Promise<Here | null>} from memory, else from the database */
async function find(id) {
  const kept = here.get(id) ?? (await keptFile(id).catch(() => null));
  if (kept && !here.has(id)) here.set(id, kept);
  return here.get(id) ?? null;
}

/**
 * @param {(text: string) => void} tell called with JSON:
 *   {what: "coming", call, name}                     a file is being examined
 *   {what: "ready", call, name, id, kind, size, …}   it can be attached: prepare.js says what is known of it
 *   {what: "refused", call, name, fault, …}
 *   {what: "gathered", ids, missing}                 these are in memory now, or can't be found
 *   {what: "trouble", why}                           "quota" or "unavailable": a file is in this page's memory alone
 *   {what: "over", over}                             files are dragged over the page, or no longer
 *   {what: "address"}                                an address was dropped, without a file
 *   {what: "bytes", bytes}                           what all files in the database take
 */
export function openAttachments(tell) {
  /** @type {WorkerLink | null} */
  let worker = null;
  let idle = 0;
  let calls = 0;
  /** @type {Map<number, string>} names of files that are being examined */
  const open = new Map();
  const say = (/** @type {object} */ message) => tell(JSON.stringify(message));

  /** @param {number} call @param {any} result */
  function ended(call, { blob, thumb = null, ...found }) {
    const name = open.get(call);
    if (!open.delete(call)) return;
    if (found.fault) return say({ what: "refused", call, name, ...found });
    if (!here.has(found.id)) here.set(found.id, { kind: found.kind, blob, thumb });
    say({ what: "ready", call, name, ...found });
  }

  function end() {
    worker?.end();
    worker = null;
    for (const call of [...open.keys()]) ended(call, { fault: "broken" }); // what it was examining ended it
  }

  function examiner() {
    if (worker) return worker;
    const made = worker = new WorkerLink(new URL("../../workers/pictures.js", import.meta.url), "pictures");
    made.listen(({ call, ...result }) => {
      if (call !== undefined) ended(call, result);
      clearTimeout(idle);
      idle = setTimeout(() => { if (worker === made && !open.size) end(); }, IDLE_MS);
    }, end);
    return made;
  }

  /** @param {Iterable<File>} files */
  function take(files) {
    for (const file of files) {
      const call = ++calls;
      open.set(call, file.name);
      say({ what: "coming", call, name: file.name });
      examiner().post({ call, file });
    }
  }

  listen(take, (over) => say({ what: "over", over }), () => say({ what: "address" }));

  return {
    /** Opens the system's dialog to choose files. @param {HTMLInputElement} input @param {string} accept */
    choose(input, accept) {
      input.accept = accept;
      input.onchange = () => {
        take([...(input.files ?? [])]);
        input.value = "";
      };
      input.click();
    },
    /** @param {string} ids JSON: what the database is to keep */
    async keep(ids) {
      for (const id of JSON.parse(ids)) {
        const file = here.get(id);
        if (file) await keepFile(id, file).catch((error) => say({ what: "trouble", why: error?.name === "QuotaExceededError" ? "quota" : "unavailable" }));
      }
    },
    /** Brings files into memory, recordings decoded. @param {string} ids JSON */
    async gather(ids) {
      /** @type {string[]} */
      const wanted = JSON.parse(ids);
      const missing = [];
      for (const id of wanted) {
        const file = await find(id);
        if (!file) missing.push(id);
        else if (file.kind === "audio") file.samples ??= await samplesOf(file.blob).catch(({ code }) => { file.fault = code; return undefined; });
      }
      say({ what: "gathered", ids: wanted, missing });
    },
    /** Shows a picture in `image`, its thumbnail or all of it; one that is gone gets the attribute data-gone. @param {HTMLImageElement} image @param {string} id @param {boolean} whole */
    async show(image, id, whole) {
      const file = await find(id);
      if (!file || (!whole && !file.thumb)) {
        image.dataset.gone = "";
        return;
      }
      if (whole) image.src = file.url ??= URL.createObjectURL(file.blob);
      else image.src = file.thumbUrl ??= URL.createObjectURL(/** @type {Blob} */ (file.thumb));
    },
    /** Nothing names them any more. @param {string} ids JSON */
    forget(ids) {
      for (const id of JSON.parse(ids)) {
        const file = here.get(id);
        here.delete(id);
        for (const url of [file?.url, file?.thumbUrl]) if (url) URL.revokeObjectURL(url);
      }
    },
    /**
     * Saves a conversation with its files, as data URLs by their ids. @param {string} name @param {string} text JSON, as
     * `Conversation.dump` writes it
     */
    async export(name, text) {
      const chat = JSON.parse(text);
      /** Blobs: together the files may be longer than a string can be. @type {Blob[]} */
      const files = [];
      for (const id of new Set(chat.turns.flatMap((/** @type {{files?: string[]}} */ turn) => turn.files ?? []))) {
        const file = here.get(id) ?? (await keptFile(id).catch(() => null));
        if (file) files.push(new Blob([files.length ? "," : "", JSON.stringify(id), ":", JSON.stringify(await dataUrl(file.blob))]));
      }
      saveFile(name, new Blob([JSON.stringify(chat).slice(0, -1), ',"files":{', ...files, "}}"]));
    },
    async count() {
      say({ what: "bytes", bytes: await keptBytes().catch(() => 0) });
    },
  };
}

/**
 * Hears what is pasted and dropped. A file or an address that is dropped beside the page's own place would replace the page.
 *
 * @param {(files: File[]) => void} take
 * @param {(over: boolean) => void} over
 * @param {() => void} address
 */
function listen(take, over, address) {
  const files = (/** @type {DataTransfer | null} */ data) => data?.types.includes("Files") ?? false;
  const inDialog = () => document.querySelector("dialog[open]") !== null;
  const isAddress = (/** @type {DragEvent} */ { dataTransfer, target }) =>
    (dataTransfer?.types.includes("text/uri-list") ?? false) && !(target instanceof Element && target.closest("textarea, input")); // there it is text
  let inside = false;
  const enter = (/** @type {boolean} */ now) => { if (inside !== now) over(inside = now); };
  addEventListener("paste", (event) => {
    const data = event.clipboardData;
    if (!data || !files(data) || data.types.includes("text/plain") || inDialog()) return; // words with a picture of them are words
    event.preventDefault();
    take([...data.files]);
  });
  addEventListener("dragover", (event) => {
    if (isAddress(event)) event.preventDefault();
    if (!files(event.dataTransfer)) return;
    event.preventDefault();
    enter(!inDialog());
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) enter(false); });
  addEventListener("drop", (event) => {
    enter(false);
    if (!files(event.dataTransfer)) {
      if (!isAddress(event)) return;
      event.preventDefault();
      if (!inDialog()) address();
      return;
    }
    event.preventDefault();
    if (!inDialog()) take([...(event.dataTransfer?.files ?? [])]);
  });
}
