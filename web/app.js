/**
 * Starts the page: MicroPython, the modules of ui/, then `ui.main.make(bridge)` and `ui.main.start()`.
 *
 * The page is readable before this runs. Everything that decides anything is in ui/*.py.
 */
import { openChats } from "./bridge/page/chats.js";
import * as device from "./bridge/page/device.js";
import { beginEngine, spawnEngine } from "./bridge/page/engine.js";
import * as keys from "./bridge/page/keys.js";
import * as locks from "./bridge/page/locks.js";
import * as shell from "./bridge/page/shell.js";
import { answerOf } from "./bridge/page/thoughts.js";

const MODULES = ["words/strings_chats", "words/strings_engine", "words/strings_models", "words/strings", "words/i18n", "words/formatting", "base/json_text",
  "engine/messages", "chats/conversation", "engine/view_state", "engine/reducer", "engine/client", "base/store", "chats/rows", "chats/database",
  "chats/old_chats", "chats/drafts", "chats/chats", "chats/keeping", "base/dom", "base/frames", "asking/agents", "answers/why_view",
  "answers/answer_view", "answers/following", "answers/log_view", "status/loading_view", "asking/anticipation", "asking/composer",
  "asking/agent_picker", "status/status_view", "status/hydration_view", "status/tongues", "status/welcome_view", "status/notices_view",
  "settings/dialogs", "settings/engine_settings", "settings/models_settings", "asking/corrections", "app", "main"];
/** What few visits need comes when it is asked for: `bridge.bring(name)`. */
const LATER = {
  panel: ["panel/model", "panel/machine", "panel/parts", "panel/measures", "panel/compute", "panel/log", "panel/panel"],
  run: ["answers/sandbox", "answers/code_run"],
  coded: ["workshop/run", "workshop/answers"],
  workshop: ["workshop/strings", "workshop/model", "workshop/code_box", "workshop/form", "workshop/trial", "workshop/workshop"],
};
const HEAP_BYTES = 2 * 1024 * 1024; // larger ones make each collection longer
const root = document.documentElement;

/** What the person chose at an earlier visit; ui/base/store.py keeps it. @returns {{language?: string, theme?: string, enter?: string}} */
function preferences() {
  try { return JSON.parse(localStorage.getItem("orion.preferences") ?? "{}") ?? {}; } catch { return {}; }
}

/**
 * On a page that will neither be reloaded nor wait for its shell the engine needn't wait for this page's Python, which
 * wrote at the last visit whether the model may be begun with, too.
 */
function beginEarly() {
  if (!globalThis.crossOriginIsolated || !navigator.serviceWorker?.controller) return;
  let ahead = false;
  try { ahead = localStorage.getItem("orion.ahead") === "yes"; } catch { /* refused: nothing is known */ }
  try { beginEngine(ahead); } catch { /* ui/ finds out, and says so */ }
}

/** The static words are there in both languages; the person's own choice is known only to ui/. */
function speak() {
  const { language: chosen, theme } = preferences();
  const tags = chosen ? [chosen] : navigator.languages ?? [navigator.language];
  const known = tags.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === "fr" || tag === "en");
  root.lang = known ?? "en";
  root.dataset.theme = theme ?? "auto";
}

/**
 * What a person does before ui/ is up isn't lost: the first message sent, by key, button or starter.
 * `taken` ends the watch and says what it was: a starter's words, "" for what stands in the box, or null.
 */
function watchEarly() {
  /** @type {string | null} */
  let early = null;
  const watch = new AbortController();
  const options = { capture: true, signal: watch.signal };
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const what = target.id === "message" ? keys.messageKey(event, preferences().enter) : "";
    if (what) event.preventDefault();
    if (what === "send") early = "";
  }, options);
  document.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const words = target.closest(".starter")?.querySelector(`[lang=${root.lang}]`);
    if (words) early = words.textContent;
    else if (target.closest("#send")) early = "";
  }, options);
  return { taken: () => { watch.abort(); return early; } };
}

/** @param {string} which the id of a static message */
function fail(which) {
  root.dataset.engine = "failed";
  const message = document.getElementById(which);
  if (message) message.hidden = false;
}

/** Lets the browser draw and react between two pieces of work. */
const breathe = () => new Promise((resolve) => setTimeout(resolve));

