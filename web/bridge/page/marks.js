/**
 * Tells which `*`, `_`, `~` and `\` of an answer are marks of Markdown, and which are literal:
 * products and powers, names, globs, regular expressions, paths. Extensions of `marked`, through its
 * own hooks; CommonMark decides what these rules leave open.
 *
 * The rule behind the rules: where a character may be part of what is said, it is shown.
 */
import { Tokenizer } from "../../vendor/marked/marked.mjs";
import { first } from "./formulas.js";

/** Letters of scripts that put spaces between words, and digits: a mark between two of them is an operator. */
const WORD = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}]/u;
const LETTER = /\p{L}/u;
const SPACE = /\s/;
const OPENING = /[([{]/;
const CLOSING = /[)\]}]/;

/** `__init__`, `_private_name`: one word of a program. A lone capitalised word is bold, as in `__Note__`. */
const NAME = /(?<![\p{L}\p{N}_])(?!__[A-Z][a-z]+__)(?:__[A-Za-z0-9]+(?:_+[A-Za-z0-9]+)*__|_[A-Za-z0-9]+(?:_+[A-Za-z0-9]+)+_?)(?![\p{L}\p{N}_])/gu;

/** Paths of Windows and regular expressions, a word each: they keep every character. */
const CODE = String.raw`(?:[A-Za-z]:\\|¯\\_|\\\\[\w.$-]+\\|\S{0,400}?(?:\\[dDwWsSbB](?![a-zA-Z])|[\w)\]*+?]\\\.|\\\.[\w([*+?]))`;
const CODE_WORD = new RegExp(`^(?![\`*_])${CODE}[^\\s\`]*`, "u");
const CODE_WORDS = new RegExp(String.raw`(?<![^\s("'«“])(?:[A-Za-z]:[\\+]|\S{0,400}?\\[dDwWsSbB](?![a-zA-Z]))[^\s` + "`" + String.raw`]*`, "gu");
const AFTER_CODE_WORD = /[*_.,;:!?)"'»”]+$/;

