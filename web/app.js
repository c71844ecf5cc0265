/**
 * Starts the page: MicroPython, the modules of ui/, then `ui.main.make(bridge)`, `ui.main.speak()` and `ui.main.start()`.
 *
 * The page is readable before this runs. Everything that decides anything is in ui/*.py.
 */
import { openAttachments } from "./bridge/page/attachments.js";
import { openChats } from "./bridge/page/chats.js";
import * as device from "./bridge/page/device.js";
import { beginEngine, expectMessage, spawnEngine } from "./bridge/page/engine.js";
import * as keys from "./bridge/page/keys.js";
import * as locks from "./bridge/page/locks.js";
import * as shell from "./bridge/page/shell.js";
import { answerOf } from "./bridge/page/thoughts.js";

const MODULES = ["words/i18n", "words/formatting", "base/json_text",
  "engine/messages", "engine/scenes", "chats/conversation", "engine/view_state", "engine/parts", "engine/reducer", "engine/client", "base/store", "chats/rows", "chats/files", "chats/database",
  "chats/old_chats", "chats/drafts", "chats/chats", "chats/keeping", "base/dom", "base/frames", "asking/agents", "answers/why_view",
  "answers/reading_mark", "answers/transcripts_view", "answers/answer_view", "answers/following", "answers/log_view", "status/loading_view", "asking/anticipation", "asking/resting_caret", "asking/composer",
  "asking/agent_picker", "status/status_view", "status/upgrade_view", "status/tongues", "status/welcome_view", "status/notices_view",
  "base/sheet", "asking/thumbnails", "asking/attachments", "asking/record_button", "chats/chats_view", "settings/settings_view",
  "settings/engine_settings", "settings/models_settings", "aloud/choice", "settings/voice_settings", "asking/corrections", "asking/asking", "aloud/aloud", "aloud/hands_free_button", "answers/actions", "chats/shown", "extras",
  "settings/settings", "status/wanted", "status/installation", "views", "app", "main"];
/** What few visits need comes when it is asked for: `bridge.bring(name)`. */
const LATER = {
  listening: ["asking/listening", "asking/recorder"],
  panel: ["panel/model", "panel/machine", "panel/parts", "panel/measures", "panel/compute", "panel/log", "panel/panel"],
  aloud: ["aloud/formulas", "aloud/language", "aloud/marks", "aloud/sentences", "aloud/speakable", "aloud/browser_voice", "aloud/buffering", "aloud/casting", "aloud/orion_voice", "aloud/reader"],
  hands_free: ["aloud/stop_words", "aloud/hands_free"],
  found: ["answers/found_view"],
  run: ["answers/sandbox", "answers/code_run"],
  programs: ["answers/programs"],
  coded: ["workshop/run", "workshop/answers"],
  workshop: ["workshop/model", "workshop/code_box", "workshop/form", "workshop/trial", "workshop/workshop"],
};
/** What draws an answer: its libraries, and last itself. */
const MARKDOWN = ["./vendor/marked/marked.mjs", "./vendor/dompurify/purify.mjs", "./vendor/highlight/highlight.mjs", "./bridge/page/markdown.js"];
const SLICE_MS = 6; // of imports in one task: half a frame, and far fewer tasks than modules
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
  try { beginEngine(); } catch { /* ui/ finds out, and says so */ }
}

/**
 * What is known of the page's first message to the engine before ui/ sends it: where nothing is kept of an earlier visit it
 * says what is usual. Who saves data is asked first.
 */
function known() {
  try {
    const note = localStorage.getItem("orion.ahead");
    if (note === "yes") return "ahead";
    const saves = /** @type {any} */ (navigator).connection?.saveData === true;
    return note === null && localStorage.getItem("orion.preferences") === null && !saves ? "first" : undefined;
  } catch { return undefined; } // refused: nothing is known
}

/** The languages that the build found catalogues for (build_support/page_words.py). */
function languages() {
  const choice = /** @type {HTMLSelectElement} */ (document.getElementById("set-language"));
  return [...choice.options].map((option) => option.value);
}

/** The static words are there in every language, as ui/base/dom.py chooses among them later. */
function speak() {
  const { language: chosen, theme } = preferences();
  const tags = chosen ? [chosen] : navigator.languages ?? [navigator.language];
  root.lang = tags.map((tag) => tag.split("-")[0].toLowerCase()).find((tag) => languages().includes(tag)) ?? "en";
  for (const text of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-static]"))) text.hidden = text.lang !== root.lang;
  root.dataset.theme = theme ?? "auto";
}

/**
 * What a person does before ui/ is up isn't lost: the first message sent, by key, button or starter.
 * `taken` ends the watch and says what it was: a starter's words, "" for the text in the box, or null.
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
 * Asks for all at once, and runs each library in a task of its own. Importing them all would run them in one.
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

/**
 * The chart's library asks for a number format and for the time zone as it is run. The browser's first of each takes 10 to
 * 15 ms, on a busy machine several times that: each has a task of its own.
 */
