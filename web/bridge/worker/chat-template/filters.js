/**
 * jinja2's filters and tests, as transformers has them (its own `tojson`), over Python's values.
 *
 * What isn't here isn't known: orion_py/generation/template_features.py lists the same names, and a
 * template that uses another is refused when it is added.
 */

import {
  Bool,
  Dict,
  Float,
  Function_,
  Int,
  List,
  None,
  Text,
  Tuple,
  Undefined,
  asText,
  compare,
  contains,
  equal,
  isNumber,
  items,
  json,
  text,
  truth,
} from "./values.js";
import { capitalized, count, lines, methodOf, replaced, stripped, wanted } from "./methods.js";

/** @typedef {import("./values.js").Value} Value */
/** @typedef {(name: string, position: number) => Value | undefined} Arguments */

const flag = (/** @type {Value | undefined} */ value) => value !== undefined && truth(value);

/** @param {Value} item @param {Value | undefined} path a key, or keys and positions with dots between @returns {Value} */
function attribute(item, path) {
  if (path === undefined || path instanceof None) return item;
  let found = item;
  for (const part of asText(path).split(".")) {
    if (found instanceof Undefined) throw new Error(`${part} of what is undefined`);
    const inside = found instanceof Dict || found?.type === "NamespaceValue" ? found.value.get(part) : undefined;
    found = inside ?? (found instanceof List && /^\d+$/.test(part) ? found.value[Number(part)] : undefined) ?? new Undefined();
  }
  return found;
}

/** @param {Value} value @param {boolean} exact letters' case counts */
const keyed = (value, exact) => (!exact && value instanceof Text ? text(value.value.toLowerCase()) : value);

/** @param {Value[]} rows @param {(row: Value) => Value} key @param {boolean} reverse stable, as Python's sort */
const sorted = (rows, key, reverse) => [...rows].sort((a, b) => (reverse ? compare(key(b), key(a)) : compare(key(a), key(b))));

/** @type {Record<string, (value: Value, other: Value) => boolean>} */
export const TESTS = {
  defined: (v) => !(v instanceof Undefined),
  undefined: (v) => v instanceof Undefined,
  none: (v) => v instanceof None,
  boolean: (v) => v instanceof Bool,
  true: (v) => v instanceof Bool && v.value,
  false: (v) => v instanceof Bool && !v.value,
  string: (v) => v instanceof Text,
  number: isNumber,
  integer: (v) => v instanceof Int,
  float: (v) => v instanceof Float,
  mapping: (v) => v instanceof Dict,
  sequence: (v) => [List, Dict, Text, Undefined].some((kind) => v instanceof kind),
  iterable: (v) => [List, Dict, Text, Undefined].some((kind) => v instanceof kind),
  callable: (v) => v instanceof Function_,
  odd: (v) => Math.abs(Number(v.value)) % 2 === 1,
  even: (v) => Number(v.value) % 2 === 0,
  lower: (v) => asText(v) === asText(v).toLowerCase() && asText(v) !== asText(v).toUpperCase(),
  upper: (v) => asText(v) === asText(v).toUpperCase() && asText(v) !== asText(v).toLowerCase(),
  equalto: (v, other) => equal(v, other),
  eq: (v, other) => equal(v, other),
  "==": (v, other) => equal(v, other),
  ne: (v, other) => !equal(v, other),
  "!=": (v, other) => !equal(v, other),
  in: (v, other) => contains(v, other),
};

/** @param {string} name @param {Value} value @param {Value} [other] @returns {boolean} */
export function passes(name, value, other) {
  if (!Object.hasOwn(TESTS, name)) throw new Error(`the test ${name} isn't known`);
  return TESTS[name](value, other ?? new Undefined());
}

/** @param {boolean} keep @param {boolean} ofAttribute @returns {(v: Value, a: Arguments) => Value} */
function chosen(keep, ofAttribute) {
  const from = ofAttribute ? 1 : 0;
  return (v, a) => {
    const test = a("", from);
    const rows = items(v).filter((item) => {
      const value = ofAttribute ? attribute(item, a("", 0)) : item;
      return (test === undefined ? truth(value) : passes(wanted(test, "a test's name"), value, a("", from + 1))) === keep;
    });
    return new List(rows);
  };
}

/** @param {Value} v @param {Arguments} a @returns {Value} */
function toJson(v, a) {
  const indent = a("indent", 1);
  const separators = a("separators", 2);
  const pair = separators === undefined || separators instanceof None ? null : items(separators).map((part) => wanted(part, "a separator"));
  if (pair && pair.length !== 2) throw new Error("separators are two texts");
  const margin = indent === undefined || indent instanceof None ? null : indent instanceof Text ? indent.value : " ".repeat(count(indent, 0));
  const how = {
    ascii: flag(a("ensure_ascii", 0)),
    indent: margin,
    separators: /** @type {[string, string]} */ (pair ?? [margin === null ? ", " : ",", ": "]),
    sort: flag(a("sort_keys", 3)),
  };
  return text(json(v, how));
}

/** @param {Value} v @param {Arguments} a @returns {Value} */
function toInt(v, a) {
  const otherwise = a("default", 0) ?? new Int(0);
  if (isNumber(v)) return Number.isFinite(Number(v.value)) ? new Int(Math.trunc(Number(v.value))) : otherwise;
  if (!(v instanceof Text)) return otherwise;
  const said = stripped(v.value, undefined, true, true).replace(/(?<=\d)_(?=\d)/g, "");
  if (/^[+-]?\d+$/.test(said)) return new Int(Number(said));
  const number = plainFloat(said);
  return number === null || !Number.isFinite(number) ? otherwise : new Int(Math.trunc(number));
}

