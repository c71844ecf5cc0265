/**
 * Implements what templates call on a text, a mapping or a list: Python's methods, with Python's arguments.
 */

import { Bool, Dict, Function_, Int, List, None, SPACE, Text, Tuple, Undefined, equal, items, text } from "./values.js";

/** @typedef {import("./values.js").Value} Value */
/** @typedef {(named: (name: string, position: number) => Value | undefined) => Value} Method */

/**
 * The arguments of a call, by position or by name.
 *
 * @param {Value[]} given what the library hands over: names come last, as one value
 * @returns {(name: string, position: number) => Value | undefined}
 */
export function argumentsOf(given) {
  const last = given.at(-1);
  const names = last?.type === "KeywordArgumentsValue" ? last.value : new Map();
  const positions = names.size || last?.type === "KeywordArgumentsValue" ? given.slice(0, -1) : given;
  return (name, position) => positions[position] ?? names.get(name);
}

/** @param {Value | undefined} value @param {string} what @returns {string} */
export function wanted(value, what) {
  if (!(value instanceof Text)) throw new Error(`${what} has to be a text`);
  return value.value;
}

/** @param {Value | undefined} value @param {number} otherwise @returns {number} */
export function count(value, otherwise) {
  if (value === undefined || value instanceof None) return otherwise;
  if (!(value instanceof Int)) throw new Error(`a ${value.type} isn't a whole number`);
  return value.value;
}

/**
 * @param {string} value
 * @param {Value | undefined} chars which to take away; white space where there are none
 * @param {boolean} left
 * @param {boolean} right
 */
export function stripped(value, chars, left, right) {
  const some = chars === undefined || chars instanceof None ? null : new Set(wanted(chars, "what is stripped"));
  const space = new RegExp(`[${SPACE}]`, "u");
  const goes = (/** @type {string} */ char) => (some ? some.has(char) : space.test(char));
  const letters = Array.from(value);
  let start = 0;
  let end = letters.length;
  while (left && start < end && goes(letters[start])) start++;
  while (right && end > start && goes(letters[end - 1])) end--;
  return letters.slice(start, end).join("");
}

/** @param {string} value str.capitalize */
export function capitalized(value) {
  const [first = "", ...rest] = Array.from(value);
  return first.toUpperCase() + rest.join("").toLowerCase();
}

/** @param {string} value @returns {string[]} str.splitlines */
export function lines(value) {
  const found = value.split(/\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/u);
  if (found.at(-1) === "") found.pop();
  return found;
}

/**
 * @param {string} value
 * @param {string} old
 * @param {string} next
 * @param {number} most below 0: all
 */
export function replaced(value, old, next, most) {
  const parts = old === "" ? ["", ...Array.from(value), ""] : value.split(old);
  if (most >= 0 && parts.length - 1 > most) parts.splice(most, parts.length, parts.slice(most).join(old));
  return parts.join(next);
}

/**
 * @param {string} value
 * @param {Value | undefined} separator
 * @param {number} most below 0: all
 * @param {boolean} backwards
 */
function split(value, separator, most, backwards) {
  const mirrored = (/** @type {string} */ word) => (backwards ? Array.from(word).reverse().join("") : word);
  const given = separator === undefined || separator instanceof None ? null : wanted(separator, "the separator");
  if (given === "") throw new Error("an empty separator");
  // From behind: the same on the mirrored text.
  const whole = mirrored(value);
  /** @type {string[]} */
  let parts;
  if (given === null) {
    parts = [];
    let rest = stripped(whole, undefined, true, false);
    const space = new RegExp(`[${SPACE}]+`, "u");
    while (rest) {
      const gap = space.exec(rest);
      if (!gap || (most >= 0 && parts.length >= most)) {
        parts.push(most >= 0 && parts.length >= most ? stripped(rest, undefined, false, true) : rest);
        break;
      }
      parts.push(rest.slice(0, gap.index));
      rest = rest.slice(gap.index + gap[0].length);
    }
  } else {
    const mark = mirrored(given);
    parts = whole.split(mark);
    if (most >= 0 && parts.length - 1 > most) parts.splice(most, parts.length, parts.slice(most).join(mark));
  }
  const found = parts.map(mirrored);
  return new List((backwards ? found.reverse() : found).map(text));
}

