/**
 * How many threads compute single steps: all of them, or fewer while another program has one of their cores.
 *
 * A pass is as fast as its slowest thread. One that shares its core with a busy program holds the others up at every
 * barrier, so that two threads can be slower than one. Nothing tells a page what else runs; but steps of one model are
 * alike, and so their times do. Once they become much longer than they were, one thread less is tried, and kept
 * if it is faster; all threads are tried again from time to time, and when a new prompt begins.
 */

/** Steps that are looked at together. */
const WINDOW = 8;
/** Steps of a trial. The first one wakes a thread, and isn't counted. */
const TRIAL = 6;
/** Times the quickest step's time: from there on something is amiss. */
const SLOW = 1.4;
/** What is tried has to be so much quicker than what it takes the place of. */
const BETTER = 0.95;
/** Steps between two trials that came to nothing: at first, and at most. */
const PAUSE = 32;
const LONGEST_PAUSE = 256;
/** A longer context makes steps slower, little by little: so much is forgiven with each of them. */
const DRIFT = 1.001;
/** Rows of the cache between two steps: another conversation's steps aren't compared with the last one's. */
const JUMP = 256;

export class Pace {
  /** @param {number} threads that there are */
  constructor(threads) {
    /** @private */ this.all = threads;
    /** @private Of the cache, before the latest step. */ this.rows = 0;
    /** @private */ this.settled = threads;
    /** @private @type {number[]} ms of the latest steps with `settled` threads */
    this.recent = [];
    /** @private @type {{threads: number, times: number[]} | null} */
    this.trial = null;
    /** @private ms of the quickest step with all threads */ this.quickest = Infinity;
    /** @private */ this.pause = PAUSE;
    /** @private Steps until there may be another trial. */ this.left = 0;
    /** @private */ this.upwards = true;
  }

  /** @private */
  restart() {
    this.settled = this.all;
    this.recent = [];
    this.trial = null;
    this.quickest = Infinity;
    this.pause = PAUSE;
    this.left = 0;
  }

  /** Threads of the next step. */
  get threads() {
    return this.trial?.threads ?? this.settled;
  }

  /** A prompt was read, by all threads: what held one of them up may be over. */
  begins() {
    this.trial = null;
    if (this.settled < this.all && this.recent.length) this.begin(this.settled + 1);
  }

  /**
   * @param {number} ms that a step took, with `threads` threads
   * @param {number} rows of the cache before it
   */
  took(ms, rows) {
    if (this.all === 1) return;
    const jumped = Math.abs(rows - this.rows) > JUMP;
    this.rows = rows;
    if (jumped) this.restart();
    else if (this.trial) this.tried(this.trial, ms);
    else this.settledAt(ms);
  }

  /** @private @param {number} ms */
  settledAt(ms) {
    this.recent = [...this.recent, ms].slice(-WINDOW);
    if (this.settled === this.all) this.quickest = Math.min(this.quickest * DRIFT, ms);
    this.left -= 1;
    if (this.left > 0 || this.recent.length < WINDOW) return;
    const slow = median(this.recent) > SLOW * this.quickest;
    const fewer = slow && this.settled > 1;
    const more = this.settled < this.all;
    if (more && (this.upwards || !fewer)) this.begin(this.settled + 1);
    else if (fewer) this.begin(this.settled - 1);
    this.upwards = !this.upwards;
  }

  /** @private @param {number} threads */
  begin(threads) {
    this.trial = { threads, times: [] };
  }

  /**
   * @private
   * @param {{threads: number, times: number[]}} trial
   * @param {number} ms
   */
  tried({ threads, times }, ms) {
    times.push(ms);
    if (times.length < TRIAL) return;
    this.trial = null;
    const counted = times.slice(1);
    if (median(counted) < BETTER * median(this.recent)) {
      this.settled = threads;
      this.recent = counted;
      this.pause = PAUSE;
    } else {
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    }
    this.left = this.pause;
  }
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((one, other) => one - other)[values.length >> 1];
}
