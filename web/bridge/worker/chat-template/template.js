/**
 * Renders a model's chat template as transformers does: jinja2's language, parsed by `@huggingface/jinja`
 * and evaluated with Python's values (values.js), filters, tests and methods.
 *
 * The library evaluates with JavaScript's: `true` for `True`, `strip` without its argument, a loop that
 * forgets what it wrote before `break`. What natively runs in jinja2 (orion_py/native/chat_template.py)
 * has to come out here to the letter: tests/native/test_chat_template_parity.py.
 */

import { Environment, Interpreter, parse, tokenize } from "../../../vendor/jinja/index.js";
import { FILTERS, TESTS, filtered, passes } from "./filters.js";
import { argumentsOf, methodOf } from "./methods.js";
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
  text,
  truth,
} from "./values.js";
import { GENERATION, prepared } from "./source.js";

/** @typedef {import("./values.js").Value} Value */
/** @typedef {any} Node a part of the parsed template: {type, …} */
/** @typedef {any} Scope the library's Environment */

/** jinja2's sandbox: the longest range. */
const MAX_RANGE = 100_000;
/** orion_py/native/chat_template.py has the same. */
const MAX_REPEATED = 1_000_000;
/** Far more than any conversation takes: a template that goes on is ended instead of the worker. */
const MAX_STEPS = 2_000_000;
const STEPS_A_ROUND = 20;
/** Names that jinja2 has and this evaluator hasn't, or not in the same way. */
const JINJAS_OWN = new Set(["varargs", "self", "dict", "lipsum", "cycler", "joiner"]);
const SILENT = new Set(["Set", "Macro", "Comment"]);
const WRITES = new Set(["If", "For", "CallStatement", "FilterStatement"]);

/** `break` and `continue`, with what was written before them. */
class LoopControl extends Error {
  /** @param {"break" | "continue"} kind */
  constructor(kind) {
    super(`${kind} outside a loop`);
    this.kind = kind;
    this.written = "";
  }
}

// What it overrides is private in the library's types, and the library's version is pinned.
const Base = /** @type {any} */ (Interpreter);

class PythonInterpreter extends Base {
  /** @param {Node} node @param {Scope} scope @returns {Value} */
  evaluate(node, scope) {
    this.steps = (this.steps ?? 0) + 1;
    if (this.steps > MAX_STEPS) throw new Error("the template doesn't come to an end");
    if (node?.type === "Break") throw new LoopControl("break");
    if (node?.type === "Continue") throw new LoopControl("continue");
    return super.evaluate(node, scope);
  }

  /** @param {Node[]} nodes @param {Scope} scope @returns {Value} */
  evaluateBlock(nodes, scope) {
    let written = "";
    for (const node of nodes) {
      try {
        const value = this.evaluate(node, scope);
        if (!SILENT.has(node.type)) written += WRITES.has(node.type) && value instanceof Text ? value.value : asText(value);
      } catch (cause) {
        if (cause instanceof LoopControl) cause.written = written + cause.written;
        throw cause;
      }
    }
    return text(written);
  }

  /** A loop's names live for one round, and what is written before `break` stays.
   * @param {Node} node @param {Scope} outer @returns {Value} */
  evaluateFor(node, outer) {
    const filteredBy = node.iterable.type === "SelectExpression" ? node.iterable.test : null;
    const all = items(this.evaluate(filteredBy ? node.iterable.lhs : node.iterable, outer));
    const rows = filteredBy ? all.filter((row) => truth(this.evaluate(filteredBy, this.round(node, outer, row)))) : all;
    let written = "";
    for (const [i, row] of rows.entries()) {
      this.steps += STEPS_A_ROUND;
      const scope = this.round(node, outer, row);
      const position = { index: i + 1, index0: i, revindex: rows.length - i, revindex0: rows.length - i - 1, length: rows.length };
      const loop = new Map(Object.entries(position).map(([name, value]) => [name, new Int(value)]));
      loop.set("first", new Bool(i === 0)).set("last", new Bool(i === rows.length - 1));
      loop.set("previtem", rows[i - 1] ?? new Undefined()).set("nextitem", rows[i + 1] ?? new Undefined());
      scope.setVariable("loop", new Dict(loop));
      try {
        written += this.evaluateBlock(node.body, scope).value;
      } catch (cause) {
        if (!(cause instanceof LoopControl)) throw cause;
        written += cause.written;
        if (cause.kind === "break") break;
      }
    }
    return rows.length ? text(written) : this.evaluateBlock(node.defaultBlock, outer);
  }

  /** @private @param {Node} node @param {Scope} outer @param {Value} row the scope of one round */
  round(node, outer, row) {
    const scope = new Environment(outer);
    if (node.loopvar.type === "Identifier") {
      scope.setVariable(node.loopvar.value, row);
      return scope;
    }
    const parts = items(row);
    if (parts.length !== node.loopvar.value.length) throw new Error(`${parts.length} values for ${node.loopvar.value.length} names`);
    node.loopvar.value.forEach((/** @type {Node} */ name, /** @type {number} */ i) => scope.setVariable(name.value, parts[i]));
    return scope;
  }

