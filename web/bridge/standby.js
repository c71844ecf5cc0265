/**
 * Brings the last visit's model into an inference worker while Python boots.
 *
 * No decision is taken here: what Python opened last time is opened again, from this device and
 * without the network. If Python wants the same, it finds it done or under way; if not, or if
 * anything failed, the worker is ended and all goes the ordinary way.
 */

import { InferenceClient } from "./inference-client.js";
import { neededShards, readSpec } from "./spec.js";

const SETTING = "standby";

/** An InferenceClient whose calls were made ahead; each answer is given out once. */
class StandbyClient extends InferenceClient {
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
    /** @private */ this.built = Promise.all(this.fed.values()).then(() => super.build());
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

export class Standby {
  /**
   * @param {import("./shards.js").ShardStore} shards
   * @param {URL} workerUrl of workers/inference.js
   */
  constructor(shards, workerUrl) {
    /** @private */ this.shards = shards;
    /** @private */ this.workerUrl = workerUrl;
    /** @private @type {StandbyClient | null} */
    this.client = null;
  }

  /** Begins with what `remember` was told on an earlier visit, if anything. */
  async start() {
    try {
      const specJson = await this.shards.getSetting(SETTING);
      if (typeof specJson === "string") this.client = new StandbyClient(this.workerUrl, specJson);
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
    if (ahead && ahead.specJson === specJson && !ahead.failed) return ahead;
    ahead?.close();
    return new InferenceClient(this.workerUrl);
  }

  /**
   * What the next visit is to begin with.
   *
   * @param {string} specJson
   */
  async remember(specJson) {
    if (this.shards.kind === "indexeddb") await this.shards.setSetting(SETTING, specJson).catch(() => {});
  }
}
