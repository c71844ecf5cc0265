/**
 * The threads that compute beside an inference worker: workers of its own, each with an instance of the kernel over
 * its memory. One that doesn't come in time is done without.
 */

/** A thread is a worker that fetches one small file: it comes within some 50 ms, or it doesn't. */
const ARRIVAL_MS = 3000;
/** After it said that it is here, its next step is to wait for work. */
const COUNTED_MS = 200;

export class KernelThreads {
  /**
   * @param {WebAssembly.Module} module
   * @param {import("./kernel-memory.js").KernelMemory} memory
   */
  constructor(module, memory) {
    /** @private */ this.module = module;
    /** @private */ this.memory = memory;
    /** @private @type {Worker[]} */
    this.workers = [];
    /** That can compute, the inference worker included. */
    this.count = 1;
    /** @private that compute at present */ this.inUse = 1;
    /** @private */ this.starting = Promise.resolve();
  }

  /**
   * Begins to start threads: `settled` waits for them.
   *
   * @param {number} wanted the inference worker included
   */
  start(wanted) {
    const numbers = Array.from({ length: Math.max(0, wanted - 1) }, (_, index) => index + 1);
    this.starting = Promise.all(numbers.map((number) => this.arrived(number))).then((here) => {
      const came = here.filter(Boolean).length;
      if (!came) return;
      const { exports } = this.memory;
      const there = exports.orion_await_threads(came + 1, COUNTED_MS);
      if (exports.orion_use_threads(there) === 0) this.count = this.inUse = there;
    });
  }

  /**
   * So many compute from now on; the others sleep.
   *
   * @param {number} threads at most `count`
   */
  use(threads) {
    if (threads !== this.inUse && this.memory.exports.orion_use_threads(threads) === 0) this.inUse = threads;
  }

  /** Resolves once it is known how many threads there are. */
  async settled() {
    await this.starting;
  }

  /** Goes on with the inference worker alone: a thread was lost. */
  dismiss() {
    this.end();
    this.memory.exports.orion_dismiss();
    this.memory.exports.orion_use_threads(1);
    this.count = this.inUse = 1;
  }

  /** @private */
  end() {
    for (const worker of this.workers.splice(0)) worker.terminate();
  }

  /**
   * @private
   * @param {number} number
   * @returns {Promise<boolean>} whether it came
   */
  async arrived(number) {
    /** @type {Worker | null} */
    let worker = null;
    const came = await new Promise((resolve) => {
      const timer = setTimeout(resolve, ARRIVAL_MS, false);
      const settle = (/** @type {boolean} */ here) => { clearTimeout(timer); resolve(here); };
      try {
        worker = new Worker(new URL("../workers/kernel-thread.js", import.meta.url), { type: "module", name: `orion-kernel-${number}` });
        this.workers.push(worker);
        worker.onmessage = ({ data }) => settle("here" in data);
        worker.onerror = (event) => { event.preventDefault(); settle(false); };
        worker.postMessage({ module: this.module, memory: this.memory.memory, number });
      } catch {
        settle(false); // a browser without workers in workers
      }
    });
    // Nobody counts on one that comes late: it must not take part.
    if (!came) /** @type {Worker | null} */ (worker)?.terminate();
    return came;
  }
}
