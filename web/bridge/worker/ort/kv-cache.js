/**
 * Keeps the keys and values of the tokens so far on the WASM heap.
 *
 * One tensor [1, heads, stride, dim] of float32 for each layer's keys and each layer's values.
 * Preallocated, the stride is the capacity and a decode step writes its row in place; otherwise
 * the tensors are the last run's own outputs and the stride is how many rows they hold.
 */

import { FLOAT } from "./ort.js";

/** Rows of a fresh cache: a question and the start of an answer. */
const FIRST_CAPACITY = 256;

/** @typedef {{handle: number, data: number}} HeapTensor */

export class KvCache {
  /**
   * @param {import("./ort.js").Ort} ort
   * @param {{tensors: number, heads: number, dim: number}} shape
   * @param {number} context rows at most
   * @param {boolean} preallocated
   */
  constructor(ort, { tensors, heads, dim }, context, preallocated) {
    /** @private */ this.ort = ort;
    /** @private */ this.heads = heads;
    /** @private */ this.dim = dim;
    /** @private */ this.rowBytes = dim * 4;
    /** @private */ this.context = context;
    this.preallocated = preallocated;
    this.rows = 0;
    /** @private */ this.stride = 0;
    /** @private @type {HeapTensor[]} */
    this.tensors = Array.from({ length: tensors }, () => this.make(0));
    if (preallocated) this.reserve(Math.min(FIRST_CAPACITY, context));
  }

  /** Their handles, keys and values of a layer side by side. */
  get handles() {
    return this.tensors.map((tensor) => tensor.handle);
  }

  /**
   * Makes room for `rows` rows, doubling. Raises out_of_memory.
   *
   * @param {number} rows
   * @returns {boolean} whether the handles changed
   */
  reserve(rows) {
    if (rows <= this.stride) return false;
    const stride = Math.min(Math.max(rows, 2 * this.stride), this.context);
    // One tensor at a time, so that old and new exist twice for one tensor only.
    this.tensors.forEach((old, index) => {
      const wider = this.make(stride);
      this.copy(old.data, this.stride, 0, wider.data, stride, 0, this.rows);
      this.release(old);
      this.tensors[index] = wider;
    });
    this.stride = stride;
    return true;
  }

  /**
   * The first `rows` rows as tensors without gaps; the caller releases them.
   *
   * @param {number} rows
   * @returns {HeapTensor[]}
   */
  gather(rows) {
    return this.tensors.map((tensor) => {
      const packed = this.make(rows);
      this.copy(tensor.data, this.stride, 0, packed.data, rows, 0, rows);
      return packed;
    });
  }

  /**
   * As `gather`, without a copy where the cache's tensors hold just these rows: not preallocated,
   * until `adopt` it then has none.
   *
   * @param {number} rows
   * @returns {HeapTensor[]}
   */
  take(rows) {
    if (this.preallocated || rows !== this.stride) return this.gather(rows);
    const { tensors } = this;
    this.tensors = [];
    return tensors;
  }

  /**
   * Keeps rows `from` to `to` of what a run put out as [1, heads, to, dim].
   *
   * @param {HeapTensor[]} present
   * @param {number} from
   * @param {number} to
   */
  scatter(present, from, to) {
    this.reserve(to);
    present.forEach((tensor, index) => {
      this.copy(tensor.data, to, from, this.tensors[index].data, this.stride, from, to - from);
    });
    this.rows = to;
  }

  /**
   * Takes over a run's outputs [1, heads, rows, dim] as the cache.
   *
   * @param {HeapTensor[]} present
   * @param {number} rows
   */
  adopt(present, rows) {
    this.tensors.forEach((tensor) => this.release(tensor));
    this.tensors = present;
    this.stride = rows;
    this.rows = rows;
  }

  /**
   * Frees a tensor that `gather` made or a run put out.
   *
   * @param {HeapTensor & {owned?: boolean}} tensor
   */
  release(tensor) {
    this.ort.releaseTensor(tensor.handle);
    if (tensor.owned) this.ort.free(tensor.data);
  }

  /**
   * @private
   * @param {number} rows
   * @returns {HeapTensor & {owned: true}} its memory is ours to free
   */
  make(rows) {
    const bytes = this.heads * rows * this.rowBytes;
    const data = this.ort.alloc(bytes);
    return { handle: this.ort.tensor(FLOAT, [1, this.heads, rows, this.dim], data, bytes), data, owned: true };
  }

  /**
   * Copies `count` rows of every head between two layouts.
   *
   * @private
   * @param {number} source pointer
   * @param {number} sourceStride rows a head
   * @param {number} sourceRow
   * @param {number} target pointer
   * @param {number} targetStride
   * @param {number} targetRow
   * @param {number} count
   */
  copy(source, sourceStride, sourceRow, target, targetStride, targetRow, count) {
    const heap = this.ort.heap();
    for (let head = 0; head < this.heads; head += 1) {
      const from = source + (head * sourceStride + sourceRow) * this.rowBytes;
      const to = target + (head * targetStride + targetRow) * this.rowBytes;
      heap.copyWithin(to, from, from + count * this.rowBytes);
    }
  }
}
