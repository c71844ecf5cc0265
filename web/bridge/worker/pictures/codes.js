/**
 * Reads QR codes and bar codes with zxing, which is fetched when the first picture is looked at.
 */

import { toBridgeError } from "../errors.js";

/** Codes of one picture that are told. */
const MOST = 20;

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{format: string, text: string, position: Record<"topLeft" | "topRight" | "bottomRight" | "bottomLeft", Point>}} Found */
/** @typedef {{prepareZXingModule: (options: object) => void, formatToLabel: (format: string) => string | undefined, readBarcodes: (picture: ImageData, options: object) => Promise<Found[]>}} Library */

/** @type {Promise<Library> | undefined} */
let library;

/** @param {URL} root the page's folder */
async function loaded(root) {
  const folder = new URL("vendor/zxing/", root);
  /** @type {Library} */
  const zxing = await import(new URL("reader/index.js", folder).href);
  zxing.prepareZXingModule({ overrides: { locateFile: (/** @type {string} */ name) => new URL(name, folder).href } });
  return zxing;
}

/**
 * Raises download_failed, where the library isn't on the device and can't be fetched.
 *
 * @param {URL} root the page's folder
 * @param {Uint8Array<ArrayBuffer>} pixels red, green, blue and opacity of each, row by row
 * @param {number} width
 * @param {number} height
 * @returns {Promise<string>} JSON: a list of {kind, text, box}, from the top down; the box is four corners, clockwise
 */
export async function readCodes(root, pixels, width, height) {
  try {
    const zxing = await (library ??= loaded(root));
    const picture = new ImageData(new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length), width, height);
    const found = await zxing.readBarcodes(picture, { maxNumberOfSymbols: MOST });
    const codes = found.map(({ format, text, position }) => ({
      kind: zxing.formatToLabel(format) ?? format,
      text,
      box: [position.topLeft, position.topRight, position.bottomRight, position.bottomLeft].map(({ x, y }) => [x, y]),
    }));
    const top = (/** @type {{box: number[][]}} */ code) => Math.min(...code.box.map((corner) => corner[1]));
    return JSON.stringify(codes.sort((a, b) => top(a) - top(b)));
  } catch (cause) {
    library = undefined;
    throw toBridgeError(cause, "download_failed");
  }
}
