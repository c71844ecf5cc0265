/**
 * Brings the last visit's model into an inference worker while Python boots.
 *
 * No decision is taken here: what Python opened last time is opened again, from this device and
 * without the network. If Python wants the same, it finds it done or under way; if not, or if
 * anything failed, the worker is ended and all goes the ordinary way. Nothing is begun where the person asked
 * for nothing to be loaded at the start or to save data, or where the model is larger than the memory that models
 * may use by now; what was begun counts in that memory (`held`), and Python may end it (`drop`).
 *
 * A large model can end the tab while it comes into memory. So its start is written down, and crossed out once it is
 * there: where the note is found, the visit before ended in the middle, and nothing is begun before Python is up.
 */

import { InferenceClient } from "../inference/client.js";
import { neededShards, readSpec } from "../inference/spec.js";

/** The key of earlier versions, whose record is read on. */
const SETTING = "standby";
/** Bytes of a model from which on its start is written down: a smaller one is there before anybody could reload. */
const LARGE = 500e6;

/** An InferenceClient whose calls were made ahead; each answer is given out once. */
class WarmStartClient extends InferenceClient {
  /**
   * @param {URL} workerUrl
   * @param {string} specJson
   */
  constructor(workerUrl, specJson) {
    super(workerUrl);
    this.specJson = specJson;
    const shards = neededShards(readSpec(JSON.parse(specJson)));
    /** @private */ this.opened = super.open(specJson);
    /** @private @type {Map<string, Promise<string>>} */
    this.fed = new Map(shards.map(({ sha256 }) => [sha256, this.opened.then(() => super.feed(sha256))]));
    this.built = Promise.all(this.fed.values()).then(() => super.build());
    this.failed = false;
    for (const ahead of [this.opened, this.built, ...this.fed.values()]) ahead.catch(() => (this.failed = true));
  }

  /** @override */
  open() {
    return this.opened;
  }

  /**
   * @override
   * @param {string} sha256
   * @param {Blob | null} [blob]
   */
  feed(sha256, blob = null) {
    const ahead = this.fed.get(sha256);
    this.fed.delete(sha256);
    // What failed ahead says nothing of now: the shard may have been fetched since.
    return ahead ? ahead.catch(() => super.feed(sha256, blob)) : super.feed(sha256, blob);
  }

  /** @override */
  build() {
    return this.built.catch(() => super.build());
  }
}

/**
 * `begun`: it is on its way into memory, or was when a visit ended.
 *
 * @typedef {{spec: string, bytes: number, budget: number, begun?: boolean}} Remembered
 */

export class WarmStart {
  /**
   * @param {import("../storage/shards.js").ShardStore} shards
   * @param {URL} workerUrl of workers/inference.js
   */
  constructor(shards, workerUrl) {
    /** @private */ this.shards = shards;
    /** @private */ this.workerUrl = workerUrl;
    /** @private @type {WarmStartClient | null} */
    this.client = null;
    /** @private */ this.bytes = 0;
    /** @private */ this.budget = Infinity;
    /** @private @type {Promise<void> | null} */ this.starting = null;
    /** @private The latest change of the setting. */ this.changing = Promise.resolve();
    /** @private Somebody opened a model, or nothing is wanted ahead: it is too late to begin. */
    this.over = false;
  }

  /** Begins, once, with what `remember` got on an earlier visit, if anything and if it may still be that large. */
  start() {
    this.starting ??= this.begin();
    return this.starting;
  }

  /** @private */
  async begin() {
    try {
      const { spec, bytes, budget, begun } = remembered(await this.shards.settings.read(SETTING));
      if (this.over || bytes > Math.min(budget, this.budget)) return;
      if (begun) return void this.note(false);
      this.bytes = bytes;
      this.client = new WarmStartClient(this.workerUrl, spec);
      if (bytes < LARGE) return;
      void this.note(true);
      const ended = () => this.note(false);
      this.client.built.then(ended, ended);
    } catch {
      this.client = null; // a setting that can't be read is as good as none
    }
  }

  /**
   * The client made ahead if it opened just this, else a fresh one; nothing is ahead after that.
   *
   * @param {string} specJson
   * @returns {InferenceClient}
   */
  take(specJson) {
    const ahead = this.client;
    this.client = null;
    this.over = true;
    if (ahead && ahead.specJson === specJson && !ahead.failed) return ahead;
    ahead?.close();
    return new InferenceClient(this.workerUrl);
  }

  /** @returns {string} JSON {model, bytes} of what is ahead and was not taken; "": nothing */
  held() {
    if (!this.client) return "";
    return JSON.stringify({ model: JSON.parse(this.client.specJson).manifest.model, bytes: this.bytes });
  }

  /** Ends what is ahead, and begins nothing any more. */
  drop() {
    this.client?.close();
    this.client = null;
    this.over = true;
  }

  /**
   * What the next visit is to begin with.
   *
   * @param {string} spec
   * @param {number} bytes what it takes in memory
   */
  async remember(spec, bytes) {
    await this.change(() => ({ spec, bytes, budget: this.budget }));
  }

  /** @private @param {boolean} begun */
  note(begun) {
    return this.change((kept) => kept && { ...kept, begun });
  }

  /**
   * All models together may take so much; a later visit begins with nothing larger.
   *
   * @param {number} budget bytes
   */
  async limit(budget) {
    if (budget === this.budget) return;
    this.budget = budget;
    await this.change((kept) => (kept && kept.budget !== budget ? { ...kept, budget } : null));
  }

  /**
   * One change after the other, each of what the one before left.
   *
   * @private
   * @param {(kept: Remembered | null) => Remembered | null} what null: it stays
   */
  change(what) {
    this.changing = this.changing.then(async () => {
      if (this.shards.kind !== "indexeddb") return;
      const text = await this.shards.settings.read(SETTING);
      const record = what(readable(text));
      if (record) await this.shards.settings.write(SETTING, JSON.stringify(record));
    }).catch(() => {});
    return this.changing;
  }
}

/** @param {unknown} text @returns {Remembered} throws where nothing is kept, or by another version */
function remembered(text) {
  const { spec, bytes, budget, begun } = JSON.parse(String(text));
  if (typeof spec !== "string") throw new Error("nothing to begin with");
  return { spec, bytes: Number(bytes) || 0, budget: budget ?? Infinity, begun: begun === true };
}

/** @param {unknown} text @returns {Remembered | null} as `remembered`, without an error */
function readable(text) {
  try {
    return remembered(text);
  } catch {
    return null;
  }
}
