/**
 * Chooses tokens from logits as `Sampler` of orion_py/generation/sampling.py does, to the token: the same definitions in the
 * same order, sums in the same order, float32 where it has float32. A test holds one against the other.
 */

import { BridgeError } from "../errors.js";

/** Scores are looked over in blocks: most lie below what is wanted, and only the others are gone through. */
const BLOCK = 128;
/** A sum that misses top_p by a rounding error mustn't draw in one token more. */
const ROUNDING = 1 - 1e-12;

/**
 * `seen`: ids that the penalty counts already. `never`: that it never counts. `draws`: a number from 0 to 1 for each token.
 *
 * @typedef {object} Choice
 * @property {number} temperature 0: the highest
 * @property {number} top_k 0: off
 * @property {number} top_p 1: off
 * @property {number} penalty 1: off
 * @property {number[]} seen
 * @property {number[]} never
 * @property {number[]} draws
 */

export class Sampler {
  /** @param {Choice} choice */
  constructor(choice) {
    /** @private */ this.choice = choice;
    /** @private */ this.seen = new Set(choice.seen);
    /** @private */ this.never = new Set(choice.never);
    /** @private */ this.drawn = 0;
    /** @private */ this.peaks = new Float32Array(0);
  }

  /**
   * The next token. NaN counts as impossible. Raises runtime_failure where no token is possible.
   *
   * @param {Float32Array} logits [vocab]; they are written over
   * @returns {number}
   */
  choose(logits) {
    const { penalty } = this.choice;
    if (penalty !== 1) penalise(logits, this.seen, penalty);
    const token = this.among(logits);
    if (penalty !== 1 && !this.never.has(token)) this.seen.add(token);
    return token;
  }

  /** @private @param {Float32Array} scores */
  among(scores) {
    const { temperature, top_k, top_p } = this.choice;
    const peak = this.lookOver(scores);
    if (peak === -Infinity) {
      throw new BridgeError("runtime_failure", "the model's output holds no number", { vocabulary: scores.length });
    }
    if (temperature === 0) return scores.indexOf(peak);
    if (peak === Infinity) { // infinitely likely tokens share all the probability
      const ids = this.from(scores, peak);
      return ids[this.draw(new Float64Array(ids.length).fill(1))];
    }
    if (top_k > 0 && top_k < scores.length) {
      const ids = this.atLeastKth(scores, top_k);
      return this.pick(ids, Float64Array.from(ids, (id) => Math.exp((scores[id] - peak) / temperature)), null);
    }
    const weights = new Float64Array(scores.length);
    let total = 0;
    for (let id = 0; id < weights.length; id += 1) {
      if (scores[id] > -Infinity) total += weights[id] = Math.exp((scores[id] - peak) / temperature);
    }
    if (top_p === 1) return this.draw(weights);
    // What is left out here holds together half of what the nucleus leaves out, at most.
    const least = ((1 - top_p) * total) / (2 * weights.length);
    const ids = [];
    for (let id = 0; id < weights.length; id += 1) if (weights[id] >= least) ids.push(id);
    return this.pick(ids, Float64Array.from(ids, (id) => weights[id]), total);
  }

  /**
   * Notes the highest score of each block; minus infinity where it has no number.
   *
   * @private
   * @param {Float32Array} scores
   * @returns {number} the highest of all
   */
  lookOver(scores) {
    const count = Math.ceil(scores.length / BLOCK);
    if (this.peaks.length !== count) this.peaks = new Float32Array(count);
    let highest = -Infinity;
    for (let block = 0; block < count; block += 1) {
      const end = Math.min(scores.length, (block + 1) * BLOCK);
      let peak = -Infinity;
      for (let id = block * BLOCK; id < end; id += 1) if (scores[id] > peak) peak = scores[id];
      this.peaks[block] = peak;
      if (peak > highest) highest = peak;
    }
    return highest;
  }

  /**
   * @private
   * @param {Float32Array} scores
   * @param {number} least
   * @returns {number[]} the ids, ascending, of all scores from there up
   */
  from(scores, least) {
    const ids = [];
    for (let block = 0; block < this.peaks.length; block += 1) {
      if (!(this.peaks[block] >= least)) continue;
      const end = Math.min(scores.length, (block + 1) * BLOCK);
      for (let id = block * BLOCK; id < end; id += 1) if (scores[id] >= least) ids.push(id);
    }
    return ids;
  }

  /**
   * @private
   * @param {Float32Array} scores
   * @param {number} k fewer than there are scores
   * @returns {number[]} the ids, ascending, of all scores not below the k-th highest
   */
  atLeastKth(scores, k) {
    // The k-th highest peak can't be above the k-th highest of all.
    const some = this.from(scores, this.peaks.length > k ? kthHighest(this.peaks, k) : -Infinity);
    if (some.length < k) return some; // the others are NaN, and impossible
    const least = kthHighest(Float32Array.from(some, (id) => scores[id]), k);
    return some.filter((id) => scores[id] >= least);
  }

  /**
   * One of `ids` inside the nucleus.
   *
   * @private
   * @param {number[]} ids ascending
   * @param {Float64Array} weights of each
   * @param {number | null} total all weight there is, these ids' or more
   */
  pick(ids, weights, total) {
    const { top_p } = this.choice;
    if (top_p === 1) return ids[this.draw(weights)];
    const sorted = weights.slice().sort().reverse(); // numbers alone: to sort ids by them would take many times as long
    const enough = top_p * (total ?? sum(sorted)) * ROUNDING;
    const kept = Math.min(placeOf(sorted, (reached) => reached >= enough) + 1, sorted.length);
    const drawn = this.draw(sorted.subarray(0, kept));
    // Equal weights are in the order of their ids.
    let place = -1;
    for (let left = drawn - sorted.indexOf(sorted[drawn]); left >= 0; left -= 1) place = weights.indexOf(sorted[drawn], place + 1);
    return ids[place];
  }

  /**
   * An index with probability in proportion to its weight; never one of weight 0.
   *
   * @private
   * @param {Float64Array} weights
   */
  draw(weights) {
    const total = sum(weights);
    const place = this.choice.draws[this.drawn++] * total;
    const index = placeOf(weights, (reached) => reached > place);
    // Where the product was rounded up to the total, no sum is above it.
    return index < weights.length ? index : placeOf(weights, (reached) => reached >= total);
  }
}

/**
 * https://arxiv.org/abs/1909.05858, in float32: a seen token's logit is divided by the penalty where positive, multiplied
 * where negative.
 *
 * @param {Float32Array} logits
 * @param {Set<number>} seen
 * @param {number} penalty
 */
function penalise(logits, seen, penalty) {
  const by = Math.fround(penalty);
  for (const id of seen) {
    if (id < logits.length) logits[id] = logits[id] < 0 ? logits[id] * by : logits[id] / by;
  }
}

/** @param {Float32Array} values no NaN @param {number} k */
function kthHighest(values, k) {
  return values.slice().sort()[values.length - k];
}

/** @param {Float64Array} weights */
function sum(weights) {
  let reached = 0;
  for (let index = 0; index < weights.length; index += 1) reached += weights[index];
  return reached;
}

/**
 * @param {Float64Array} weights
 * @param {(reached: number) => boolean} there
 * @returns {number} the first index up to which the weights' sum is there; their number where it never is
 */
function placeOf(weights, there) {
  let reached = 0;
  let index = 0;
  for (; index < weights.length; index += 1) if (there((reached += weights[index]))) break;
  return index;
}
