/**
 * Decodes a picture, off the page's thread: upright, on white where it is transparent, the first of several frames.
 */

import { toBridgeError } from "../errors.js";

/**
 * Raises attachment_broken, and out_of_memory.
 *
 * @param {Blob} blob
 * @param {number} longest its long side in pixels, at most; a smaller picture keeps its size
 * @returns {Promise<OffscreenCanvasRenderingContext2D>} of a canvas as large as the result
 */
export async function drawn(blob, longest) {
  try {
    const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
    const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
    const width = Math.max(1, Math.round(bitmap.width * scale)), height = Math.max(1, Math.round(bitmap.height * scale));
    const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false, willReadFrequently: true });
    if (!context) throw new Error("this browser draws nothing in a worker");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    return context;
  } catch (cause) {
    throw toBridgeError(cause, "attachment_broken");
  }
}