/** @param {string} name */
async function source(name) {
  const answer = await fetch(new URL(`ui/${name}.py`, import.meta.url));
  if (!answer.ok) throw new Error(`ui/${name}.py: ${answer.status}`);
  return answer.text();
}

/**
 * MODULES as the build compiled them (build_support/page_python.py says how): their bytes in this order, and for
 * which version of the bytecode. Null where there are none: then the sources do.
 *
 * @returns {Promise<{mpy: number, parts: Uint8Array[]} | null>}
 */
async function compiled() {
  try {
    const answer = await fetch(new URL("ui/compiled.bin", import.meta.url));
    if (!answer.ok) return null;
    const whole = await answer.arrayBuffer();
    const text = new TextDecoder();
    const start = 12 + new DataView(whole).getUint32(8, true);
    if (text.decode(new Uint8Array(whole, 0, 8)) !== "ORIONMPY") return null;
    const { mpy, modules } = JSON.parse(text.decode(new Uint8Array(whole, 12, start - 12)));
    const parts = MODULES.map((name) => {
      const [, offset, length] = modules.find((/** @type {[string, number, number]} */ [each]) => each === name);
      return new Uint8Array(whole, start + offset, length);
    });
    return { mpy, parts };
  } catch {
    return null;
  }
}

/**
 * Writes modules of ui/ for `python` and imports them, one a task. Its folders need no __init__.py: those hold a sentence
 * for who reads them, and aren't part of the page.
 *
 * @param {any} python
 * @param {string[]} names
 * @param {(Promise<string> | Uint8Array)[]} sources or what the build made of them
 */
async function bringIn(python, names, sources) {
  for (const [index, content] of sources.entries()) {
    const path = `/lib/ui/${names[index]}`;
    python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    python.FS.writeFile(`${path}.${content instanceof Uint8Array ? "mpy" : "py"}`, await content);
  }
  for (const name of names) {
    await breathe();
    python.pyimport(`ui.${name.replaceAll("/", ".")}`);
  }
}

async function start() {
  speak();
  const { taken } = watchEarly();
  if (typeof WebAssembly !== "object") return fail("no-wasm");
  beginEarly();
  const ready = compiled();
  const markdown = import("./bridge/page/markdown.js");
  markdown.catch(() => undefined);
  await import("./vendor/micropython/micropython.mjs");
  const python = await /** @type {any} */ (globalThis).loadMicroPython({
    heapsize: HEAP_BYTES,
    url: new URL("vendor/micropython/micropython.wasm", import.meta.url).href,
  });
  const made = await ready;
  const { implementation } = python.pyimport("sys");
  const sources = made && made.mpy === (implementation._mpy & 255) ? made.parts : MODULES.map(source);
  // All that the page itself needs is here, and its modules take a while: the line goes to what the engine needs.
  void Promise.allSettled([...sources, markdown]).then(() => shell.enroll().catch(() => undefined));
  await bringIn(python, MODULES, sources);
  /** @type {Map<string, Promise<void>>} */
  const brought = new Map();
  /** @param {keyof typeof LATER} name */
  const bring = (name) => {
    const names = LATER[name];
    const coming = brought.get(name) ?? bringIn(python, names, names.map(source));
    brought.set(name, coming);
    coming.catch(() => brought.delete(name)); // the network may be back next time
    return coming;
  };
  /** @param {keyof typeof LATER} name */
  const has = (name) => LATER[name].length > 0;
  /** @param {(text: string) => void} onText */
  const openRunner = async (onText) => (await import("./sandbox/page-runner.js")).openRunner(onText);
  /** @param {HTMLElement} place @param {string} label @param {boolean} dark @param {(text: string) => void} onText */
  const openEditor = async (place, label, dark, onText) =>
    (await import("./workshop/page-editor.js")).openEditor(place, label, dark, onText);
  const bridge = { ...device, ...shell, ...locks, ...keys, answerOf, openChats, spawnEngine, markdown, taken, bring, has, openRunner, openEditor, charts: () => import("./bridge/page/charts.js") };
  await breathe();
  python.globals.set("bridge", bridge);
  python.runPython("import ui.main\nui.main.make(bridge)");
  await breathe();
  python.runPython("ui.main.start()");
}

start().catch((error) => {
  console.error(error);
  fail("no-page");
});
