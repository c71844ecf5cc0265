/**
 * Reads the inflated bundles for a Python that began with a snapshot: behind its start, or as soon as it looks for a file
 * of them. They take 17 MB, so they are held once.
 */

/**
 * @param {Blob[]} blobs
 * @param {Promise<void>} quiet when reading no longer delays the start
 * @param {(blob: Blob) => ArrayBuffer} now reads while the thread waits
 * @returns {() => ArrayBuffer[]} gives them away, once
 */
export function readBehind(blobs, quiet, now) {
  let wanted = true;
  /** @type {ArrayBuffer[] | null} */
  let whole = null;
  const read = async () => {
    await quiet;
    if (!wanted) return;
    const all = await Promise.all(blobs.map((blob) => blob.arrayBuffer()));
    if (wanted) whole = all;
  };
  read().catch(() => {}); // whoever wants them reads them then, and hears why not
  return () => {
    wanted = false;
    const all = whole ?? blobs.map(now);
    whole = null;
    return all;
  };
}
