/**
 * Brings the last visit's model into an inference worker while Python boots, and on a first visit the one that the
 * site's build planned for it (first-visit.js).
 *
 * No decision is taken here: what Python opened last time is opened again, from this device and
 * without the network; what it would open on a first visit is downloaded as it would be, once the connection isn't needed
 * for Python itself (`connected`). If Python wants the same, it finds it done or under way; if not, or if
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

/**
 * What isn't on the device yet.
 *
 * @typedef {object} Coming
 * @property {import("../inference/messages.js").ComingShard[]} shards all that the model needs, in the order to bring them
 * @property {Promise<void>} connected settled once the connection may be used for them
 * @property {(sha256: string, bytes: number) => void} arriving told how far each is
 */

/**
 * An InferenceClient whose calls were made ahead; each answer is given out once. Before `begin` it is one as any other: its
 * worker starts up meanwhile. A browser keeps what is posted to a worker that hasn't run its script yet with the one who
 * posts, until that has a moment, and Python has none while it boots.
 */
export class WarmStartClient extends InferenceClient {
  /** @param {URL} workerUrl */
  constructor(workerUrl) {
    super(workerUrl);
    this.specJson = "";
    this.failed = false;
    /** @private @type {Promise<string> | null} */ this.opened = null;
    /** @private @type {Map<string, Promise<unknown>>} */ this.fed = new Map();
    /** @type {Promise<string> | null} */ this.built = null;
  }

  /**
   * Raises for what is no spec, before anything is asked for.
   *
   * @param {string} specJson
   * @param {Coming | null} [coming] null: all of it is on the device
   */
  begin(specJson, coming = null) {
    const needed = neededShards(readSpec(JSON.parse(specJson)));
    this.specJson = specJson;
    this.opened = super.open(specJson);
    // Python keeps this thread busy while the shards come, so all of it is asked for at once: the worker waits by itself.
    this.fed = coming ? this.brought(coming) : new Map(needed.map(({ sha256 }) => [sha256, super.feed(sha256)]));
    this.built = coming ? coming.connected.then(() => super.build()) : super.build();
    for (const ahead of [this.opened, this.built, ...this.fed.values()]) ahead.catch(() => (this.failed = true));
  }

  /** @private @param {Coming} coming @returns {Map<string, Promise<unknown>>} */
  brought({ shards, connected, arriving }) {
    return new Map(shards.map((shard) => [
      shard.sha256, connected.then(() => this.bring(shard, (bytes) => arriving(shard.sha256, bytes)))]));
  }

  /** @override @param {string} specJson */
  open(specJson) {
    return this.opened ?? super.open(specJson);
  }

  /**
   * @override
   * @param {string} sha256
   * @param {Blob | null} [blob]
   */
  async feed(sha256, blob = null) {
    const ahead = this.fed.get(sha256);
    this.fed.delete(sha256);
    // What failed ahead says nothing of now: the shard may have been fetched since.
    const done = ahead && (await ahead.then(() => true, () => false));
    return done ? "" : super.feed(sha256, blob);
  }

  /** @override */
  build() {
    return this.built ? this.built.catch(() => super.build()) : super.build();
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
   * @param {() => Promise<import("./first-visit.js").FirstVisit | null>} [planned] what a first visit begins with
   * @param {WarmStartClient | null} [spare] whose worker starts up for whatever is begun with first
   */
  constructor(shards, workerUrl, planned = async () => null, spare = null) {
    /** @private */ this.shards = shards;
    /** @private */ this.workerUrl = workerUrl;
    /** @private */ this.planned = planned;
    /** @private */ this.spare = spare;
    /** @private A first visit's plan is looked for, and its model is opened. */
    this.planning = Promise.resolve();
    /** @private */ this.connect = () => {};
    /** @private @type {Promise<void>} */
    this.connection = new Promise((resolve) => { this.connect = resolve; });
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
      const text = await this.shards.settings.read(SETTING);
      if (text === null) {
        this.planning = this.beginFirst();
        return;
      }
      const { spec, bytes, budget, begun } = remembered(text);
      if (this.over || bytes > Math.min(budget, this.budget)) return;
      if (begun) return void this.note(false);
      this.make(spec, bytes);
      if (bytes < LARGE) return;
      void this.note(true);
      const ended = () => this.note(false);
      this.client?.built?.then(ended, ended);
    } catch {
      this.client = null; // a setting that can't be read is as good as none
    }
  }

  /**
   * From now on the connection may be used for what a first visit begins with.
   *
   * @returns {Promise<void>} settled once its worker has heard of all of it, where it is to begin
   */
  async connected() {
    this.connect();
    await this.starting;
    await this.planning;
    await this.client?.ping();
  }

  /** @private Of a first visit nothing is remembered. */
  async beginFirst() {
    const found = await this.planned().catch(() => null); // then it is Python's matter, and what was wrong, too
    if (!found || this.over || found.bytes > this.budget) return;
    const { spec, bytes, shards } = found;
    const arriving = (/** @type {string} */ sha256, /** @type {number} */ count) => this.shards.arriving(sha256, count);
    this.make(spec, bytes, { shards, connected: this.connection, arriving });
  }

  /** @private @param {string} spec @param {number} bytes @param {Coming} [coming] */
  make(spec, bytes, coming) {
    const client = this.another();
    client.begin(spec, coming);
    this.bytes = bytes;
    this.client = client;
  }

  /** @private @returns {WarmStartClient} whose worker may be up already */
  another() {
    const { spare } = this;
    this.spare = null;
    return spare && !spare.ended ? spare : new WarmStartClient(this.workerUrl);
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
    this.connect(); // by what Python knows it is time for the model
    if (ahead && !ahead.failed && isSame(ahead.specJson, specJson)) return ahead;
    ahead?.close();
    return this.another();
  }

  /** @returns {string} JSON {model, bytes} of what is ahead and was not taken; "": nothing */
  held() {
    if (!this.client) return "";
    return JSON.stringify({ model: JSON.parse(this.client.specJson).manifest.model, bytes: this.bytes });
  }

  /** Ends what is ahead, and begins nothing any more. */
  drop() {
    for (const client of [this.client, this.spare]) client?.close();
    this.client = this.spare = null;
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

/** Whether two JSON texts say the same: Python writes a spec with other spaces and other names first. @param {string} one @param {string} other */
function isSame(one, other) {
  return one === other || canonical(JSON.parse(one)) === canonical(JSON.parse(other));
}

/** @param {unknown} value @returns {string} JSON, its names in their order */
function canonical(value) {
  const sorted = (/** @type {string} */ _, /** @type {any} */ part) =>
    (part && typeof part === "object" && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part);
  return JSON.stringify(value, sorted);
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