/** @param {string} value @param {string} mark @param {boolean} backwards */
function partition(value, mark, backwards) {
  if (mark === "") throw new Error("an empty separator");
  const at = backwards ? value.lastIndexOf(mark) : value.indexOf(mark);
  const parts = at >= 0 ? [value.slice(0, at), mark, value.slice(at + mark.length)] : backwards ? ["", "", value] : [value, "", ""];
  return new Tuple(parts.map(text));
}

/** @param {string} value @param {string} part @param {boolean} backwards in code points; -1: it isn't there */
function position(value, part, backwards) {
  const at = backwards ? value.lastIndexOf(part) : value.indexOf(part);
  return new Int(at < 0 ? -1 : Array.from(value.slice(0, at)).length);
}

/** @param {Value | undefined} mark @param {(part: string) => boolean} test */
function anyOf(mark, test) {
  const marks = mark instanceof Tuple ? mark.value : [mark];
  return new Bool(marks.some((/** @type {Value} */ part) => test(wanted(part, "what a text begins or ends with"))));
}

/** @param {string} v @returns {Record<string, Method>} */
const ofText = (v) => ({
  upper: () => text(v.toUpperCase()),
  lower: () => text(v.toLowerCase()),
  capitalize: () => text(capitalized(v)),
  title: () => text(v.replace(/[\p{Ll}\p{Lu}\p{Lt}]+/gu, capitalized)),
  strip: (a) => text(stripped(v, a("chars", 0), true, true)),
  lstrip: (a) => text(stripped(v, a("chars", 0), true, false)),
  rstrip: (a) => text(stripped(v, a("chars", 0), false, true)),
  split: (a) => split(v, a("sep", 0), count(a("maxsplit", 1), -1), false),
  rsplit: (a) => split(v, a("sep", 0), count(a("maxsplit", 1), -1), true),
  splitlines: () => new List(lines(v).map(text)),
  partition: (a) => partition(v, wanted(a("sep", 0), "the separator"), false),
  rpartition: (a) => partition(v, wanted(a("sep", 0), "the separator"), true),
  replace: (a) => text(replaced(v, wanted(a("old", 0), "the old part"), wanted(a("new", 1), "the new part"), count(a("count", 2), -1))),
  startswith: (a) => anyOf(a("prefix", 0), (part) => v.startsWith(part)),
  endswith: (a) => anyOf(a("suffix", 0), (part) => v.endsWith(part)),
  removeprefix: (a) => {
    const part = wanted(a("prefix", 0), "the prefix");
    return text(v.startsWith(part) ? v.slice(part.length) : v);
  },
  removesuffix: (a) => {
    const part = wanted(a("suffix", 0), "the suffix");
    return text(part && v.endsWith(part) ? v.slice(0, -part.length) : v);
  },
  find: (a) => position(v, wanted(a("sub", 0), "what is looked for"), false),
  rfind: (a) => position(v, wanted(a("sub", 0), "what is looked for"), true),
  count: (a) => {
    const part = wanted(a("sub", 0), "what is counted");
    return new Int(part === "" ? Array.from(v).length + 1 : v.split(part).length - 1);
  },
  join: (a) => text(items(a("iterable", 0) ?? new None()).map((part) => wanted(part, "what is joined")).join(v)),
});

/** @param {Map<string, Value>} v @returns {Record<string, Method>} */
const ofDict = (v) => ({
  get: (a) => v.get(a("key", 0)?.value) ?? a("default", 1) ?? new None(),
  keys: () => new List(Array.from(v.keys(), text)),
  values: () => new List([...v.values()]),
  items: () => new List([...v].map(([key, value]) => new Tuple([text(key), value]))),
});

/** @param {Value[]} v @returns {Record<string, Method>} */
const ofList = (v) => ({
  count: (a) => new Int(v.filter((item) => equal(item, a("value", 0) ?? new Undefined())).length),
});

/** @param {Value} owner @param {string} name @returns {Value | undefined} the method, to be called */
export function methodOf(owner, name) {
  const methods =
    owner instanceof Text ? ofText(owner.value) : owner instanceof Dict ? ofDict(owner.value) : owner instanceof List ? ofList(owner.value) : {};
  if (!Object.hasOwn(methods, name)) return undefined;
  return new Function_((/** @type {Value[]} */ given) => methods[name](argumentsOf(given)));
}
