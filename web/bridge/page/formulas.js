/**
 * Finds formulas in an answer: extensions of `marked` that make tokens of them. What is between
 * the signs has to look like mathematics, so that prices, placeholders and footnotes stay text.
 *
 * Taken: `\( \)`, `\[ \]`, `$$ $$`, `$x^2$`, `\begin{align} \end{align}`, the forms that models write
 * when backslashes got lost, `[ \frac{1}{2} ]` and `( \frac{1}{2} )`, and lone commands such as
 * `\boxed{13}` or `3 \times 4`. typeset.js draws them.
 */

const MOST = 4000; // characters of a formula
const WINDOW = 4000;
const ENVIRONMENTS = "(?:equation|align|aligned|gather|gathered|multline|cases|array|split|eqnarray|[bBpvV]?matrix|smallmatrix)\\*?";
const ENVIRONMENT = new RegExp(`^\\\\begin\\{(${ENVIRONMENTS})\\}[\\s\\S]{0,${MOST}}?\\\\end\\{\\1\\}`);
const COMMAND = /\\[a-zA-Z]{2,}/;
const WORDS = /\p{L}{3,}/gu;
const SIGN = /[=<>+*/^_|±×÷·≤≥≠≈√∑∏∫∞→∈]|\d/u;

/** The commands that are taken without signs around them, and how many arguments they have. */
const LONE = {
  boxed: 1, fbox: 1, frac: 2, dfrac: 2, tfrac: 2, sqrt: 1, binom: 2, text: 1, mathrm: 1, mathbf: 1, mathbb: 1, vec: 1, hat: 1, overline: 1,
  times: 0, cdot: 0, div: 0, pm: 0, mp: 0, leq: 0, geq: 0, neq: 0, le: 0, ge: 0, ne: 0, approx: 0, equiv: 0, sim: 0, infty: 0, sum: 0, int: 0,
  prod: 0, pi: 0, alpha: 0, beta: 0, gamma: 0, delta: 0, epsilon: 0, theta: 0, lambda: 0, mu: 0, sigma: 0, phi: 0, omega: 0, Delta: 0, Sigma: 0,
  Omega: 0, circ: 0, degree: 0, angle: 0, ldots: 0, cdots: 0, dots: 0, to: 0, rightarrow: 0, Rightarrow: 0, leftarrow: 0, implies: 0, iff: 0,
  in: 0, subset: 0, cup: 0, cap: 0, forall: 0, exists: 0, therefore: 0, partial: 0, nabla: 0, quad: 0, qquad: 0,
};
/** Those of LONE that are also words or parts of paths: they need a number or a sign beside them. */
const WORDY = /^(?:to|in|le|ge|ne|int|sum|div|text|sim|cap|cup|angle|degree|dots|hat|vec)$/;

/** The source between the signs. @param {string} raw */
export function sourceOf(raw) {
  const text = raw.trim();
  for (const [open, close] of [["\\(", "\\)"], ["\\[", "\\]"], ["$$", "$$"], ["$", "$"], ["[", "]"], ["(", ")"]]) {
    if (text.length >= open.length + close.length && text.startsWith(open) && text.endsWith(close)) {
      return text.slice(open.length, -close.length).trim();
    }
  }
  return text;
}

/** Between signs that say "formula": is it one? @param {string} content @param {boolean} display */
function isFormula(content, display) {
  const text = content.trim();
  if (!text || text.length > MOST) return false;
  if (COMMAND.test(text) || /[\^_{}]|\\[,;!% ]/.test(text)) return true;
  if (display && /^(?:[\d\s,;–-]+|[xX])$/.test(content)) return false; // a footnote, a box that is ticked
  const words = text.match(WORDS) ?? [];
  return words.length === 0 || SIGN.test(text) && !/\p{L}{3,}\s+\p{L}{3,}/u.test(text);
}

