/**
 * Starts the threads that compute beside an inference worker: workers of its own, each with an instance of the kernel over
 * its memory. One that doesn't come in time is done without.
 */

/** A thread is a worker that fetches one small file: it comes within some 50 ms, unless a model is being fetched. */
const ARRIVAL_MS = 3000;
/** So long it has in any case once nothing else is waited for: its file may have stood behind the model's. */
const LAST_MS = 1000;
/** After it said that it is here, its next step is to wait for work. */
const COUNTED_MS = 200;

export class KernelThreads {
  /**
   * @param {WebAssembly.Module} module
   * @param {import("./memory.js").KernelMemory} memory
   */
  constructor(module, memory) {
    /** @private */ this.module = module;
    /** @private */ this.memory = memory;
    /** @private @type {Worker[]} */
    this.workers = [];
    /** That compute, the inference worker included. */
    this.count = 1;
    /** @private */ this.starting = Promise.resolve();
    /** @private */ this.patience = Promise.resolve();
    /** @private Who hasn't come by now isn't waited for. */ this.giveUp = () => {};
    /** @private @type {Promise<void>} */
    this.givenUp = new Promise((resolve) => { this.giveUp = resolve; });
  }

  /**
   * Begins to start threads: `settled` waits for them.
   *
   * @param {number} wanted the inference worker included
   */
  start(wanted) {
    const numbers = Array.from({ length: Math.max(0, wanted - 1) }, (_, index) => index + 1);
    if (numbers.length) this.patience = after(ARRIVAL_MS);
    this.starting = Promise.all(numbers.map((number) => this.arrived(number))).then((here) => {
      const came = here.filter(Boolean).length;
      if (!came) return;
      const { exports } = this.memory;
      const there = exports.orion_await_threads(came + 1, COUNTED_MS);
      if (exports.orion_use_threads(there) === 0) this.count = there;
    });
  }

  /** Resolves once it is known how many threads there are; from now on nothing else is waited for. */
  async settled() {
    void Promise.all([this.patience, after(LAST_MS)]).then(this.giveUp);
    await this.starting;
  }

  /** Goes on with the inference worker alone: a thread was lost. */
  dismiss() {
    this.end();
    this.memory.exports.orion_dismiss();
    this.memory.exports.orion_use_threads(1);
    this.count = 1;
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
      void this.givenUp.then(() => resolve(false));
      try {
        worker = new Worker(new URL("../../../workers/kernel-thread.js", import.meta.url), { type: "module", name: `orion-kernel-${number}` });
        this.workers.push(worker);
        worker.onmessage = ({ data }) => resolve("here" in data);
        worker.onerror = (event) => { event.preventDefault(); resolve(false); };
        worker.postMessage({ module: this.module, memory: this.memory.memory, number });
      } catch {
        resolve(false); // a browser without workers in workers
      }
    });
    // Nobody counts on one that comes late: it must not take part.
    if (!came) /** @type {Worker | null} */ (worker)?.terminate();
    return came;
  }
}

/** @param {number} ms @returns {Promise<void>} */
function after(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