  /** A macro sees where it was defined, not where it is called.
   * @param {Node} node @param {Scope} scope @returns {Value} */
  evaluateMacro(node, scope) {
    super.evaluateMacro(node, scope);
    const made = scope.lookupVariable(node.name.value);
    const called = (/** @type {Value[]} */ given, /** @type {Scope} */ from) => {
      const inside = new Environment(scope);
      if (from.variables.has("caller")) inside.setVariable("caller", from.lookupVariable("caller"));
      return made.value(given, inside);
    };
    scope.setVariable(node.name.value, new Function_(called));
    return new None();
  }

  /** @param {Node} node @param {Scope} scope @returns {Value} */
  evaluateMemberExpression(node, scope) {
    const owner = this.evaluate(node.object, scope);
    if (owner instanceof Undefined) throw new Error("something undefined has no parts");
    if (node.computed && node.property.type === "SliceExpression") return this.evaluateSliceExpression(owner, node.property, scope);
    const key = node.computed ? this.evaluate(node.property, scope) : node.property;
    const name = node.computed ? key : key.type === "IntegerLiteral" ? new Int(key.value) : text(key.value);
    if (name instanceof Int) {
      const rows = owner instanceof List || owner instanceof Text ? items(owner) : [];
      return rows.at(name.value) ?? new Undefined();
    }
    if (!(name instanceof Text)) return new Undefined();
    const inside = owner instanceof Dict || owner.type === "NamespaceValue" ? owner.value.get(name.value) : undefined;
    const method = methodOf(owner, name.value);
    // As Python: x.items is the method, x["items"] the entry, where there are both.
    return (node.computed ? (inside ?? method) : (method ?? inside)) ?? new Undefined();
  }

  /** @param {Node} node @param {Scope} scope @returns {Value} */
  evaluateBinaryExpression(node, scope) {
    const sign = node.operator.value;
    const left = this.evaluate(node.left, scope);
    if (sign === "and") return truth(left) ? this.evaluate(node.right, scope) : left;
    if (sign === "or") return truth(left) ? left : this.evaluate(node.right, scope);
    const right = this.evaluate(node.right, scope);
    switch (sign) {
      case "==":
        return new Bool(equal(left, right));
      case "!=":
        return new Bool(!equal(left, right));
      case "in":
        return new Bool(contains(left, right));
      case "not in":
        return new Bool(!contains(left, right));
      case "~":
        return text(asText(left) + asText(right));
      case "<":
        return new Bool(compare(left, right) < 0);
      case ">":
        return new Bool(compare(left, right) > 0);
      case "<=":
        return new Bool(compare(left, right) <= 0);
      case ">=":
        return new Bool(compare(left, right) >= 0);
    }
    return computed(sign, left, right);
  }

  /** @param {Value} value @param {Node} node @param {Scope} scope @returns {Value} */
  applyFilter(value, node, scope) {
    if (node.type === "Identifier") return filtered(node.value, value, () => undefined);
    const [given, names] = this.evaluateArguments(node.args, scope);
    return filtered(node.callee.value, value, (name, position) => given[position] ?? names.get(name));
  }

  /** @param {Node} node @param {Scope} scope @returns {Value} */
  evaluateTestExpression(node, scope) {
    return new Bool(passes(node.test.value, this.evaluate(node.operand, scope)) !== node.negate);
  }
}

/** @param {number} value an integer, as long as JavaScript's numbers are exact; Python's have no end */
function whole(value) {
  if (!Number.isSafeInteger(value)) throw new Error("a number is too large");
  return new Int(value);
}

/** @param {string} sign @param {Value} left @param {Value} right @returns {Value} */
function computed(sign, left, right) {
  if (isNumber(left) && isNumber(right)) {
    const [a, b] = [Number(left.value), Number(right.value)];
    const float = left instanceof Float || right instanceof Float;
    if (b === 0 && ["/", "//", "%"].includes(sign)) throw new Error("division by zero");
    if (sign === "/") return new Float(a / b);
    if (sign === "**") return float || b < 0 ? new Float(a ** b) : whole(a ** b);
    const results = /** @type {Record<string, number>} */ ({
      "+": a + b,
      "-": a - b,
      "*": a * b,
      "//": Math.floor(a / b),
      "%": a - b * Math.floor(a / b),
    });
    return float ? new Float(results[sign]) : whole(results[sign]);
  }
  if (sign === "+" && left instanceof Text && right instanceof Text) return text(left.value + right.value);
  if (sign === "+" && left instanceof List && right instanceof List && left instanceof Tuple === right instanceof Tuple) {
    return new (left instanceof Tuple ? Tuple : List)([...left.value, ...right.value]);
  }
  if (sign === "*" && (left instanceof Int || right instanceof Int)) {
    const [times, what] = left instanceof Int ? [left.value, right] : [right.value, left];
    if (Math.max(0, times) * (what.value?.length ?? 0) > MAX_REPEATED) throw new Error("a repetition is too long");
    if (what instanceof Text) return text(what.value.repeat(Math.max(0, times)));
    if (what instanceof List) return new List(Array.from({ length: Math.max(0, times) }, () => what.value).flat());
  }
  throw new Error(`${sign} isn't for a ${left.type} and a ${right.type}`);
}

