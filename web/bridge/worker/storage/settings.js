/** Stores small values by key: in the database beside the shards, or in memory where there is none. */

/** @typedef {import("./database.js").Database} Database */

/** What was read ahead is used no longer than this, whether the engine has started by then or not. */
const AHEAD_MS = 5000;

export class Settings {
  /** @param {Database | null} database */
  constructor(database) {
    /** @private */ this.database = database;
    /** @private @type {Map<string, unknown>} */
    this.held = new Map();
    /** @private @type {Promise<Map<string, unknown>> | null} */
    this.ahead = null;
    /** @private @type {Set<string>} keys that were read or written since: they are read anew */
    this.spent = new Set();
  }

  /**
   * Reads all of them in one transaction, because the engine's start asks for some twenty, one after the other. The
   * first `read` of each is answered from that, unless this tab wrote it since. `forget` ends it.
   */
  readAhead() {
    if (!this.database) return;
    /** @type {Map<string, unknown>} */
    const found = new Map();
    this.ahead = this.database.transact(["settings"], "readonly", (transaction) => {
      const settings = transaction.objectStore("settings");
      const keys = settings.getAllKeys();
      const values = settings.getAll();
      values.onsuccess = () => keys.result.forEach((key, index) => found.set(String(key), values.result[index]));
    }).then(() => found);
    this.ahead.catch(() => this.forget()); // each is read by itself then, and says what is wrong
    setTimeout(() => this.forget(), AHEAD_MS);
  }

  /** What was read ahead isn't used any more, for example because another tab has written. */
  forget() {
    this.ahead = null;
  }

  /**
   * A setting, null if it was never set.
   *
   * @param {string} key
   * @returns {Promise<unknown>}
   */
  async read(key) {
    if (!this.database) return this.held.get(key) ?? null;
    const { ahead } = this;
    if (ahead && !this.spent.has(key)) {
      this.spent.add(key);
      const found = await ahead.catch(() => null);
      if (found && this.ahead === ahead) return found.get(key) ?? null;
    }
    const value = await this.database.transact(["settings"], "readonly", (transaction) =>
      transaction.objectStore("settings").get(key));
    return value ?? null;
  }

  /**
   * @param {string} key
   * @param {unknown} value anything that can be cloned
   */
  async write(key, value) {
    this.spent.add(key);
    if (!this.database) this.held.set(key, value);
    else await this.database.transact(["settings"], "readwrite", (t) => t.objectStore("settings").put(value, key));
  }

  /** @param {string} key */
  async remove(key) {
    this.spent.add(key);
    this.held.delete(key);
    await this.database?.transact(["settings"], "readwrite", (t) => t.objectStore("settings").delete(key));
  }

  /**
   * Writes settings if they still are what was read: compare and swap, in one transaction.
   *
   * @param {string} expectedJson {key: text, or null where there is none}
   * @param {string} wantedJson {key: text, or null to delete it}
   * @returns {Promise<string>} "" once it is written, else what is there: as `expectedJson`
   */
  async swap(expectedJson, wantedJson) {
    /** @type {Record<string, string | null>} */
    const expected = JSON.parse(expectedJson);
    /** @type {[string, string | null][]} */
    const wanted = Object.entries(JSON.parse(wantedJson));
    const keys = Object.keys(expected);
    for (const key of [...keys, ...wanted.map(([each]) => each)]) this.spent.add(key);
    /** @type {Record<string, string | null>} */
    const found = {};
    if (!this.database) {
      for (const key of keys) found[key] = textOf(this.held.get(key));
      if (keys.some((key) => found[key] !== expected[key])) return JSON.stringify(found);
      for (const [key, value] of wanted) {
        if (value === null) this.held.delete(key);
        else this.held.set(key, value);
      }
      return "";
    }
    await this.database.transact(["settings"], "readwrite", (transaction) => {
      const settings = transaction.objectStore("settings");
      const write = () => {
        if (keys.some((key) => found[key] !== expected[key])) return;
        for (const [key, value] of wanted) {
          if (value === null) settings.delete(key);
          else settings.put(value, key);
        }
      };
      let left = keys.length;
      if (!left) write();
      for (const key of keys) {
        const request = settings.get(key);
        request.onsuccess = () => {
          found[key] = textOf(request.result);
          left -= 1;
          if (!left) write();
        };
      }
    });
    return keys.some((key) => found[key] !== expected[key]) ? JSON.stringify(found) : "";
  }

  /** @param {string} prefix @returns {Promise<string[]>} the keys of settings that begin with it */
  async names(prefix) {
    const keys = this.database
      ? await this.database.transact(["settings"], "readonly", (t) => t.objectStore("settings").getAllKeys())
      : [...this.held.keys()];
    return keys.map(String).filter((key) => key.startsWith(prefix));
  }
}

/** @param {unknown} value */
const textOf = (value) => (typeof value === "string" ? value : null);
