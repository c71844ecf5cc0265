/**
 * Speaks with the browser's own voices (Web Speech API), one sentence after the other. Only with those that are on this
 * device: others send the text to a server.
 */

/** Chromium has its list a while after it was first asked for; where there is none it never says so. */
const LIST_MS = 1500;
/** A sentence that began and never ends is given up: some voices break off without a word (Chromium's after 15 s). */
const SLOWEST_CHARACTER_MS = 180;
const PATIENCE_MS = 8000;

addEventListener("pagehide", () => globalThis.speechSynthesis?.cancel()); // it would go on without its page

/** @param {SpeechSynthesisVoice} voice `fr_FR` on some phones */
const languageOf = (voice) => voice.lang.slice(0, 2).toLowerCase();

/** @returns {Promise<SpeechSynthesisVoice[]>} */
async function listed() {
  const speech = globalThis.speechSynthesis;
  if (!speech) return [];
  if (!speech.getVoices().length) {
    await new Promise((resolve) => {
      setTimeout(resolve, LIST_MS);
      speech.addEventListener?.("voiceschanged", resolve, { once: true });
    });
  }
  return speech.getVoices();
}

/** @returns {Promise<string>} JSON: [{name, language, local}], of each language the browser's preferred voices first */
export async function ownVoices() {
  const voices = (await listed()).map((voice) => ({ name: voice.name, language: languageOf(voice), local: voice.localService }));
  return JSON.stringify(voices);
}

/**
 * @typedef {object} Sentence
 * @property {number} call
 * @property {string} text
 * @property {string} language
 * @property {string} name of the voice that the person chose, "" for none
 * @property {number} rate
 */

/**
 * @param {(text: string) => void} heard JSON: {what: "began" | "ended", call}; {what: "another", name, language} where a voice
 *     says what the chosen one can't; or {what: "failed", why}: "none" (no voice of this language), "remote" (none on
 *     this device), "blocked" (the browser wants a click first) or "failed"
 */
export async function openVoice(heard) {
  const voices = await listed();
  const speech = globalThis.speechSynthesis;
  /** @type {Sentence[]} */
  const waiting = [];
  /** @type {SpeechSynthesisUtterance | null} kept here: Chromium forgets the events of one that is collected */
  let speaking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let watch;
  /** @param {object} message */
  const tell = (message) => heard(JSON.stringify(message));

  function stop() {
    waiting.length = 0;
    speaking = null;
    clearTimeout(watch);
    speech?.cancel();
  }

  /** @param {string} why */
  function fail(why) {
    stop();
    tell({ what: "failed", why });
  }

  /** @param {Sentence} sentence */
  function voiceFor({ language, name }) {
    const own = voices.filter((voice) => languageOf(voice) === language);
    const local = own.filter((voice) => voice.localService);
    if (!local.length) fail(own.length ? "remote" : "none");
    const chosen = local.find((voice) => voice.name === name) ?? local.find((voice) => voice.default) ?? local[0];
    if (chosen && name && chosen.name !== name) tell({ what: "another", name: chosen.name, language });
    return chosen;
  }

  function next() {
    const sentence = speaking ? undefined : waiting.shift();
    const voice = sentence && voiceFor(sentence);
    if (!sentence || !voice) return;
    const { call, text, rate } = sentence;
    const said = speaking = new SpeechSynthesisUtterance(text);
    Object.assign(said, { voice, lang: voice.lang, rate });
    const end = () => {
      if (speaking !== said) return;
      clearTimeout(watch);
      speaking = null;
      tell({ what: "ended", call });
      next();
    };
    said.onstart = () => { if (speaking === said) tell({ what: "began", call }); };
    said.onend = end;
    said.onerror = ({ error }) => {
      if (speaking !== said) return;
      if (error === "interrupted" || error === "canceled") end(); // by another page: the browser has one voice for all
      else fail(error === "not-allowed" ? "blocked" : "failed");
    };
    watch = setTimeout(() => {
      if (speaking !== said) return;
      speech.cancel();
      end();
    }, PATIENCE_MS + (text.length * SLOWEST_CHARACTER_MS) / rate);
    speech.speak(said);
  }

  return {
    /** @param {number} call @param {string} text @param {string} language @param {string} name @param {number} rate */
    say: (call, text, language, name, rate) => {
      waiting.push({ call, text, language, name, rate });
      next();
    },
    stop,
  };
}
