/** Holds what a microphone records until Python hears it, by the id of the request to listen. */

/** @typedef {{type: "samples", id: string, samples: Float32Array<ArrayBuffer>}} Block one channel of 16,000 samples a second */
/** @typedef {{blocks: Float32Array<ArrayBuffer>[], ended: boolean, wake: () => void}} Stream */

export class LiveSound {
  constructor() {
    /** @private @type {Map<string, Stream>} */ this.streams = new Map();
    /** @private @type {Set<string>} requests that have ended: what still comes for them is dropped */ this.over = new Set();
  }

  /** A message of the page, which comes behind its request. @param {Block} block */
  take({ id, samples }) {
    const stream = this.stream(id);
    if (!stream || stream.ended) return;
    stream.blocks.push(samples);
    stream.wake();
  }

  /** Nothing more is recorded. @param {string} id */
  end(id) {
    const stream = this.stream(id);
    if (!stream) return;
    stream.ended = true;
    stream.wake();
  }

  /**
   * What was recorded since it was last asked for, once there is something; undefined behind the end.
   *
   * @param {string} id
   * @returns {Promise<Float32Array | undefined>}
   */
  async next(id) {
    const stream = this.stream(id);
    if (!stream) return undefined;
    if (!stream.blocks.length && !stream.ended) await new Promise((/** @type {(value?: any) => void} */ resolve) => { stream.wake = resolve; });
    const blocks = stream.blocks.splice(0);
    if (!blocks.length) return undefined;
    const joined = new Float32Array(blocks.reduce((length, block) => length + block.length, 0));
    let at = 0;
    for (const block of blocks) {
      joined.set(block, at);
      at += block.length;
    }
    return joined;
  }

  /** Its request has ended. @param {string} id */
  release(id) {
    this.end(id);
    this.streams.delete(id);
    this.over.add(id);
  }

  /** @private @param {string} id */
  stream(id) {
    if (this.over.has(id)) return null;
    const stream = this.streams.get(id) ?? { blocks: [], ended: false, wake: () => {} };
    this.streams.set(id, stream);
    return stream;
  }
}
