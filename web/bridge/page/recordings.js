/**
 * Decodes recordings for the engine. Browsers offer this to the page alone; the decoding itself is off its thread.
 */

const RATE = 16_000;
/** Samples that are mixed before the page may draw again. */
const PIECE = 1 << 19;

/**
 * One channel of 16,000 samples a second, whatever the file has. Rejects for what the browser can't decode.
 *
 * @param {Blob} blob
 * @returns {Promise<Float32Array>}
 */
export async function samplesOf(blob) {
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await blob.arrayBuffer());
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
