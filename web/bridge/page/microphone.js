/**
 * Opens the microphone and hands on what it records: one channel of 16,000 samples a second, in blocks of a tenth of a
 * second. The samples never pass through the page's Python, which hears how loud they are.
 */

import { RATE } from "./resampler.js";

/** The browser's names for why there is no sound, and ours. @type {Record<string, string>} */
const FAULTS = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing",
  NotReadableError: "busy", AbortError: "busy",
};
/** Of a sound that counts as none, below full scale. */
const FLOOR_DB = -60;
/** For what the audio thread still has when it is told to end. */
const REST_MS = 500;

/** How loud a block is, from 0 to 1. @param {Float32Array} samples */
function levelOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  return Math.min(1, Math.max(0, 1 - (10 * Math.log10(power + 1e-12)) / FLOOR_DB));
}

export class Microphone {
  /** @param {(text: string) => void} tell as for `openMicrophone` */
  constructor(tell) {
    /** @private */ this.tell = tell;
    /** @private */ this.closed = false;
    /** @private */ this.recorded = 0;
    /** @private @type {Float32Array<ArrayBuffer>[]} that nobody took yet */ this.waiting = [];
    /** @private @type {((samples: Float32Array<ArrayBuffer>) => void) | null} */ this.post = null;
    /** @private @type {MediaStream | null} */ this.stream = null;
    /** @private @type {AudioContext | null} */ this.context = null;
    /** @private @type {AudioWorkletNode | null} */ this.node = null;
  }

  /** Asks the person, where they haven't allowed it yet, and records until `stop`. */
  async start() {
    if (!navigator.mediaDevices || !globalThis.AudioWorkletNode) return this.close("unsupported"); // plain http, for one
    try {
      // Whisper is used to noise; what a suppressor cuts out of the words it misses.
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: false, autoGainControl: true },
      });
    } catch (error) {
      return this.close(FAULTS[/** @type {Error} */ (error).name] ?? "unsupported");
    }
    if (this.closed) return this.release(); // the person no longer wants it
    this.say({ what: "live" });
    this.stream.getAudioTracks()[0].onended = () => this.close("unplugged");
    try {
      await this.listen(this.stream);
    } catch {
      return this.close("unsupported");
    }
    const { echoCancellation } = this.stream.getAudioTracks()[0].getSettings?.() ?? {};
    if (!this.closed) this.say({ what: "open", echo: echoCancellation === true });
  }

  /** @private @param {MediaStream} stream */
  async listen(stream) {
    const context = this.context = new AudioContext();
    await context.audioWorklet.addModule(new URL("./microphone-worklet.js", import.meta.url));
    if (this.closed) return this.release();
    const node = this.node = new AudioWorkletNode(context, "orion-microphone");
    node.port.onmessage = ({ data }) => (data ? this.take(data) : this.close(""));
    node.onprocessorerror = () => this.close("unsupported");
    context.onstatechange = () => {
      if (/** @type {string} */ (context.state) === "interrupted") this.close("unplugged"); // by a phone call
    };
    context.createMediaStreamSource(stream).connect(node).connect(context.destination); // of which it plays nothing
    void context.resume();
  }

  /** @private @param {Float32Array<ArrayBuffer>} samples */
  take(samples) {
    if (this.closed) return; // its end was told
    this.recorded += samples.length;
    const level = levelOf(samples);
    if (this.post) this.post(samples);
    else this.waiting.push(samples);
    this.say({ what: "level", level, seconds: this.recorded / RATE });
  }

  /** Where the samples go; what was recorded before goes there at once. @param {(samples: Float32Array<ArrayBuffer>) => void} post */
  flow(post) {
    this.post = post;
    for (const samples of this.waiting.splice(0)) post(samples);
  }

  /** Records no more; what was recorded still comes, and then the news that it is closed. */
  stop() {
    if (!this.node) return this.close("");
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.node.port.postMessage("end");
    setTimeout(() => this.close(""), REST_MS);
  }

  /** @private @param {string} why */
  close(why) {
    if (this.closed) return;
    this.closed = true;
    this.release();
    this.say({ what: "closed", why });
  }

  /** @private */
  release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    if (this.context?.state !== "closed") void this.context?.close();
  }

  /** @private @param {object} message */
  say(message) {
    this.tell(JSON.stringify(message));
  }
}

/**
 * A microphone, not open yet.
 *
 * @param {(text: string) => void} tell called with JSON:
 *   {what: "live"}                    the browser has opened it, and what records is on its way
 *   {what: "open", echo}              it records; echo: the browser takes out of it what it plays itself
 *   {what: "level", level, seconds}   how loud the last tenth of a second was, 0 to 1; how much is recorded
 *   {what: "closed", why}             it records no more: "" as asked, or it couldn't: "denied", "missing", "busy",
 *                                     "unsupported", or can't any more: "unplugged"
 */
export const openMicrophone = (tell) => new Microphone(tell);