/** @param {Value[]} given @returns {Value} */
function range(given) {
  const numbers = given.map((value) => {
    if (!(value instanceof Int || value instanceof Bool)) throw new Error("range is for whole numbers");
    return Number(value.value);
  });
  const [start, stop] = numbers.length > 1 ? numbers : [0, numbers[0]];
  const step = numbers[2] ?? 1;
  if (!numbers.length || numbers.length > 3 || step === 0) throw new Error("range wants one to three numbers, and steps");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MAX_RANGE) throw new Error(`a range of ${length} is too long`);
  return new List(Array.from({ length }, (_, i) => new Int(start + i * step)));
}

/** @param {(format: string) => string} now @returns {Scope} the names that every template finds */
function globals(now) {
  const scope = new Environment();
  for (const [name, value] of Object.entries({ true: true, false: false, none: null, True: true, False: false, None: null })) {
    scope.set(name, value);
  }
  scope.setVariable("range", new Function_(range));
  scope.setVariable(
    GENERATION,
    new Function_((/** @type {Value[]} */ _given, /** @type {Scope} */ from) => from.lookupVariable("caller").value([])),
  );
  scope.setVariable(
    "raise_exception",
    new Function_((/** @type {Value[]} */ given) => {
      throw new Error(asText(argumentsOf(given)("message", 0) ?? text("")));
    }),
  );
  scope.setVariable(
    "strftime_now",
    new Function_((/** @type {Value[]} */ given) => text(now(asText(argumentsOf(given)("format", 0) ?? text(""))))),
  );
  return scope;
}

/**
 * What a template uses, each as "kind name": orion_py/generation/template_features.py says what is known.
 *
 * @param {Node} program
 * @returns {string[]}
 */
function featuresOf(program) {
  /** @type {Set<string>} */
  const found = new Set();
  /** @type {Set<string>} */
  const macros = new Set(["caller", GENERATION]);
  const name = (/** @type {Node} */ node) => (node.type === "CallExpression" ? node.callee.value : node.value);
  const visit = (/** @type {any} */ node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node instanceof Map) return [...node].forEach(visit);
    if (typeof node !== "object" || node === null) return;
    if (node.type === "Identifier" && JINJAS_OWN.has(node.value)) found.add(`name ${node.value}`);
    if (node.type === "Macro") macros.add(node.name.value);
    if (node.type === "FilterExpression" || node.type === "FilterStatement") {
      found.add(`filter ${name(node.filter)}`);
      visit(node.operand ?? node.body);
      visit(node.filter.args);
      return;
    }
    if (node.type === "TestExpression") {
      found.add(`test ${node.test.value}`);
      return visit(node.operand);
    }
    if (node.type === "CallExpression") {
      const { callee } = node;
      if (callee.type === "Identifier") found.add(`function ${callee.value}`);
      else if (callee.type === "MemberExpression" && !callee.computed) found.add(`method ${callee.property.value}`);
      else found.add("call of a value");
    }
    if (node.type === "MemberExpression" && !node.computed && String(node.property.value).startsWith("_")) {
      found.add(`attribute ${node.property.value}`);
    }
    Object.values(node).forEach(visit);
  };
  visit(program.body);
  for (const macro of macros) found.delete(`function ${macro}`);
  return [...found].sort();
}

export class ChatTemplate {
  /**
   * Raises where it can't be parsed.
   *
   * @param {{chat_template: string, bos_token: string, eos_token: string}} parts
   * @param {(format: string) => string} now today as strftime writes it
   */
  constructor(parts, now) {
    /** @private */ this.now = now;
    /** @private */ this.program = parse(tokenize(prepared(parts.chat_template), { lstrip_blocks: true, trim_blocks: true }));
    /** @private @type {Record<string, string>} A model without such a token has no such name, as in transformers. */
    this.names = {};
    if (parts.bos_token) this.names.bos_token = parts.bos_token;
    if (parts.eos_token) this.names.eos_token = parts.eos_token;
  }

  /** @returns {string[]} "filter tojson", "method strip", … */
  get features() {
    return featuresOf(this.program);
  }

  /** @param {string} messages JSON: [{role, content}, …] */
  render(messages) {
    const scope = new Environment(globals(this.now));
    const given = {
      messages: JSON.parse(messages), tools: null, documents: null, add_generation_prompt: true, enable_thinking: false, ...this.names,
    };
    for (const [name, value] of Object.entries(given)) scope.set(name, value);
    return new /** @type {any} */ (PythonInterpreter)(scope).run(this.program).value;
  }
}

/** For the test that holds this file to the list of what is known. */
export const KNOWN = { filters: Object.keys(FILTERS), tests: Object.keys(TESTS) };