/** @param {string} said */
const plainFloat = (said) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(said) ? Number(said) : null);

/** @param {Value} v @param {Arguments} a @returns {Value} */
function toFloat(v, a) {
  if (isNumber(v)) return new Float(Number(v.value));
  const number = v instanceof Text ? plainFloat(stripped(v.value, undefined, true, true).replace(/(?<=\d)_(?=\d)/g, "")) : null;
  return number === null ? (a("default", 0) ?? new Float(0)) : new Float(number);
}

/** @param {Value} v @param {Arguments} a @returns {Value} */
function indented(v, a) {
  const width = a("width", 0) ?? new Int(4);
  const margin = width instanceof Text ? width.value : " ".repeat(count(width, 4));
  const [first = "", ...rest] = lines(`${asText(v)}\n`);
  const blank = flag(a("blank", 2));
  const out = [first, ...rest.map((line) => (line || blank ? margin + line : line))].join("\n");
  return text(flag(a("first", 1)) ? margin + out : out);
}

/** @param {Value} v @returns {Value} */
function length(v) {
  if (v instanceof Dict) return new Int(v.value.size);
  if (!(v instanceof List || v instanceof Text || v instanceof Undefined)) throw new Error(`a ${v.type} has no length`);
  return new Int(items(v).length);
}

/** @type {Record<string, (value: Value, args: Arguments) => Value>} */
export const FILTERS = {
  abs: (v) => new (v instanceof Float ? Float : Int)(Math.abs(Number(v.value))),
  capitalize: (v) => text(capitalized(asText(v))),
  count: length,
  d: (v, a) => FILTERS.default(v, a),
  default: (v, a) => (v instanceof Undefined || (flag(a("boolean", 1)) && !truth(v)) ? (a("default_value", 0) ?? text("")) : v),
  dictsort: (v, a) => {
    if (!(v instanceof Dict)) throw new Error("dictsort is for mappings");
    const place = asText(a("by", 1) ?? text("key")) === "value" ? 1 : 0;
    const rows = [...v.value].map(([key, value]) => new Tuple([text(key), value]));
    return new List(sorted(rows, (row) => keyed(row.value[place], flag(a("case_sensitive", 0))), flag(a("reverse", 2))));
  },
  first: (v) => items(v)[0] ?? new Undefined(),
  float: toFloat,
  indent: indented,
  int: toInt,
  items: (v) => {
    if (v instanceof Undefined) return new List([]);
    if (!(v instanceof Dict)) throw new Error("items is for mappings");
    return /** @type {Value} */ (methodOf(v, "items")).value([]);
  },
  join: (v, a) => text(items(v).map((item) => asText(attribute(item, a("attribute", 1)))).join(asText(a("d", 0) ?? text("")))),
  last: (v) => items(v).at(-1) ?? new Undefined(),
  length,
  list: (v) => new List([...items(v)]),
  lower: (v) => text(asText(v).toLowerCase()),
  map: (v, a) => {
    const path = a("attribute", 99);
    if (path === undefined) {
      const name = wanted(a("", 0), "a filter's name");
      return new List(items(v).map((item) => filtered(name, item, (key, position) => a(key, position + 1))));
    }
    return new List(
      items(v).map((item) => {
        const found = attribute(item, path);
        return found instanceof Undefined ? (a("default", 99) ?? found) : found;
      }),
    );
  },
  reject: chosen(false, false),
  rejectattr: chosen(false, true),
  replace: (v, a) => text(replaced(asText(v), asText(a("old", 0) ?? text("")), asText(a("new", 1) ?? text("")), count(a("count", 2), -1))),
  reverse: (v) => (v instanceof Text ? text(Array.from(v.value).reverse().join("")) : new List([...items(v)].reverse())),
  safe: (v) => text(asText(v)),
  select: chosen(true, false),
  selectattr: chosen(true, true),
  sort: (v, a) =>
    new List(sorted(items(v), (row) => keyed(attribute(row, a("attribute", 2)), flag(a("case_sensitive", 1))), flag(a("reverse", 0)))),
  string: (v) => text(asText(v)),
  title: (v) =>
    text(
      asText(v)
        .split(/([-\s({[<]+)/u)
        .map(capitalized)
        .join(""),
    ),
  tojson: toJson,
  trim: (v, a) => text(stripped(asText(v), a("chars", 0), true, true)),
  unique: (v, a) => {
    /** @type {Value[]} */
    const seen = [];
    const rows = items(v).filter((item) => {
      const key = keyed(attribute(item, a("attribute", 1)), flag(a("case_sensitive", 0)));
      if (seen.some((other) => equal(other, key))) return false;
      seen.push(key);
      return true;
    });
    return new List(rows);
  },
  upper: (v) => text(asText(v).toUpperCase()),
};

/** @param {string} name @param {Value} value @param {Arguments} args @returns {Value} */
export function filtered(name, value, args) {
  if (!Object.hasOwn(FILTERS, name)) throw new Error(`the filter ${name} isn't known`);
  return FILTERS[name](value, args);
}
