/**
 * Checks that a file is an ONNX model and lists the files that it points into, before onnxruntime sees it.
 *
 * The same walk as orion_py/external/onnx_outline.py, where the format is named: protobuf's wire
 * format by the messages that can hold tensors; all else is stepped over, and nothing is built.
 */

import { BridgeError } from "../errors.js";

const MAX_FIELDS = 4_000_000;
const MAX_DEPTH = 64;
const [VARINT, FIXED64, LENGTH, FIXED32] = [0, 1, 2, 5];

/** @type {Record<string, Record<number, string>>} message to the fields that hold messages */
const SCHEMA = {
  model: { 7: "graph", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  function: { 7: "node", 11: "attribute" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: { 13: "entry" },
};
const MODEL_FIELDS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26]);

/**
 * The locations that the file's tensors name. Raises invalid_model_folder where it is no ONNX file: a
 * web page, a pickle, a file cut short.
 *
 * @param {Uint8Array} data
 * @param {string} name what the error calls it
 * @returns {Set<string>}
 */
export function externalFiles(data, name) {
  const text = new TextDecoder();
  /** @type {Set<string>} */
  const found = new Set();
  let count = 0;

  /** @param {string} why */
  const refused = (why) =>
    new BridgeError("invalid_model_folder", `${name} is no ONNX file, or a damaged one: ${why}.`, { path: name });

  let at = 0; // where `varint` reads, and stops
  /** @param {number} end */
  function varint(end) {
    let value = 0;
    let unit = 1;
    for (let place = 0; place < 10 && at < end; place += 1, unit *= 128) {
      const byte = data[at];
      at += 1;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw refused(`it is cut short, or no protobuf, at byte ${at}`);
  }

  /**
   * Calls `visit` with each field of a message: its number, first byte, and one past the last.
   *
   * @param {number} start
   * @param {number} end
   * @param {(field: number, first: number, last: number) => void} visit
   */
  function fields(start, end, visit) {
    let position = start;
    while (position < end) {
      count += 1;
      if (count > MAX_FIELDS) throw refused(`it has more than ${MAX_FIELDS} fields`);
      at = position;
      const tag = varint(end);
      const [field, wire] = [Math.floor(tag / 8), tag % 8];
      let length = 0;
      if (wire === LENGTH) length = varint(end);
      else if (wire === VARINT) varint(end);
      else if (wire === FIXED32 || wire === FIXED64) length = wire === FIXED32 ? 4 : 8;
      else throw refused(`byte ${position} is no protobuf`);
      if (!field) throw refused(`byte ${position} is no protobuf`);
      if (length > end - at) throw refused(`it is cut short: ${length} bytes wanted at ${at} of ${end}`);
      const first = at;
      position = first + length;
      visit(field, first, position);
    }
  }

  /**
   * @param {string} kind
   * @param {number} start
   * @param {number} end
   * @param {number} depth
   */
  function message(kind, start, end, depth) {
    if (depth > MAX_DEPTH) throw refused(`it is nested more than ${MAX_DEPTH} deep`);
    if (kind === "entry") {
      const entry = ["", "", ""];
      fields(start, end, (field, first, last) => {
        if (field < 3) entry[field] = text.decode(data.subarray(first, Math.min(last, first + 1000)));
      });
      if (entry[1] === "location") found.add(entry[2]);
      return;
    }
    fields(start, end, (field, first, last) => {
      const inner = SCHEMA[kind][field];
      if (inner) message(inner, first, last, depth + 1);
    });
  }

  let graphs = 0;
  fields(0, data.length, (field, first, last) => {
    if (!MODEL_FIELDS.has(field)) throw refused(`field ${field} at byte ${first} is no model's`);
    if (field === 7) graphs += 1;
    const kind = SCHEMA.model[field];
    if (kind) message(kind, first, last, 1);
  });
  if (graphs !== 1) throw refused(graphs ? "it has several graphs" : "it has no graph");
  return found;
}
