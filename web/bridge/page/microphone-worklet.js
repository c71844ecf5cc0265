/**
 * Runs on the browser's audio thread: mixes a microphone's channels and posts them as blocks of a tenth of a second, one
 * channel of 16,000 samples a second. Told "end" it posts what is left, then null.
 */

import { Resampler } from "./resampler.js";

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate);
    this.block = new Float32Array(Math.round(sampleRate / 10));
    this.filled = 0;
    this.ended = false;
    this.port.onmessage = () => {
      if (this.ended) return;
      this.post();
      this.ended = true;
      this.port.postMessage(null);
    };
  }

  post() {
    const samples = this.resampler.push(this.block.subarray(0, this.filled));
    this.filled = 0;
    if (samples.length) this.port.postMessage(samples, [samples.buffer]);
  }

  /** @override @param {Float32Array[][]} inputs */
  process([channels]) {
    if (this.ended) return false;
    for (let at = 0; at < (channels[0]?.length ?? 0); at += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[at];
      this.block[this.filled] = sum / channels.length;
      this.filled += 1;
      if (this.filled === this.block.length) this.post();
    }
    return true;
  }
}

registerProcessor("orion-microphone", Microphone);
