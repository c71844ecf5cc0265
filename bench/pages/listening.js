/**
 * Listens to Chromium's microphone, which plays a file, as the page does, and takes the time of each text. Speech begins and
 * ends where the file isn't silent: the file has no sound at all before its first word and behind its last.
 */

import { openMicrophone } from "../orion/bridge/page/microphone.js";
import { engine } from "./engine.js";

const orion = new URL("../orion/", import.meta.url);
/** Of a sample that is sound. */
const LOUD = 0.01;

/** @type {(message: any) => void} */
let hear = () => {};
/** @type {ReturnType<typeof engine>} */
let ask;

/** @param {{threads: number}} options */
async function prepare({ threads }) {
  ask = engine(orion, undefined, (message) => hear(message));
  const { version } = await ask("initialize", { config: { backend: "wasm", threads } });
  for (const model of ["whisper-base", "silero-vad"]) await ask("preload", { model });
  return { version, threads };
}

/**
 * @param {{seconds: number}} options how much is recorded
 * @returns {Promise<object>} ms from the first sound to the news that somebody speaks and to the first text, and from the last
 *   sound to the whole text; how often the text came; what was said
 */
function listened({ seconds }) {
  return new Promise((resolve, reject) => {
    let [began, ended, noticed, first, last, texts] = [0, 0, 0, 0, 0, 0];
    let said = "";
    let request = "";
    hear = ({ type, text, message }) => {
      if (type === "boot-failed") reject(new Error(message));
      if (type === "speech_start") noticed ||= performance.now();
      if (type === "partial" && text) [first, texts] = [first || performance.now(), texts + 1];
      if (type === "final" && text) {
        first ||= performance.now();
        last = performance.now();
      }
    };
    /** @param {Float32Array} samples of which the last was recorded just now */
    const watch = (samples) => {
      const now = performance.now();
      const at = (/** @type {number} */ place) => now - (samples.length - place) / 16;
      const loud = (/** @type {number} */ sample) => Math.abs(sample) > LOUD;
      if (!began && samples.some(loud)) began = at(samples.findIndex(loud));
      if (samples.some(loud)) ended = at(samples.findLastIndex(loud));
    };
    const microphone = openMicrophone((news) => {
      const { what, why, seconds: recorded } = JSON.parse(news);
      if (what === "level" && recorded >= seconds) microphone.stop();
      if (what === "closed" && why) reject(new Error(`the microphone: ${why}`));
      if (what === "closed" && !why) void ask("heard_all", { request });
      if (what !== "open") return;
      const listening = ask("listen", { language: null }, undefined, (id, worker) => {
        request = id;
        microphone.flow((samples) => {
          watch(samples);
          worker.postMessage({ type: "samples", id, samples }, [samples.buffer]);
        });
      });
      listening.then(({ text }) => {
        said = text;
        resolve({ noticed: noticed - began, first: first - began, whole: last - ended, texts, text: said });
      }, reject);
    });
    void microphone.start();
  });
}

/** @type {any} */ (globalThis).bench = { prepare, listened };
