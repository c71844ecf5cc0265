/**
 * Prepares a template's source for `@huggingface/jinja`. The library trims lines and tags by patterns
 * over the whole source, also inside texts in quotes, where jinja2 doesn't: a line's end in such a text
 * becomes an escape, which no pattern sees. The `generation` tag, which the library takes away with the
 * white space that it trims, becomes a call of GENERATION, as it is one in transformers.
 */

/** The function that returns the content of a `generation` block. */
export const GENERATION = "orion_generation";

/** @param {string} source @param {number} at where a quote opens @returns {number} behind the one that closes it */
function pastText(source, at) {
  const quote = source[at];
  let end = at + 1;
  while (end < source.length && source[end] !== quote) end += source[end] === "\\" ? 2 : 1;
  return Math.min(end + 1, source.length);
}

/** @param {string} source @param {number} at behind the tag's opening @param {string} close @returns {[string, number]} */
function tag(source, at, close) {
  let out = "";
  let depth = 0; // of braces: a mapping's end isn't the tag's
  while (at < source.length) {
    const char = source[at];
    if (char === '"' || char === "'") {
      const end = pastText(source, at);
      out += source.slice(at, end).replace(/\n/g, "\\n");
      at = end;
    } else if (!depth && source.startsWith(close, at)) {
      return [out + close, at + close.length];
    } else {
      if (char === "{") depth += 1;
      else if (char === "}") depth = Math.max(0, depth - 1);
      out += char;
      at += 1;
    }
  }
  return [out, at];
}

/** @param {string} inside a statement's text up to its end */
const renamed = (inside) =>
  inside.replace(/^(-?)\s*(end)?generation\s*(-?)%\}$/, (_, left, end, right) => `${left} ${end ? "endcall" : `call ${GENERATION}()`} ${right}%}`);

/** @param {string} source @returns {string} the same template */
export function prepared(source) {
  let out = "";
  let at = 0;
  while (at < source.length) {
    const open = source.slice(at).search(/\{[{%#]/);
    if (open < 0) break;
    const start = at + open;
    out += source.slice(at, start + 2);
    at = start + 2;
    const kind = source[start + 1];
    if (kind === "#") {
      const end = source.indexOf("#}", at);
      const stop = end < 0 ? source.length : end + 2;
      out += source.slice(at, stop);
      at = stop;
    } else {
      const [inside, end] = tag(source, at, kind === "{" ? "}}" : "%}");
      out += kind === "%" ? renamed(inside) : inside;
      at = end;
    }
  }
  return out + source.slice(at);
}
