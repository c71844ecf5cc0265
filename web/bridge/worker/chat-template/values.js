/**
 * Gives values of `@huggingface/jinja` Python's behaviour: text, equality, order, JSON.
 *
 * Templates are written for jinja2, so what they print is Python's: `True` and not `true`, lengths in
 * code points, `strip` of Python's white space (no byte order mark). The library's own values follow
 * JavaScript; tests/native/test_chat_template_parity.py holds these here to jinja2.
 */

import { Environment, Interpreter, parse, tokenize } from "../../../vendor/jinja/index.js";

/** @typedef {any} Value one of the library's runtime values: {type, value} */
/** @typedef {new (value?: any) => Value} Kind */

/** @param {unknown} example @returns {Kind} */
const kindOf = (example) => /** @type {any} */ (new Environment().set("x", example)).constructor;

export const Text = kindOf("a");
export const Int = kindOf(1);
export const Float = kindOf(0.5);
export const Bool = kindOf(true);
export const None = kindOf(null);
export const Undefined = kindOf(undefined);
export const List = kindOf(["a"]);
export const Dict = kindOf({ a: 1 });
export const Function_ = kindOf(() => null);
/** @type {Kind} */
export const Tuple = /** @type {any} */ (
  new Interpreter(new Environment()).evaluate(parse(tokenize("{{ (1, 2) }}")).body[0], new Environment())
).constructor;

export const text = (/** @type {string} */ value) => new Text(value);
export const isNumber = (/** @type {Value} */ v) => v instanceof Int || v instanceof Float || v instanceof Bool;
export const truth = (/** @type {Value} */ v) => Boolean(v.__bool__().value);

/** Python's white space (str.isspace), which has no byte order mark and four separators that JavaScript's hasn't. */
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/**
 * A float as Python's repr: the shortest digits that mean it, an exponent below 1e-4 and from 1e16 on.
 * @param {number} x
 */
function floatText(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
  const [digits, power] = Math.abs(x).toExponential().split("e");
  const exponent = Number(power);
  const sign = x < 0 ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    return `${sign}${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const bare = digits.replace(".", "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${bare}`;
  const padded = bare.padEnd(exponent + 1, "0");
  return `${sign}${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1) || "0"}`;
}

/** @param {string} value */
function quoted(value) {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  let out = "";
  for (const char of value) {
    const code = /** @type {number} */ (char.codePointAt(0));
    if (char === "\\" || char === quote) out += `\\${char}`;
    else if (char === "\n") out += "\\n";
    else if (char === "\r") out += "\\r";
    else if (char === "\t") out += "\\t";
    else if (char !== " " && /[\p{C}\p{Z}]/u.test(char)) {
      const hex = code.toString(16);
      out += code < 0x100 ? `\\x${hex.padStart(2, "0")}` : code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
    } else out += char;
  }
  return quote + out + quote;
}

/** @param {Value} v Python's repr @returns {string} */
function representation(v) {
  if (v instanceof Text) return quoted(v.value);
  if (v instanceof Undefined) return "Undefined";
  return asText(v);
}

/** @param {Value} v Python's str, and "" for what is undefined @returns {string} */
export function asText(v) {
  if (v instanceof Text) return v.value;
  if (v instanceof Undefined) return "";
  if (v instanceof None) return "None";
  if (v instanceof Bool) return v.value ? "True" : "False";
  if (v instanceof Float) return floatText(v.value);
  if (v instanceof Int) return String(v.value);
  if (v instanceof Tuple) return `(${v.value.map(representation).join(", ")}${v.value.length === 1 ? "," : ""})`;
  if (v instanceof List) return `[${v.value.map(representation).join(", ")}]`;
  if (v instanceof Dict) {
    const rows = [...v.value].map(([key, value]) => `${quoted(key)}: ${representation(value)}`);
    return `{${rows.join(", ")}}`;
  }
  throw new Error(`a ${v.type} can't be written as text`);
}