async function bringCharts() {
  for (const ask of [() => new Intl.NumberFormat(navigator.language), () => new Intl.DateTimeFormat().resolvedOptions()]) {
    ask();
    await breathe();
  }
  return import("./bridge/page/charts.js");
}

/** @param {string} path below ui/ */
async function text(path) {
  const answer = await fetch(new URL(`ui/${path}`, import.meta.url));
  if (!answer.ok) throw new Error(`ui/${path}: ${answer.status}`);
  return answer.text();
}

/** @param {string} name */
const source = (name) => text(`${name}.py`);

/** The words of each language, where they aren't in what the build made. */
async function catalogues() {
  const found = languages().map(async (each) => /** @type {[string, string]} */ ([each, await text(`words/${each}.json`)]));
  return new Map(await Promise.all(found));
}

/**
 * Modules of ui/ as the build compiled them, and words (build_support/page_python.py says how).
 *
 * @typedef {object} Compiled
 * @property {number} mpy for which version of the bytecode; 0 where the build compiled none
 * @property {Map<string, Uint8Array>} parts the modules' bytes
 * @property {Map<string, string>} words the catalogue of each language
 */

/** @typedef {[name: string, offset: number, length: number]} Part */

/**
 * Null where there is no such file: then the sources do.
 *
 * @param {string} file below ui/
 * @returns {Promise<Compiled | null>}
 */
async function compiled(file) {
  try {
    const answer = await fetch(new URL(`ui/${file}`, import.meta.url));
    if (!answer.ok) return null;
    const whole = await answer.arrayBuffer();
    const decoder = new TextDecoder();
    const start = 12 + new DataView(whole).getUint32(8, true);
    if (decoder.decode(new Uint8Array(whole, 0, 8)) !== "ORIONMPY") return null;
    /** @type {{mpy: number, modules: Part[], words: Part[]}} */
    const { mpy, modules, words } = JSON.parse(decoder.decode(new Uint8Array(whole, 12, start - 12)));
    /** @param {Part} part */
    const bytes = ([, offset, length]) => new Uint8Array(whole, start + offset, length);
    return {
      mpy,
      parts: new Map(modules.map((part) => [part[0], bytes(part)])),
      words: new Map(words.map((part) => [part[0], decoder.decode(bytes(part))])),
    };
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
 * Writes modules of ui/ for `python` and imports them, a few milliseconds' worth a task. Its folders need no
 * __init__.py: those hold a sentence for who reads them, and aren't part of the page.
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
  let began = -Infinity;
  for (const name of names) {
    if (performance.now() - began > SLICE_MS) {
      await breathe();
      began = performance.now();
    }
    python.pyimport(`ui.${name.replaceAll("/", ".")}`);
  }
}

async function start() {
  speak();
  const { taken } = watchEarly();
  if (typeof WebAssembly !== "object") return fail("no-wasm");
  if (globalThis.crossOriginIsolated) expectMessage(known()); // before ui/ writes down what it says
  if (navigator.serviceWorker?.controller) beginEarly(); // what it fetches is here
  const ready = compiled("compiled.bin");
  const markdown = bringMarkdown();
  markdown.catch(() => undefined);
  await import("./vendor/micropython/micropython.mjs");
  const python = await /** @type {any} */ (globalThis).loadMicroPython({
    heapsize: HEAP_BYTES,
    url: new URL("vendor/micropython/micropython.wasm", import.meta.url).href,
  });
  const made = await ready;
  const sources = contents(python, made, MODULES);
  // All that the page itself needs is here, and its modules take a while: the connection is free for what the engine needs.
  const words = made?.words ?? await catalogues();
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
  /** @param {string} language @param {number} number */
  const pluralOf = (language, number) => new Intl.PluralRules(language).select(number);
  const speech = { wordLanguages: () => JSON.stringify([...words.keys()]), wordsIn: (/** @type {string} */ language) => words.get(language), pluralOf };
  /** @param {(text: string) => void} onText */
  const openRunner = async (onText) => (await import("./sandbox/page-runner.js")).openRunner(onText);
  /** @param {HTMLElement} place @param {string} label @param {boolean} dark @param {(text: string) => void} onText */
  const openEditor = async (place, label, dark, onText) =>
    (await import("./workshop/page-editor.js")).openEditor(place, label, dark, onText);
  /** @param {(text: string) => void} onText */
  const openMicrophone = async (onText) => (await import("./bridge/page/microphone.js")).openMicrophone(onText);
  /** @param {(text: string) => void} heard */
  const openVoice = async (heard) => (await import("./bridge/page/voice.js")).openVoice(heard);
  /** @param {(text: string) => void} heard */
  const openSounds = async (heard) => (await import("./bridge/page/sounds.js")).openSounds(heard);
  const ownVoices = async () => (await import("./bridge/page/voice.js")).ownVoices();
  const bridge = { ...device, ...shell, ...locks, ...keys, ...speech, answerOf, openAttachments, openMicrophone, openChats, spawnEngine, markdown, taken, bring, has, openRunner, openEditor, openSounds, openVoice, ownVoices, charts: bringCharts };
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
