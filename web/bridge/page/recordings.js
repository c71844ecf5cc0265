/**
 * Decodes recordings for the engine. Browsers offer this to the page alone; the decoding itself is off its thread.
 */

import { secondsOf } from "./sound-length.js";

const RATE = 16_000;
/** Browsers decode a recording as a whole, in its own rate and channels: an hour takes up to 1.4 GB. */
const MOST_SECONDS = 3_600;
/** Samples that are mixed before the page may draw again. */
const PIECE = 1 << 19;

/**
 * One channel of 16,000 samples a second, whatever the file has. Rejects for what the browser can't decode, and with the
 * code recording_too_long for what it had better not.
 *
 * @param {Blob} blob
 * @returns {Promise<Float32Array>}
 */
export async function samplesOf(blob) {
  const bytes = await blob.arrayBuffer();
  if ((secondsOf(bytes) ?? 0) > MOST_SECONDS) throw Object.assign(new Error("too long"), { code: "recording_too_long" });
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(bytes);
  const [mixed, ...others] = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));
  for (let from = 0; others.length && from < mixed.length; from += PIECE) {
    const to = Math.min(from + PIECE, mixed.length);
    for (let at = from; at < to; at += 1) {
      for (const other of others) mixed[at] += other[at];
      mixed[at] /= sound.numberOfChannels;
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return mixed;
}
