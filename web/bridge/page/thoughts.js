/**
 * Separates what a reasoning model thinks aloud from its answer.
 * `orion_py/generation/thoughts.py` does the same for prompts; a test holds the two together.
 */

/** @typedef {{thought: boolean, text: string, open: boolean}} Part `open`: a thought whose end hasn't come */

const NAMES = "think(?:ing)?|thought|reasoning";
const OPENER = new RegExp(`^\\s*<(${NAMES})>`, "i");
const LATER = new RegExp(`(?:^|\\n)[ \\t]*<(${NAMES})>(?=[\\s\\S]*?</\\1>)`, "i");
/** An end without a beginning, on a line of its own: the prompt had begun the thought. */
const LONE_END = new RegExp(`(?:^|\\n)[ \\t]*</(?:${NAMES})>[ \\t]*(?=\\n|$)`, "i");
const FENCE = /^ {0,3}(?:```|~~~)/gm;

/** Is the end of `text` within a block of code? @param {string} text */
const inCode = (text) => (text.match(FENCE) ?? []).length % 2 === 1;

/** @param {string} text @returns {Part[]} */
export function parts(text) {
  if (!text.includes("<")) return [{ thought: false, text, open: false }];
  /** @type {Part[]} */
  const found = [];
  let rest = text;
  const lone = OPENER.test(rest) ? null : LONE_END.exec(rest);
  if (lone && !LATER.test(rest.slice(0, lone.index)) && !inCode(rest.slice(0, lone.index))) {
    found.push({ thought: true, text: rest.slice(0, lone.index).trim(), open: false });
    rest = rest.slice(lone.index + lone[0].length);
  }
  let before = "";
  while (rest) {
    const opener = before.trim() ? LATER.exec(rest) : OPENER.exec(rest) ?? LATER.exec(rest);
    if (!opener) break;
    const start = opener.index + opener[0].length;
    before += rest.slice(0, opener.index);
    if (inCode(before)) {
      before += opener[0];
      rest = rest.slice(start);
      continue;
    }
    const end = rest.slice(start).search(new RegExp(`</${opener[1]}>`, "i"));
    if (before.trim()) found.push({ thought: false, text: before, open: false });
    before = "";
    found.push({ thought: true, text: (end < 0 ? rest.slice(start) : rest.slice(start, start + end)).trim(), open: end < 0 });
    rest = end < 0 ? "" : rest.slice(start + end + opener[1].length + 3);
  }
  if ((before + rest).trim() || !found.length) found.push({ thought: false, text: before + rest, open: false });
  return found;
}

/** The answer alone. @param {string} text */
export function answerOf(text) {
  const found = parts(text);
  return found.some((part) => part.thought) ? found.filter((part) => !part.thought).map((part) => part.text.trim()).join("\n\n").trim() : text;
}