/** @param {Value} a @param {Value} b Python's == @returns {boolean} */
export function equal(a, b) {
  if (isNumber(a) && isNumber(b)) return Number(a.value) === Number(b.value);
  if (a instanceof Text || b instanceof Text) return a instanceof Text && b instanceof Text && a.value === b.value;
  if (a instanceof None || b instanceof None) return a instanceof None && b instanceof None;
  if (a instanceof Undefined || b instanceof Undefined) return a instanceof Undefined && b instanceof Undefined;
  if (a instanceof List && b instanceof List) {
    const same = a instanceof Tuple === b instanceof Tuple && a.value.length === b.value.length;
    return same && a.value.every((/** @type {Value} */ item, /** @type {number} */ i) => equal(item, b.value[i]));
  }
  if (a instanceof Dict && b instanceof Dict) {
    return a.value.size === b.value.size && [...a.value].every(([key, value]) => b.value.has(key) && equal(value, b.value.get(key)));
  }
  return a === b;
}

/** @param {string} a @param {string} b by code points, as Python @returns {number} */
function compareTexts(a, b) {
  const left = Array.from(a);
  const right = Array.from(b);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return /** @type {number} */ (left[i].codePointAt(0)) - /** @type {number} */ (right[i].codePointAt(0));
  }
  return left.length - right.length;
}

/** @param {Value} a @param {Value} b negative, 0 or positive; throws where Python has no order @returns {number} */
export function compare(a, b) {
  if (isNumber(a) && isNumber(b)) return Number(a.value) - Number(b.value);
  if (a instanceof Text && b instanceof Text) return compareTexts(a.value, b.value);
  if (a instanceof List && b instanceof List && a instanceof Tuple === b instanceof Tuple) {
    for (let i = 0; i < Math.min(a.value.length, b.value.length); i++) {
      if (!equal(a.value[i], b.value[i])) return compare(a.value[i], b.value[i]);
    }
    return a.value.length - b.value.length;
  }
  throw new Error(`a ${a.type} and a ${b.type} have no order`);
}

/** @param {Value} v @returns {Value[]} what a loop over it gives */
export function items(v) {
  if (v instanceof List) return v.value;
  if (v instanceof Text) return Array.from(v.value, text);
  if (v instanceof Dict) return Array.from(v.value.keys(), text);
  if (v instanceof Undefined) return [];
  throw new Error(`a ${v.type} can't be iterated over`);
}

/** @param {Value} needle @param {Value} hay Python's `in` @returns {boolean} */
export function contains(needle, hay) {
  if (hay instanceof Text) {
    if (!(needle instanceof Text)) throw new Error(`a text can't hold a ${needle.type}`);
    return hay.value.includes(needle.value);
  }
  if (hay instanceof Dict) return needle instanceof Text && hay.value.has(needle.value);
  return items(hay).some((item) => equal(item, needle));
}

/** @param {string} value */
function jsonText(value) {
  // What JSON.stringify escapes and Python doesn't: halves of a pair.
  return JSON.stringify(value).replace(/\\ud[89a-f][0-9a-f]{2}/g, (escape) => String.fromCharCode(parseInt(escape.slice(2), 16)));
}

/**
 * json.dumps with the arguments that transformers' `tojson` has.
 *
 * @param {Value} v
 * @param {{ascii: boolean, indent: string | null, separators: [string, string], sort: boolean}} how
 * @param {string} margin
 * @returns {string}
 */
export function json(v, how, margin = "\n") {
  const written = (/** @type {string} */ value) => {
    const quotedText = jsonText(value);
    if (!how.ascii) return quotedText;
    return quotedText.replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  };
  if (v instanceof None) return "null";
  if (v instanceof Bool) return v.value ? "true" : "false";
  if (v instanceof Float) return floatText(v.value).replace("inf", "Infinity").replace("nan", "NaN");
  if (v instanceof Int) return String(v.value);
  if (v instanceof Text) return written(v.value);
  const inner = how.indent === null ? "" : margin + how.indent;
  const end = how.indent === null ? "" : margin;
  const next = how.indent === null ? "\n" : inner;
  if (v instanceof List) {
    if (!v.value.length) return "[]";
    const rows = v.value.map((/** @type {Value} */ item) => json(item, how, next));
    return `[${inner}${rows.join(how.separators[0] + inner)}${end}]`;
  }
  if (v instanceof Dict) {
    if (!v.value.size) return "{}";
    const entries = /** @type {[string, Value][]} */ ([...v.value]);
    if (how.sort) entries.sort(([a], [b]) => compareTexts(a, b));
    const rows = entries.map(([key, value]) => written(key) + how.separators[1] + json(value, how, next));
    return `{${inner}${rows.join(how.separators[0] + inner)}${end}}`;
  }
  throw new Error(`a ${v.type} can't be written as JSON`);
}
