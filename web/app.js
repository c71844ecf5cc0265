/**
 * Starts the page: MicroPython, the modules of ui/, then `ui.main.make(bridge)`, `ui.main.speak()` and `ui.main.start()`.
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
  "answers/answer_view", "answers/following", "answers/log_view", "status/loading_view", "asking/anticipation", "asking/resting_caret", "asking/composer",
  "asking/agent_picker", "status/status_view", "status/hydration_view", "status/tongues", "status/welcome_view", "status/notices_view",
  "settings/dialogs", "settings/engine_settings", "settings/models_settings", "asking/corrections", "app", "main"];
/** What few visits need comes when it is asked for: `bridge.bring(name)`. */
const LATER = {
  panel: ["panel/model", "panel/machine", "panel/parts", "panel/measures", "panel/compute", "panel/log", "panel/panel"],
  run: ["answers/sandbox", "answers/code_run"],
  coded: ["workshop/run", "workshop/answers"],
  workshop: ["workshop/strings", "workshop/model", "workshop/code_box", "workshop/form", "workshop/trial", "workshop/workshop"],
};
/** What draws an answer: its libraries, and last itself. */
const MARKDOWN = ["./vendor/marked/marked.mjs", "./vendor/dompurify/purify.mjs", "./vendor/highlight/highlight.mjs", "./bridge/page/markdown.js"];
const HEAP_BYTES = 2 * 1024 * 1024; // larger ones make each collection longer
const root = document.documentElement;

/** What the person chose at an earlier visit; ui/base/store.py keeps it. @returns {{language?: string, theme?: string, enter?: string}} */
function preferences() {
  try { return JSON.parse(localStorage.getItem("orion.preferences") ?? "{}") ?? {}; } catch { return {}; }
}

/**
 * On a page that will not be reloaded the engine needn't wait for this page's Python, which wrote at the last visit
 * whether the model may be begun with, too. Called again it does nothing.
 */
function beginEarly() {
  if (!globalThis.crossOriginIsolated) return;
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

/**
 * Asks for all at once, and runs each library in a task of its own. Whoever imports them all runs them in one.
 */
async function bringMarkdown() {
  for (const url of MARKDOWN) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = new URL(url, import.meta.url).href;
    document.head.append(link);
  }
  for (const url of MARKDOWN.slice(0, -1)) {
    await import(url);
    await breathe();
  }
  return import("./bridge/page/markdown.js");
}

/** @param {string} name */
async function source(name) {
  const answer = await fetch(new URL(`ui/${name}.py`, import.meta.url));
  if (!answer.ok) throw new Error(`ui/${name}.py: ${answer.status}`);
  return answer.text();
}

/** @typedef {{mpy: number, parts: Map<string, Uint8Array>}} Compiled for which version of the bytecode, and the modules' bytes */

/**
 * Modules of ui/ as the build compiled them (build_support/page_python.py says how). Null where there are none: then
 * the sources do.
 *
 * @param {string} file below ui/
 * @returns {Promise<Compiled | null>}
 */
async function compiled(file) {
  try {
    const answer = await fetch(new URL(`ui/${file}`, import.meta.url));
    if (!answer.ok) return null;
    const whole = await answer.arrayBuffer();
    const text = new TextDecoder();
    const start = 12 + new DataView(whole).getUint32(8, true);
    if (text.decode(new Uint8Array(whole, 0, 8)) !== "ORIONMPY") return null;
    const { mpy, modules } = JSON.parse(text.decode(new Uint8Array(whole, 12, start - 12)));
    const parts = modules.map((/** @type {[string, number, number]} */ [name, offset, length]) =>
      [name, new Uint8Array(whole, start + offset, length)]);
    return { mpy, parts: new Map(parts) };
  } catch {
    return null;
  }
}

/**
 * What `python` imports these modules from: what the build made of them, if all are there for its version, else their
 * sources.
 *
 * @param {any} python
 * @param {Compiled | null} made
 * @param {string[]} names
 * @returns {(Promise<string> | Uint8Array)[]}
 */
function contents(python, made, names) {
  const { implementation } = python.pyimport("sys");
  const parts = names.map((name) => made?.parts.get(name));
  return made?.mpy === (implementation._mpy & 255) && parts.every(Boolean)
    ? /** @type {Uint8Array[]} */ (parts) : names.map(source);
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
  if (navigator.serviceWorker?.controller) beginEarly(); // what it fetches is here
  const ready = compiled("compiled.bin");
  const markdown = bringMarkdown();
  markdown.catch(() => undefined);
  await import("./vendor/micropython/micropython.mjs");
  const python = await /** @type {any} */ (globalThis).loadMicroPython({
    heapsize: HEAP_BYTES,
    url: new URL("vendor/micropython/micropython.wasm", import.meta.url).href,
  });
  const sources = contents(python, await ready, MODULES);
  // All that the page itself needs is here, and its modules take a while: the line goes to what the engine needs.
  void Promise.allSettled([...sources, markdown]).then(() => {
    beginEarly();
    shell.enroll().catch(() => undefined);
  });
  await bringIn(python, MODULES, sources);
  /** @type {Map<string, Promise<void>>} */
  const brought = new Map();
  /** @type {Promise<Compiled | null> | null} */
  let more = null;
  /** @param {string[]} names */
  const bringLater = async (names) => {
    more ??= compiled("later.bin").then((made) => made ?? (more = null));
    await bringIn(python, names, contents(python, await more, names));
    await breathe(); // who waits for them begins a task
  };
  /** @param {keyof typeof LATER} name */
  const bring = (name) => {
    const coming = brought.get(name) ?? bringLater(LATER[name]);
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
  for (const step of ["speak", "start"]) {
    await breathe();
    python.runPython(`ui.main.${step}()`);
  }
}

start().catch((error) => {
  console.error(error);
  fail("no-page");
});