/** Between single dollars: unlike a price, it has a letter or a command and no words. @param {string} content */
function isDollarFormula(content) {
  if (/\n/.test(content) || /^\s|\s$/.test(content)) return false;
  if (COMMAND.test(content)) return true;
  if ((content.match(/\p{L}{2,}/gu) ?? []).some((word) => !/^(?:sin|cos|tan|log|ln|exp|max|min|lim|mod|gcd|[a-z]{2})$/.test(word))) return false;
  return /\p{L}/u.test(content) ? /^(?:\p{L}['′]?|.*[\^_=<>+*/{}().,|-].*)$/u.test(content) && !/^\d[\d.,]*\s*\p{L}*$/u.test(content) : /[\^=+*/]/.test(content);
}

/** Where the bracket that opens at `place` closes, or -1. @param {string} text @param {number} place */
function closing(text, place) {
  const [open, close] = text[place] === "{" ? "{}" : "[]";
  for (let depth = 0, index = place; index < text.length && index - place < MOST; index += 1) {
    if (text[index] === "\\") index += 1;
    else if (text[index] === open) depth += 1;
    else if (text[index] === close && (depth -= 1) === 0) return index;
  }
  return -1;
}

/** A lone command at the beginning of `src`, with its arguments and scripts. @param {string} src @param {string} before */
function lone(src, before) {
  const name = /^\\([a-zA-Z]+)/.exec(src)?.[1] ?? "";
  if (!Object.hasOwn(LONE, name)) return "";
  const wanted = LONE[/** @type {keyof typeof LONE} */ (name)];
  let end = name.length + 1;
  if (/[:\\/\p{L}]$/u.test(before) && !/(?:^|[^\p{L}\\/:])\p{L}$/u.test(before)) return "";
  if (wanted === 0 && (/[\\/.:]/.test(src[end] ?? "") || (WORDY.test(name) && !/[\d)}=]\s*$/.test(before) && !/^\s*[\d_^{(]/.test(src.slice(end))))) return "";
  if (name === "sqrt" && src[end] === "[") end = closing(src, end) + 1;
  for (let index = 0; index < wanted; index += 1) {
    const close = src[end] === "{" ? closing(src, end) : -1;
    if (close < 0) return "";
    end = close + 1;
  }
  for (;;) {
    const script = /^[\^_](?:\{|[0-9A-Za-z])/.exec(src.slice(end, end + 2));
    if (!script) break;
    const close = script[0].endsWith("{") ? closing(src, end + 1) : end + 1;
    if (close < 0) break;
    end = close + 1;
  }
  return src.slice(0, end);
}

const SIGNED = [
  { close: "\\)", match: /^\\\(((?:(?!\\\)|\n[ \t]*\n)[\s\S]){1,4000}?)\\\)/, display: false },
  { close: "\\]", match: /^\\\[((?:(?!\\\]|\n[ \t]*\n)[\s\S]){1,4000}?)\\\]/, display: true },
  { close: "$$", match: /^\$\$(?!\$)((?:(?!\$|\n[ \t]*\n)[\s\S]|\\\$){1,4000}?)\$\$(?!\$)/, display: true },
];
const DOLLAR = /^\$(?![\s$])((?:[^$\n\\]|\\.){1,400}?)\$(?![\p{L}\p{N}$])/u;
const BARE = [/^\[\s+([^\n]{1,400}?|\s*[\s\S]{1,400}?)\s+\](?![(:[])/, /^\(\s+([^\n]{1,400}?)\s+\)/];

/** @param {string} raw @param {boolean} display */
const token = (raw, display) => ({ type: "formula", raw, display });

/** The formula at the beginning of `src`, or undefined. @param {string} src @param {string} before what precedes it */
function inlineFormula(src, before) {
  const here = src.slice(0, MOST + 8);
  for (const { close, match, display } of SIGNED) {
    const found = here.indexOf(close, 2) > 0 ? match.exec(here) : null;
    if (!found) continue;
    const glued = /[\p{Script=Latin}\p{N}\\$]$/u.test(before);
    if (!glued && isFormula(found[1], display)) return token(found[0], display);
    if (src[0] === "\\") return { type: "text", raw: found[0], text: glued ? found[0] : found[0].replace(/\\([()[\]])/g, "$1"), escaped: false };
    return { type: "text", raw: found[0], text: found[0], escaped: false };
  }
  const dollar = src[0] === "$" && !/[\p{L}\p{N}\\$]$/u.test(before) ? DOLLAR.exec(src) : null;
  if (dollar && isDollarFormula(dollar[1])) return token(dollar[0], false);
  for (const match of src[0] === "[" || src[0] === "(" ? BARE : []) {
    const found = match.exec(src);
    if (found && COMMAND.test(found[1]) && !/\n[ \t]*\n/.test(found[1])) return token(found[0], false);
  }
  const environment = src[0] === "\\" ? ENVIRONMENT.exec(src) : null;
  if (environment) return token(environment[0], true);
  const command = src[0] === "\\" ? lone(src, before) : "";
  return command ? token(command, false) : undefined;
}

const BLOCKS = [
  /^ {0,3}\\\[([\s\S]{1,4000}?)\\\][ \t]*(?:\n|$)/,
  /^ {0,3}\$\$(?!\$)((?:[^$]|\\\$){1,4000}?)\$\$[ \t]*(?:\n|$)/,
  new RegExp(`^ {0,3}(${ENVIRONMENT.source.slice(1).replace("\\1", "\\2")})[ \\t]*(?:\\n|$)`),
  /^ {0,3}\[[ \t]*(?:\n|[ \t])((?:(?!\n[ \t]*\n)[\s\S]){1,2000}?)\s\][ \t]*(?:\n|$)/,
];

/** The formula that fills the lines at the beginning of `src`, or undefined. @param {string} src */
function blockFormula(src) {
  for (const [index, match] of BLOCKS.entries()) {
    const found = match.exec(src);
    if (found && (index === 3 ? COMMAND.test(found[1]) : isFormula(found[1], true))) return token(found[0], true);
  }
  return undefined;
}

const BLOCK_START = /\n {0,3}(?=\\\[|\$\$|\\begin\{|\[[ \t\n])/;
const INLINE_START = /\\[([a-zA-Z]|\$|[[(]\s/;

/** Where `pattern` is first found, for `start` of an extension: a long text is looked through in parts. @param {RegExp} pattern @param {string} src */
export function first(pattern, src) {
  const place = src.slice(0, WINDOW).search(pattern);
  return place < 0 && src.length > WINDOW ? WINDOW : place;
}

/** @param {string} text */
const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** @type {any[]} */
export const formulas = [
  {
    name: "formulaBlock",
    level: "block",
    /** The next line that may begin one, in the paragraph that `src` goes on with. @param {string} src */
    start(src) {
      const end = src.indexOf("\n\n");
      const found = BLOCK_START.exec(end < 0 ? src : src.slice(0, end));
      return found ? found.index + 1 : -1;
    },
    tokenizer: blockFormula,
  },
  {
    name: "formula",
    level: "inline",
    /** @param {string} src */
    start: (src) => first(INLINE_START, src),
    /** @param {string} src @param {any[]} tokens */
    tokenizer: (src, tokens) => (/[\\$[(]/.test(src[0]) ? inlineFormula(src, tokens.at(-1)?.raw ?? "") : undefined),
    /** Its source, which typeset.js makes a formula of. @param {{raw: string, display: boolean}} token */
    renderer: ({ raw, display }) => `<span class="formula${display ? " display" : ""}">${escape(raw.trim())}</span>`,
  },
];
