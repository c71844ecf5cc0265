/**
 * Plays the engine's speech piece by piece, without a gap between two of them, through WebAudio.
 */

import { samplesBeside } from "./samples.js";

/** As soon as a piece can be played for certain. */
const LEAD_S = 0.03;
/** A browser that wants a click first doesn't say so: its context never runs. */
const RESUME_MS = 1500;
/** An idle context gives the device back. */
const IDLE_MS = 3000;

/** @type {AudioContext | null} one for all: browsers allow few */
let context = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let idle;

/** @returns {Promise<AudioContext | null>} null where it isn't allowed to sound */
async function sounding() {
  clearTimeout(idle);
  context ??= new AudioContext();
  if (context.state !== "running") {
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, RESUME_MS))]).catch(() => {});
  }
  return /** @type {string} */ (context.state) === "running" ? context : null;
}

function rest() {
  clearTimeout(idle);
  idle = setTimeout(() => context?.suspend(), IDLE_MS);
}

/** @param {(text: string) => void} heard JSON: {what: "began" | "ended", piece}, or {what: "failed", why: "blocked"} */
export function openSounds(heard) {
  /** @type {Map<number, AudioBuffer>} */
  const held = new Map();
  /** @type {Set<AudioBufferSourceNode>} */
  const sources = new Set();
  /** @type {Promise<AudioContext | null> | null} */
  let ready = null;
  let end = 0;
  /** @param {object} message */
  const tell = (message) => heard(JSON.stringify(message));

  function stop() {
    for (const source of sources) {
      source.onended = null;
      source.stop();
      source.disconnect();
    }
    sources.clear();
    held.clear();
    rest();
  }

  /** @param {AudioContext} sound @param {number} piece @param {AudioBuffer} buffer */
  function start(sound, piece, buffer) {
    const source = new AudioBufferSourceNode(sound, { buffer });
    source.connect(sound.destination);
    const at = Math.max(end, sound.currentTime + LEAD_S);
    end = at + buffer.duration;
    source.onended = () => {
      sources.delete(source);
      if (!sources.size) rest();
      tell({ what: "ended", piece });
    };
    sources.add(source);
    source.start(at);
    tell({ what: "began", piece });
  }

  return {
    /** Keeps the samples of the message that is heard. Returns how many seconds they sound. @param {number} piece @param {number} rate */
    hold: (piece, rate) => {
      const samples = samplesBeside();
      const buffer = new AudioBuffer({ length: Math.max(1, samples.length), sampleRate: rate });
      buffer.copyToChannel(samples, 0);
      held.set(piece, buffer);
      return buffer.duration + 1e-6; // a number that isn't whole
    },
    /** After those that play already. @param {number} piece */
    play: (piece) => {
      ready ??= sounding();
      void ready.then((sound) => {
        const buffer = held.get(piece);
        if (!buffer) return; // stopped meanwhile
        held.delete(piece);
        if (sound) return start(sound, piece, buffer);
        stop();
        tell({ what: "failed", why: "blocked" });
      });
    },
    stop,
  };
}