/** What of `\` and a character Markdown's own writers escape; the backslash of all others is shown. */
const ESCAPED = /^\\([*_`#~|<>&$%"'\]]|\[(?!\s))/;
const ESCAPED_AT_START = /^\\([-+.)])/;
const LINE_START = /(?:^|\n)[ \t]*$/;
const NUMBER_AT_START = /(?:^|\n)[ \t]*\d{1,9}$/;

/** A longer run of marks is a line that somebody drew. */
const RUN_MOST = 40;

const LINKED = /^<?(?:https?:|mailto:|ftp:|www\.|[#/.])/i;

/** What stands before the text that is looked at next. @param {any[]} tokens */
const before = (tokens) => tokens.at(-1)?.raw ?? "";

/**
 * May the run of stars `masked[start..end)` open emphasis, or close it?
 *
 * @param {string} masked the text, where code, links and escapes are filled with other characters
 * @param {number} start
 * @param {number} end
 */
function stars(masked, start, end) {
  const [left, right, second] = [masked[start - 1] ?? "", masked[end] ?? "", masked[end + 1] ?? ""];
  const one = end - start === 1;
  let opens = right !== "" && !SPACE.test(right) && !(WORD.test(left) && !(LETTER.test(right) && !WORD.test(right)));
  opens &&= !(CLOSING.test(left) && !filled(masked, start)) && !/[)\]},;:/=?|%>&]/.test(right);
  if (one) opens &&= !(left === "]" && right === "[") && !/[.=+\\^]/.test(left) && !(right === "." && /[\p{L}\p{N}*]/u.test(second));
  if (left === "/") opens &&= masked[start - 2] === "*" || (!one && LETTER.test(right));
  let closes = left !== "" && !SPACE.test(left) && !OPENING.test(left) && left !== "/";
  if (closes && WORD.test(right)) closes = one ? LETTER.test(left) && !WORD.test(left) : endsWord(masked, start, right);
  if (closes && CLOSING.test(left) && OPENING.test(right)) closes = false;
  return { opens, closes };
}

/** `**API**s`: a word that goes on after its bold part. @param {string} masked @param {number} start @param {string} right */
function endsWord(masked, start, right) {
  const left = masked[start - 1];
  if (LETTER.test(left) && !WORD.test(left)) return true;
  const opener = /(.|^)\*\*[^\s*]+$/su.exec(masked.slice(Math.max(0, start - 80), start));
  return LETTER.test(right) && opener !== null && !WORD.test(opener[1]);
}

/** @param {string} masked @param {number} start @param {number} end */
function underscores(masked, start, end) {
  const [left, right] = [masked[start - 1] ?? "", masked[end] ?? ""];
  let opens = right !== "" && !SPACE.test(right) && !/[)\]},;:./=]/.test(right) && !/[.\\$@#&%+~=]/.test(left);
  if (left === "/") opens &&= /[_*]/.test(masked[start - 2] ?? "");
  return { opens, closes: left !== "" && !SPACE.test(left) && !OPENING.test(left) };
}

/** Does the bracket before `place` end a link, a code or a tag, which are filled so: `[aaa]`? @param {string} masked @param {number} place */
const filled = (masked, place) => /\[a*\]$/.test(masked.slice(Math.max(0, place - 400), place)) || masked[place - 1] === "`";

/** @param {string} masked @param {number} start @param {number} end */
const roles = (masked, start, end) => (masked[start] === "*" ? stars : underscores)(masked, start, end);

/** The text in which every mark that is none is another character. @param {string} masked */
function withoutOperators(masked) {
  if (!/[*_]/.test(masked)) return masked;
  const words = masked
    .replace(CODE_WORDS, (word) => word.replace(/(?!^)[*_](?=.*[^*_.,;:!?)"'»”])/gu, "a"))
    .replace(NAME, (name) => "a".repeat(name.length));
  return words.replace(/\*+|_+/g, (run, start) => {
    const { opens, closes } = roles(words, start, start + run.length);
    return opens || closes ? run : "+".repeat(run.length);
  });
}

/** Whether emphasis would begin or end within a formula. @param {string} raw */
function cutsFormula(raw) {
  const count = (/** @type {string} */ part) => raw.split(part).length;
  return count("\\(") !== count("\\)") || count("\\[") !== count("\\]") || count("$$") % 2 === 0;
}

/** @type {any} */
const tokenizer = {
  /** @this {any} @param {string} src @param {string} masked @param {string} prevChar */
  emStrong(src, masked, prevChar) {
    const place = masked.length - src.length;
    if (masked[place] !== src[0]) return undefined;
    let [start, end] = [place, place];
    while (masked[start - 1] === src[0] && end - start < RUN_MOST) start -= 1;
    while (masked[end] === src[0] && end - start < RUN_MOST) end += 1;
    if (end - start === RUN_MOST || !roles(masked, start, end).opens) return undefined;
    const token = Tokenizer.prototype.emStrong.call(this, src, masked, prevChar);
    return token && !cutsFormula(token.raw) ? token : undefined;
  },
  /** Two tildes strike out; one is "about", as in 10~20. @param {string} src @param {string} masked */
  del: (src, masked) => (/^~~(?!~)/.test(src) && !WORD.test(masked[masked.length - src.length - 1] ?? "") ? false : undefined),
  /** @this {any} @param {string} src */
  escape(src) {
    if (src[0] !== "\\") return undefined;
    const known = ESCAPED.exec(src);
    if (known) return { type: "escape", raw: known[0], text: known[1] };
    const kept = /^\\(?:\\+|(?!\n))/.exec(src);
    return kept ? { type: "text", raw: kept[0], text: kept[0], escaped: false } : undefined;
  },
  /** Tags are shown as text, so they change nothing about what follows. @this {any} @param {string} src */
  tag(src) {
    const token = Tokenizer.prototype.tag.call(this, src);
    this.lexer.state.inRawBlock = this.lexer.state.inLink = false;
    return token;
  },
  /** `[Name]: Ada` is a line of a form; a definition of a link has an address. @this {any} @param {string} src */
  def(src) {
    const token = Tokenizer.prototype.def.call(this, src);
    return token && LINKED.test(token.href) ? token : undefined;
  },
};

const codeWord = {
  name: "codeWord",
  level: "inline",
  /** @param {string} src */
  start: (src) => (src.includes("\\") ? first(/(?<![^\s("'«“])\S{0,400}?\\/u, src) : -1),
  /** @param {string} src @param {any[]} tokens */
  tokenizer(src, tokens) {
    const last = before(tokens).at(-1) ?? "";
    if (last && !/[\s("'«“*_]/.test(last)) return undefined;
    if (/^\d{1,9}\\[.)](?=\s)/.test(src)) return undefined; // no list: startEscape's
    const word = CODE_WORD.exec(/^[^\s`]{0,800}/.exec(src)?.[0] ?? "")?.[0].replace(AFTER_CODE_WORD, "");
    if (!word || !word.includes("\\") || (/\\[a-zA-Z]{2,}\{/.test(word) && !/^(?:[A-Za-z]:\\|\\\\)/.test(word))) return undefined;
    return { type: "text", raw: word, text: word, escaped: false };
  },
};

/** `1\.`, `\-` where a list would begin. */
const startEscape = {
  name: "startEscape",
  level: "inline",
  /** @param {string} src @param {any[]} tokens */
  tokenizer(src, tokens) {
    if (src[0] !== "\\") return undefined;
    const found = ESCAPED_AT_START.exec(src);
    const start = found && (/[.)]/.test(found[1]) ? NUMBER_AT_START : LINE_START);
    return start?.test(before(tokens)) ? { type: "escape", raw: found?.[0], text: found?.[1] } : undefined;
  },
};

/** Bold whose last character is a sign and that runs into a word: `**Note:**then`, `**注意：**请`. */
const tightStrong = {
  name: "tightStrong",
  level: "inline",
  /** @this {any} @param {string} src @param {any[]} tokens */
  tokenizer(src, tokens) {
    if (!src.startsWith("**")) return undefined;
    const found = /^\*\*(?![\s*])((?:(?!\*\*|\n\s*\n)[\s\S]){0,400}?[\p{P}\p{S}])\*\*(?=\p{L})/u.exec(src);
    const last = before(tokens).at(-1) ?? "";
    if (!found || WORD.test(last) || CLOSING.test(last) || /[*/\\]$/.test(found[1]) || OPENING.test(found[1].at(-1) ?? "")) return undefined;
    return { type: "strong", raw: found[0], text: found[1], tokens: this.lexer.inlineTokens(found[1]) };
  },
};

/** @type {any} what `Marked.use` takes */
export const marks = {
  breaks: true, // a line of a poem, of an address or of a sum is a line
  tokenizer,
  hooks: { emStrongMask: withoutOperators },
  extensions: [tightStrong, startEscape, codeWord],
};
