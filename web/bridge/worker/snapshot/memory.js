/**
 * Stores a snapshot's memory: without the blocks that hold nothing but zeros, in pieces of a few megabytes that
 * are read one beside the other and summed as they come.
 */

/** What is left out is left out in blocks of this size. */
const BLOCK = 1 << 14;
const PIECE = 1 << 22;

/**
 * @typedef {object} Piece
 * @property {number} bytes
 * @property {[number, number][]} runs where its bytes lie in Python's memory, one run after the other: [place, bytes].
 * The first piece has none: it is what Pyodide keeps beside the memory.
 * @property {number} sum
 */

/**
 * Sums 32-bit words in four lanes: what a disk or a database may damage shows, in a fifth of a hash's time.
 *
 * @param {ArrayBuffer} buffer
 */
export function sumOf(buffer) {
  const words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
  const whole = words.length & ~3;
  let a = words.length;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let index = 0; index < whole; index += 4) {
    a = (a + words[index]) | 0;
    b = (b + words[index + 1]) | 0;
    c = (c + words[index + 2]) | 0;
    d = (d + words[index + 3]) | 0;
  }
  for (let index = whole; index < words.length; index += 1) a = (a + words[index]) | 0;
  return a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ Math.imul(d, 0xc2b2ae35);
}

/**
 * @param {ArrayBuffer} memory as Pyodide's `makeMemorySnapshot` gives it: the second word says where Python's begins
 * @returns {{pieces: Piece[], memory: ArrayBuffer}} memory: the pieces' bytes, one behind the other
 */
export function pack(memory) {
  const header = new Uint32Array(memory, 0, 2)[1];
  const heap = new Uint8Array(memory, header);
  /** @type {Omit<Piece, "sum">[]} */
  const plan = [{ bytes: header, runs: [] }];
  for (let at = 0; at < heap.length; at += BLOCK) {
    const end = Math.min(at + BLOCK, heap.length);
    if (isEmpty(heap, at, end)) continue;
    if (plan.length === 1 || plan[plan.length - 1].bytes >= PIECE) plan.push({ bytes: 0, runs: [] });
    const piece = plan[plan.length - 1];
    const run = piece.runs[piece.runs.length - 1];
    piece.bytes += end - at;
    if (run && run[0] + run[1] === at) run[1] += end - at;
    else piece.runs.push([at, end - at]);
  }
  const packed = new Uint8Array(plan.reduce((sum, { bytes }) => sum + bytes, 0));
  packed.set(new Uint8Array(memory, 0, header));
  let place = header;
  for (const [at, bytes] of plan.flatMap(({ runs }) => runs)) {
    packed.set(heap.subarray(at, at + bytes), place);
    place += bytes;
  }
  let begin = 0;
  const pieces = plan.map((piece) => ({ ...piece, sum: sumOf(packed.buffer.slice(begin, (begin += piece.bytes))) }));
  return { pieces, memory: packed.buffer };
}

/** @param {Uint8Array} heap @param {number} begin @param {number} end */
function isEmpty(heap, begin, end) {
  for (let at = begin; at < end; at += 1) if (heap[at]) return false;
  return true;
}

/**
 * Makes `heap` what was packed, whatever it holds.
 *
 * @param {Uint8Array} heap as long as it was then
 * @param {Piece[]} pieces
 * @param {ArrayBuffer[]} buffers each piece's bytes
 */
export function unpack(heap, pieces, buffers) {
  let at = 0;
  for (const [index, { runs }] of pieces.entries()) {
    let begin = 0;
    for (const [place, bytes] of runs) {
      heap.fill(0, at, place);
      heap.set(new Uint8Array(buffers[index], begin, bytes), place);
      begin += bytes;
      at = place + bytes;
    }
  }
  heap.fill(0, at);
}
