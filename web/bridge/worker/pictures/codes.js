/**
 * Reads QR codes and bar codes with zxing, which is fetched when the first picture is looked at. Its WebAssembly goes after
 * each picture: its memory never shrinks, and this worker lives as long as the page.
 */

import { toBridgeError } from "../errors.js";

/** Codes of one picture that are told. */
const MOST = 20;

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{format: string, text: string, position: Record<"topLeft" | "topRight" | "bottomRight" | "bottomLeft", Point>}} Found */
/** @typedef {{prepareZXingModule: (options: object) => void, purgeZXingModule: () => void, formatToLabel: (format: string) => string | undefined, readBarcodes: (picture: ImageData, options: object) => Promise<Found[]>}} Library */

/** @type {Promise<Library> | undefined} */
let library;

/** @param {URL} root the page's folder */
const vendor = (root) => new URL("vendor/zxing/", root);

/** @param {URL} root @returns {Promise<Library>} */
function loaded(root) {
  const folder = vendor(root);
  return import(new URL("reader/index.js", folder).href);
}

/**
 * Raises download_failed, where the library isn't on the device and can't be fetched.
 *
 * @param {URL} root the page's folder
 * @param {Uint8Array} pixels red, green and blue of each, row by row
 * @param {number} width
 * @param {number} height
 * @returns {Promise<string>} JSON: a list of {kind, text, box}, from the top down; the box is four corners, clockwise
 */
export async function readCodes(root, pixels, width, height) {
  try {
    const zxing = await (library ??= loaded(root));
    zxing.prepareZXingModule({ overrides: { locateFile: (/** @type {string} */ name) => new URL(name, vendor(root)).href } });
    const reading = zxing.readBarcodes(opaque(pixels, width, height), { maxNumberOfSymbols: MOST });
    const found = await reading.finally(() => zxing.purgeZXingModule());
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

/** @param {Uint8Array} pixels @param {number} width @param {number} height */
function opaque(pixels, width, height) {
  const picture = new ImageData(width, height);
  const { data } = picture;
  for (let from = 0, to = 0; to < data.length; from += 3, to += 4) {
    data[to] = pixels[from];
    data[to + 1] = pixels[from + 1];
    data[to + 2] = pixels[from + 2];
    data[to + 3] = 255;
  }
  return picture;
}
