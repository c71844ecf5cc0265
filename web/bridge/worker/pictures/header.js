/**
 * Reads from a file's first bytes what it is, and how large its picture will be, before anything is decoded: neither its
 * name nor the type that the browser gives it says so for certain.
 *
 * Formats: PNG (W3C), JPEG (ITU T.81), GIF89a, WebP container (RFC 9649), AVIF and HEIC (ISO/IEC 23008-12), BMP.
 */

/**
 * @typedef {object} Header
 * @property {"image" | "audio"} kind
 * @property {string} type its media type
 * @property {number} [width] as stored, before a camera's orientation is applied
 * @property {number} [height]
 * @property {boolean} [animated] it has more than one frame
 */

/** Why a file can't be attached: the page has words for each. @typedef {"empty" | "broken" | "heic" | "svg" | "kind"} Fault */

/** @param {Uint8Array} bytes @param {number} at @param {number} length */
const ascii = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));

/** @param {Uint8Array} bytes */
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * @param {Uint8Array} bytes the whole file
 * @returns {Header | Fault}
 */
export function headerOf(bytes) {
  if (!bytes.length) return "empty";
  try {
    return known(bytes) ?? (isSvg(bytes) ? "svg" : "kind");
  } catch (error) {
    if (error instanceof RangeError) return "broken"; // it ends inside of its header
    throw error;
  }
}

/** @param {Uint8Array} bytes @returns {Header | Fault | null} */
function known(bytes) {
  const start = ascii(bytes, 0, 12);
  const view = viewOf(bytes);
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return png(bytes, view);
  if (start.startsWith("\xff\xd8\xff")) return jpeg(view);
  if (/^GIF8[79]a/.test(start)) return gif(view);
  if (/^RIFF.{4}WEBP/s.test(start)) return webp(bytes, view);
  if (start.slice(4, 8) === "ftyp") return isoMedia(bytes, view);
  if (start.startsWith("BM")) return { kind: "image", type: "image/bmp", width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
  return sound(start);
}

/** @param {string} start @returns {Header | null} */
function sound(start) {
  const type = /^RIFF.{4}WAVE/s.test(start) ? "audio/wav"
    : start.startsWith("OggS") ? "audio/ogg"
    : start.startsWith("fLaC") ? "audio/flac"
    : start.startsWith("\x1a\x45\xdf\xa3") ? "audio/webm"
    : /^(?:ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb])/.test(start) ? "audio/mpeg"
    : null;
  return type ? { kind: "audio", type } : null;
}

/** @param {Uint8Array} bytes @param {DataView} view @returns {Header | Fault} */
function png(bytes, view) {
  if (ascii(bytes, 12, 4) !== "IHDR") return "broken";
  let animated = false;
  for (let at = 8; at + 8 <= bytes.length;) {
    const name = ascii(bytes, at + 4, 4);
    animated ||= name === "acTL";
    if (name === "IDAT" || animated) break;
    at += 12 + view.getUint32(at);
  }
  return { kind: "image", type: "image/png", width: view.getUint32(16), height: view.getUint32(20), animated };
}

/** @param {DataView} view @returns {Header | Fault} */
function jpeg(view) {
  for (let at = 2; ;) {
    while (view.getUint8(at) !== 0xff) at += 1;
    while (view.getUint8(at) === 0xff) at += 1;
    const marker = view.getUint8(at);
    at += 1;
    if (marker === 0xd9 || marker === 0xda) return "broken"; // its picture begins, or it ends, without a frame's header
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue; // they stand alone
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { kind: "image", type: "image/jpeg", height: view.getUint16(at + 3), width: view.getUint16(at + 5) };
    }
    at += view.getUint16(at);
  }
}

/** @param {DataView} view @returns {Header} */
function gif(view) {
  return { kind: "image", type: "image/gif", width: view.getUint16(6, true), height: view.getUint16(8, true), animated: frames(view) > 1 };
}

/** Frames of a GIF, counted up to 2: the rest would only take time. @param {DataView} view */
function frames(view) {
  const colours = (/** @type {number} */ packed) => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);
  let at = 13 + colours(view.getUint8(10));
  const skip = () => {
    for (let size = view.getUint8(at); size; size = view.getUint8(at)) at += size + 1;
    at += 1;
  };
  let found = 0;
  try {
    while (found < 2) {
      const block = view.getUint8(at);
      if (block === 0x2c) {
        found += 1;
        at += 10 + colours(view.getUint8(at + 9)) + 1;
      } else if (block === 0x21) at += 2;
      else break;
      skip();
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // cut off: what its first frame needs may be there
  }
  return found;
}

/** @param {Uint8Array} bytes @param {DataView} view @returns {Header | Fault} */
function webp(bytes, view) {
  const three = (/** @type {number} */ at) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
  const header = { kind: /** @type {const} */ ("image"), type: "image/webp" };
  switch (ascii(bytes, 12, 4)) {
    case "VP8X": return { ...header, width: three(24) + 1, height: three(27) + 1, animated: (view.getUint8(20) & 2) > 0 };
    case "VP8L": {
      const packed = view.getUint32(21, true);
      return { ...header, width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
    }
    case "VP8 ": return { ...header, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    default: return "broken";
  }
}

/** What begins with a box "ftyp": its brands say which of many formats it is. @param {Uint8Array} bytes @param {DataView} view @returns {Header | Fault} */
function isoMedia(bytes, view) {
  const end = Math.min(view.getUint32(0), 256);
  const brands = [ascii(bytes, 8, 4)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(ascii(bytes, at, 4));
  if (brands.some((brand) => brand === "avif" || brand === "avis")) return avif(bytes, view, brands[0] === "avis");
  if (brands.some((brand) => /^(?:hei[cxms]|hev[cxms]|mif1|msf1)$/.test(brand))) return "heic";
  if (brands.some((brand) => /^(?:M4A |M4B |mp4\d|isom|iso\d|dash)$/.test(brand))) return { kind: "audio", type: "audio/mp4" };
  return "kind";
}

/**
 * The largest of the sizes that its boxes "ispe" name: of the picture, its alpha and its tiles.
 *
 * @param {Uint8Array} bytes @param {DataView} view @param {boolean} animated @returns {Header | Fault}
 */
function avif(bytes, view, animated) {
  let width = 0, height = 0;
  for (let at = 0; at + 16 <= Math.min(bytes.length, 1 << 16); at += 1) {
    if (bytes[at] === 0x69 && ascii(bytes, at, 4) === "ispe") {
      width = Math.max(width, view.getUint32(at + 8));
      height = Math.max(height, view.getUint32(at + 12));
    }
  }
  return width ? { kind: "image", type: "image/avif", width, height, animated } : "broken";
}

/** @param {Uint8Array} bytes */
function isSvg(bytes) {
  const text = new TextDecoder().decode(bytes.subarray(0, 4096)).trimStart();
  return /^<(?:\?xml|!--|!doctype\s+svg|svg)/i.test(text) && /<svg[\s/>]/i.test(text);
}
