/**
 * Chooses tokens from logits as `Sampler` of orion_py/generation/sampling.py does, to the token: the same definitions in the
 * same order, sums in the same order, float32 where it has float32. A test holds one against the other.
 */

import { BridgeError } from "../errors.js";

/** Scores are looked over in blocks: most lie below what is wanted, and only the others are gone through. */
const BLOCK = 128;
/** Scores among which a nucleus is looked for first. */
const FIRST_NUCLEUS = 256;
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
      return ids[this.draw(ids.map(() => 1))];
    }
    const weight = (/** @type {number} */ score) => Math.exp((score - peak) / temperature);
    if (top_k > 0 && top_k < scores.length) {
      const ids = this.atLeastKth(scores, top_k);
      return this.pick(ids, ids.map((id) => weight(scores[id])), null);
    }
    const weights = Array.from(scores, (score) => (score > -Infinity ? weight(score) : 0));
    if (top_p === 1) return this.draw(weights);
    const total = weights.reduce((sum, each) => sum + each, 0);
    const ids = this.likeliest(scores, weights, top_p * total);
    return this.pick(ids, ids.map((id) => weights[id]), total);
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
   * @private
   * @param {Float32Array} scores
   * @param {number[]} weights
   * @param {number} enough
   * @returns {number[]} ids that hold at least so much weight, and with them the whole nucleus
   */
  likeliest(scores, weights, enough) {
    for (let count = FIRST_NUCLEUS; count < scores.length; count *= 4) {
      const ids = this.atLeastKth(scores, count);
      if (ids.reduce((sum, id) => sum + weights[id], 0) >= enough) return ids;
    }
    return Array.from(weights.keys());
  }

  /**
   * One of `ids` inside the nucleus.
   *
   * @private
   * @param {number[]} ids ascending
   * @param {number[]} weights of each
   * @param {number | null} total all weight there is, these ids' or more
   */
  pick(ids, weights, total) {
    const { top_p } = this.choice;
    if (top_p === 1) return ids[this.draw(weights)];
    const order = Array.from(ids.keys()).sort((one, other) => weights[other] - weights[one] || one - other);
    const sums = cumulated(order.map((index) => weights[index]));
    const enough = top_p * (total ?? sums[sums.length - 1]) * ROUNDING;
    const first = sums.findIndex((sum) => sum >= enough);
    const kept = first < 0 ? order : order.slice(0, first + 1);
    return ids[kept[this.draw(kept.map((index) => weights[index]))]];
  }

  /**
   * An index with probability in proportion to its weight; never one of weight 0.
   *
   * @private
   * @param {number[]} weights
   */
  draw(weights) {
    const sums = cumulated(weights);
    const total = sums[sums.length - 1];
    const place = this.choice.draws[this.drawn++] * total;
    const index = sums.findIndex((sum) => sum > place);
    return index >= 0 ? index : sums.findIndex((sum) => sum >= total); // the product was rounded up to the total
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

/** @param {number[]} weights */
function cumulated(weights) {
  let sum = 0;
  return weights.map((weight) => (sum += weight));
}
