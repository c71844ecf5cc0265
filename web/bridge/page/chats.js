/**
 * Opens the IndexedDB database "orion-chats", and tells the other tabs what changed in it.
 *
 *   chats   id            -> {id, title, count, updated, next, old?}   by [updated, id]: newest first
 *   turns   [chat, turn]  -> {chat, id, seq, role, text, state, run?, owner?, …}
 *   gone    chat          -> {turns}   deleted turns that an older version of the page may still write, or a page ask again
 *   attachments  SHA-256  -> {kind, blob, thumb, bytes}   the files that turns name (`files`), by attachment-store.js
 *
 * What is read and written in a transaction is decided by ui/chats/rows.py, which is called inside of it.
 * A later version of this layout raises VERSION; older pages then keep their conversations in memory.
 */

const NAME = "orion-chats";
const VERSION = 2;
const STORES = ["chats", "turns", "gone", "attachments"];
const OPEN_PATIENCE_MS = 8000;

/** @typedef {[string, ...any[]]} Step */
/** @typedef {{reads?: Step[], writes?: Step[]}} Plan */

/** @type {Promise<IDBDatabase> | null} */
let connection = null;

/** @returns {Promise<IDBDatabase>} */
export function connect() {
  if (connection) return connection;
  /** @type {Promise<IDBDatabase>} */
  const opening = new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    const late = setTimeout(() => reject(new Error("the database doesn't open")), OPEN_PATIENCE_MS);
    request.onupgradeneeded = (event) => {
      if (event.oldVersion < 1) {
        const chats = request.result.createObjectStore("chats");
        chats.createIndex("updated", ["updated", "id"]);
        request.result.createObjectStore("turns");
        request.result.createObjectStore("gone");
      }
      request.result.createObjectStore("attachments");
      request.transaction?.objectStore("turns").createIndex("files", "files", { multiEntry: true });
    };
    request.onblocked = () => reject(new Error("another tab holds an older database open"));
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      clearTimeout(late);
      const database = request.result;
      database.onversionchange = () => { database.close(); forget(opening); };
      database.onclose = () => forget(opening);
      resolve(database);
    };
  });
  connection = opening;
  opening.catch(() => forget(opening));
  return opening;
}

/** @param {Promise<IDBDatabase>} one */
function forget(one) {
  if (connection === one) connection = null;
}

/** All rows of one conversation: an array sorts behind every string. @param {string} chat */
const under = (chat) => IDBKeyRange.bound([chat], [chat, []]);

/**
 * @param {IDBTransaction} transaction
 * @param {Step} step
 * @param {(value: any) => void} then
 */
function read(transaction, [kind, ...rest], then) {
  if (kind === "newest") {
    const [count, before] = rest;
    /** @type {any[]} */
    const rows = [];
    const range = before ? IDBKeyRange.upperBound(before, true) : null;
    const request = transaction.objectStore("chats").index("updated").openCursor(range, "prev");
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor) rows.push(cursor.value);
      if (cursor && rows.length < count) cursor.continue();
      else then(rows);
    };
    return;
  }
  if (kind === "users") {
    const request = transaction.objectStore("turns").index("files").getAllKeys(rest[0]);
    request.onsuccess = () => then(request.result);
    return;
  }
  const [name, key] = rest;
  const store = transaction.objectStore(name);
  /** @type {IDBRequest<any>} */
  const request = kind === "get" ? store.get(key)
    : kind === "under" ? store.getAll(under(key))
    : kind === "keys-under" ? store.getAllKeys(under(key))
    : kind === "all" ? store.getAll()
    : kind === "keys" ? store.getAllKeys()
    : raise(`no read is called ${kind}`);
  request.onsuccess = () => then(request.result ?? null);
}

/** @param {IDBTransaction} transaction @param {Step} step */
function write(transaction, [kind, name, key, value]) {
  const store = transaction.objectStore(name);
  if (kind === "put") store.put(value, key);
  else if (kind === "delete") store.delete(key);
  else if (kind === "delete-under") store.delete(under(key));
  else if (kind === "clear") store.clear();
  else raise(`no write is called ${kind}`);
}

/** @param {string} message @returns {never} */
function raise(message) {
  throw new TypeError(message);
}

/** @param {unknown} error */
const nameOf = (error) => (error instanceof DOMException || error instanceof Error ? error.name : "");

/**
 * One transaction: reads, asks `decide` what to do, and does it. Where `decide` wants to read more first
 * it is asked again, with the next round's number and what that found.
 *
 * @param {Step[]} reads
 * @param {boolean} writes
 * @param {(round: number, found: string) => string} decide
 * @returns {Promise<void>} once it is committed
 */
async function transact(reads, writes, decide) {
  const database = await connect();
  const transaction = database.transaction(STORES, writes ? "readwrite" : "readonly");
  return new Promise((resolve, reject) => {
    /** @type {unknown} */
    let fault = null;
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(fault ?? transaction.error ?? new Error("the transaction was aborted"));
    /** @param {() => void} work */
    const guarded = (work) => {
      try { work(); } catch (error) { fault = error; transaction.abort(); }
    };
    /** @param {Step[]} steps @param {number} round */
    const go = (steps, round) => {
      /** @type {any[]} */
      const found = [];
      let open = steps.length;
      for (const [place, step] of steps.entries()) {
        read(transaction, step, (value) => {
          found[place] = value;
          open -= 1;
          if (!open) guarded(() => act(JSON.parse(decide(round, JSON.stringify(found))), round));
        });
      }
    };
    /** @param {Plan} plan @param {number} round */
    const act = (plan, round) => {
      if (plan.reads?.length) return go(plan.reads, round + 1);
      for (const step of plan.writes ?? []) write(transaction, step);
      transaction.commit?.(); // so that it is done even where the page goes away now
    };
    guarded(() => go(reads, 0));
  });
}

/**
 * Calls are distinguished by a number: MicroPython's functions are handed over once and not for each call.
 *
 * @param {(call: number, round: number, found: string) => string} decide called inside the transaction
 * @param {(call: number) => void} done it is committed
 * @param {(call: number, why: string) => void} failed "quota" or "unavailable"; nothing of it was written
 * @param {(text: string) => void} heard called with what another tab posts
 */
export function openChats(decide, done, failed, heard) {
  /** @type {BroadcastChannel | null} */
  let channel = null;
  try {
    channel = new BroadcastChannel(NAME);
    channel.onmessage = (event) => heard(String(event.data));
  } catch { /* this tab hears nothing, and reads again when it is looked at */ }

  /** @param {number} call @param {Step[]} reads @param {boolean} writes */
  async function run(call, reads, writes) {
    for (let attempt = 1; ; attempt += 1) {
      let wrong = false;
      try {
        return await transact(reads, writes, (round, found) => {
          try { return decide(call, round, found); } catch (error) { wrong = true; throw error; }
        });
      } catch (error) {
        if (wrong) console.error(error);
        // iOS ends the connection of a page in the background, and any browser when site data is cleared.
        if (wrong || nameOf(error) === "QuotaExceededError" || attempt === 2) throw error;
        void connection?.then((database) => database.close(), () => undefined);
        connection = null;
      }
    }
  }

  return {
    /** @param {number} call @param {string} reads JSON: steps @param {boolean} writes */
    run(call, reads, writes) {
      run(call, JSON.parse(reads), writes).then(
        () => done(call),
        (error) => failed(call, nameOf(error) === "QuotaExceededError" ? "quota" : "unavailable"),
      );
    },
    /** @param {string} text */
    tell(text) {
      channel?.postMessage(text);
    },
  };
}
