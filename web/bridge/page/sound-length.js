/**
 * Says how long a recording is, by what its file says of itself: to decode hours of sound takes more memory than a page has,
 * and browsers end it then.
 */

/** Bytes at the end of an Ogg file, among which its last page begins. */
const LAST_PAGE = 1 << 17;
const MP3_KBITS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MP3_RATES = [44_100, 48_000, 32_000];
const MP3_LOWER_KBITS = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/** @param {ArrayBuffer} buffer a whole file @returns {number | null} seconds; null: the file doesn't say, or isn't known */
export function secondsOf(buffer) {
  const file = new File(buffer);
  try {
    const begin = file.text(0, 4);
    if (begin === "OggS") return ogg(file);
    if (begin === "fLaC") return flac(file);
    if (begin === "RIFF") return wav(file);
    if (file.text(4, 4) === "ftyp") return mp4(file);
    if (file.view.getUint32(0) === 0x1a45dfa3) return webm(file);
    return mp3(file);
  } catch (cause) {
    if (cause instanceof RangeError) return null; // it ends too early
    throw cause;
  }
}

class File {
  /** @param {ArrayBuffer} buffer */
  constructor(buffer) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  /** @param {number} at @param {number} length */
  text(at, length) {
    return String.fromCharCode(...this.bytes.subarray(at, at + length));
  }

  /** Where `mark` stands first, from `from` on; -1: nowhere. @param {string} mark @param {number} [from] @param {number} [to] */
  find(mark, from = 0, to = this.bytes.length) {
    const codes = [...mark].map((each) => each.charCodeAt(0));
    for (let at = this.bytes.indexOf(codes[0], from); at >= 0 && at < to; at = this.bytes.indexOf(codes[0], at + 1)) {
      if (codes.every((code, index) => this.bytes[at + index] === code)) return at;
    }
    return -1;
  }
}

/** @param {File} file */
function ogg(file) {
  const vorbis = file.find("\x01vorbis", 0, 512);
  const rate = vorbis >= 0 ? file.view.getUint32(vorbis + 12, true) : 48_000; // Opus counts so, whatever it holds
  let last = -1;
  const from = Math.max(0, file.bytes.length - LAST_PAGE);
  for (let at = file.find("OggS", from); at >= 0; at = file.find("OggS", at + 4)) last = at;
  return last < 0 || !rate ? null : Number(file.view.getBigInt64(last + 6, true)) / rate;
}

/** @param {File} file */
function flac(file) {
  const rate = file.view.getUint32(18) >>> 12;
  const samples = (file.view.getUint8(21) & 15) * 2 ** 32 + file.view.getUint32(22);
  return rate && samples ? samples / rate : null;
}

/** @param {File} file */
function wav(file) {
  const format = file.find("fmt ");
  const rate = format < 0 ? 0 : file.view.getUint32(format + 16, true); // bytes a second
  return rate ? file.bytes.length / rate : null;
}

/** @param {File} file */
function mp4(file) {
  const at = file.find("mvhd");
  if (at < 0) return null;
  const long = file.view.getUint8(at + 4) === 1;
  const scale = file.view.getUint32(at + (long ? 24 : 16));
  const length = long ? Number(file.view.getBigUint64(at + 28)) : file.view.getUint32(at + 20);
  return scale && length ? length / scale : null;
}

/** @param {File} file */
function webm(file) {
  const double = file.find("\x44\x89\x88", 0, 4096);
  const float = double < 0 ? file.find("\x44\x89\x84", 0, 4096) : -1;
  if (double < 0 && float < 0) return null;
  const length = double >= 0 ? file.view.getFloat64(double + 3) : file.view.getFloat32(float + 3);
  return length / 1000; // in ms, but for files that say otherwise
}

/** By the count of frames that encoders write into the first one, else by that one's bits a second. @param {File} file */
function mp3(file) {
  let at = 0;
  if (file.text(0, 3) === "ID3") at = 10 + [6, 7, 8, 9].reduce((sum, place) => sum * 128 + file.view.getUint8(place), 0);
  for (const end = at + 8192; at < end; at += 1) {
    const head = file.view.getUint32(at);
    const version = (head >>> 19) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
    const kbits = (version === 3 ? MP3_KBITS : MP3_LOWER_KBITS)[(head >>> 12) & 15];
    const rate = MP3_RATES[(head >>> 10) & 3] / (version === 3 ? 1 : version === 2 ? 2 : 4);
    if (head >>> 21 !== 0x7ff || version === 1 || ((head >>> 17) & 3) !== 1 || !kbits || !rate) continue;
    const mark = Math.max(file.find("Xing", at, at + 64), file.find("Info", at, at + 64));
    const counted = mark >= 0 && file.view.getUint32(mark + 4) & 1;
    if (counted) return (file.view.getUint32(mark + 8) * (version === 3 ? 1152 : 576)) / rate;
    return (file.bytes.length - at) / (125 * kbits);
  }
  return null;
}
