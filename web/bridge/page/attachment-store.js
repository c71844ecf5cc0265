/**
 * Stores attached files in the conversations' database (chats.js), by the SHA-256 of their bytes, so that a file that was
 * attached twice is there once. What no turn and no draft names any more is deleted by the steps of ui/chats/files.py.
 */

import { connect } from "./chats.js";

/** @typedef {{kind: "image" | "audio", blob: Blob, thumb: Blob | null}} File */

const STORE = "attachments";

/**
 * @template T
 * @param {"readonly" | "readwrite"} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>} once it is committed
 */
async function inStore(mode, act) {
  const transaction = (await connect()).transaction(STORE, mode);
  const request = act(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
  });
}

/** Rejects with QuotaExceededError where there is no room. @param {string} id @param {File} file */
export const keepFile = (id, { kind, blob, thumb }) =>
  inStore("readwrite", (store) => store.put({ kind, blob, thumb, bytes: blob.size + (thumb?.size ?? 0) }, id));

/** @param {string} id @returns {Promise<File | null>} */
export const keptFile = async (id) => (await inStore("readonly", (store) => store.get(id))) ?? null;

/** @returns {Promise<number>} what all of them take */
export async function keptBytes() {
  const rows = await inStore("readonly", (store) => store.getAll());
  return rows.reduce((sum, row) => sum + row.bytes, 0);
}
