/**
 * Brings sound of one channel to 16,000 samples a second, block by block, from whatever rate a microphone has.
 *
 * A windowed sinc (Kaiser, 70 dB), of which each position between two samples of the input has its own copy: the rates
 * stand in a ratio of whole numbers. What lies above 8,400 Hz is gone, so that nothing is mirrored into speech.
 */

export const RATE = 16_000;
/** Hz: what is passed on whole ends below, what is stopped begins above. */
const CUTOFF = 7600;
const TRANSITION = 1600;
const BETA = 6.76; // for 70 dB (Kaiser 1974)

/** The modified Bessel function of order zero, by its series. @param {number} x */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} a @param {number} b @returns {number} */
const divisor = (a, b) => (b ? divisor(b, a % b) : a);

export class Resampler {
  /** @param {number} rate of the input, samples a second */
  constructor(rate) {
    const common = divisor(rate, RATE);
    /** @private outputs and inputs in which the two rates come together again */ this.up = RATE / common;
    /** @private */ this.down = rate / common;
    const cutoff = Math.min(CUTOFF, 0.475 * rate) / rate; // cycles a sample of the input
    /** @private samples on each side of a position */
    this.half = Math.ceil((70 - 7.95) / 14.36 / (TRANSITION / rate) / 2);
    /** @private @type {Float32Array[]} by position between two samples */
    this.filters = Array.from({ length: this.up }, (_, phase) => this.filter(phase / this.up, cutoff));
    /** @private what later outputs still need */ this.held = new Float32Array(this.half - 1);
    /** @private the sample before the next output's position, and how far behind it that is */ this.at = this.half - 1;
    /** @private */ this.phase = 0;
  }

  /** @private @param {number} behind 0 to 1 @param {number} cutoff */
  filter(behind, cutoff) {
    const taps = Float32Array.from({ length: 2 * this.half }, (_, tap) => {
      const distance = tap - this.half + 1 - behind;
      const angle = 2 * Math.PI * cutoff * distance;
      const sinc = angle ? Math.sin(angle) / angle : 1;
      return sinc * bessel(BETA * Math.sqrt(Math.max(0, 1 - (distance / this.half) ** 2)));
    });
    const sum = taps.reduce((total, tap) => total + tap, 0);
    return taps.map((tap) => tap / sum);
  }

  /**
   * The next samples of the output, as far as `block` completes them.
   *
   * @param {Float32Array} block
   * @returns {Float32Array<ArrayBuffer>}
   */
  push(block) {
    const input = new Float32Array(this.held.length + block.length);
    input.set(this.held);
    input.set(block, this.held.length);
    const output = [];
    while (this.at + this.half < input.length) {
      const filter = this.filters[this.phase];
      const first = this.at - this.half + 1;
      let sum = 0;
      for (let tap = 0; tap < filter.length; tap += 1) sum += filter[tap] * input[first + tap];
      output.push(sum);
      this.phase += this.down;
      this.at += Math.floor(this.phase / this.up);
      this.phase %= this.up;
    }
    const gone = Math.min(this.at - this.half + 1, input.length);
    this.held = input.slice(gone);
    this.at -= gone;
    return Float32Array.from(output);
  }
}
