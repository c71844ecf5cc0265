/**
 * `@huggingface/tokenizers` brought to what Hugging Face's tokenizers in Rust do, which models were trained
 * with and which CPython uses.
 *
 * Where the two differ, the definition is rewritten into parts that both do alike, the decoders of bytes
 * are replaced, and what the library only approximates is refused: another token is another prompt.
 * tests/native/test_tokenizer_parity.py holds them together.
 */

/** @typedef {any} Part a normalizer, pre-tokenizer or decoder of tokenizer.json: {type, …} */

/** GPT-2's words. In the library's own ByteLevel `\s` is JavaScript's, with the byte order mark and without U+0085. */
const WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const PUNCTUATION = "[\\p{P}\\x21-\\x2F\\x3A-\\x40\\x5B-\\x60\\x7B-\\x7E]";
const KEPT = new Set(["isolated", "removed"]);

/** @param {string} pattern @param {boolean} [inside] only what matches is kept @returns {Part} */
const split = (pattern, inside = false) => ({
  type: "Split",
  pattern: { Regex: pattern },
  behavior: inside ? "Removed" : "Isolated",
  invert: inside,
});

/** @param {Part[]} pretokenizers @returns {Part} */
const sequence = (...pretokenizers) => ({ type: "Sequence", pretokenizers });

/** @param {Part | null} part @returns {Part | null} */
function preTokenizer(part) {
  switch (part?.type) {
    case "Sequence":
      return sequence(...part.pretokenizers.map(preTokenizer));
    case "Digits": // the library's knows ASCII's alone
      return split(part.individual_digits ? "\\p{N}" : "\\p{N}+");
    case "ByteLevel": {
      if (part.use_regex === false && !part.add_prefix_space) return part;
      const prefix = { type: "Replace", pattern: { Regex: "\\A([^ ])" }, content: " $1" };
      const bytes = { ...part, add_prefix_space: false, use_regex: false };
      return sequence(...(part.add_prefix_space ? [prefix] : []), ...(part.use_regex === false ? [] : [split(WORDS)]), bytes);
    }
    case "Metaspace": {
      const mark = part.replacement ?? "\u2581";
      return part.split === false ? part : sequence(part, split(`${mark}[^${mark}]*|[^${mark}]+`, true));
    }
    case "Whitespace":
      return split("\\w+|[^\\w\\s]+", true);
    case "WhitespaceSplit":
      return split("\\S+", true);
    case "BertPreTokenizer":
      return sequence(split("\\S+", true), split(PUNCTUATION));
    case "Punctuation": {
      const behavior = String(part.behavior ?? "Isolated").toLowerCase();
      if (behavior === "isolated") return split(PUNCTUATION);
      if (behavior === "contiguous") return split(`${PUNCTUATION}+`);
      throw new Error(`the pre-tokenizer Punctuation with the behavior ${part.behavior} isn't known here`);
    }
    case "Split": {
      const behavior = String(part.behavior).toLowerCase();
      if (!KEPT.has(behavior)) throw new Error(`the pre-tokenizer Split with the behavior ${part.behavior} isn't known here`);
      if (behavior === "isolated") return { ...part, invert: false };
      // Removed: a group of the pattern, which the library makes of a text, would stay.
      const pattern = part.pattern.Regex ?? part.pattern.String.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      if (/(?<!\\)(?:\\\\)*\((?!\?)/.test(pattern)) throw new Error("the pre-tokenizer Split that removes groups isn't known here");
      return { ...part, pattern: { Regex: pattern } };
    }
  }
  return part;
}

/** @param {Part | null} part @returns {Part | null} */
function normalizer(part) {
  switch (part?.type) {
    case "Sequence":
      return { ...part, normalizers: part.normalizers.map(normalizer) };
    case "Strip": {
      const ends = [...(part.strip_left ? ["\\A\\s+"] : []), ...(part.strip_right ? ["\\s+\\z"] : [])];
      return ends.length ? { type: "Replace", pattern: { Regex: ends.join("|") }, content: "" } : null;
    }
    case "Precompiled":
    case "BertNormalizer":
    case "Lowercase":
      throw new Error(`the normalizer ${part.type} isn't known here: what there is only comes near it`);
  }
  return part;
}

/**
 * A pattern for the letters of bytes that a byte-level vocabulary lacks, "" for none. Rust leaves them out
 * before it merges, the library after.
 *
 * @param {any} definition a tokenizer.json
 */
function unknownBytes({ model, decoder }) {
  if (model?.type !== "BPE" || model.unk_token || model.byte_fallback || decoder?.type !== "ByteLevel") return "";
  const printed = (/** @type {number} */ byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  const letters = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printed(byte) ? byte : next++));
  const missing = letters.filter((letter) => !Object.hasOwn(model.vocab, letter));
  const escapes = missing.map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return missing.length ? `[${escapes.join("")}]` : "";
}

/**
 * The definition in parts that both libraries do alike. Raises for what one of them lacks.
 *
 * @param {any} definition a tokenizer.json
 */
export function alike(definition) {
  for (const token of definition.added_tokens ?? []) {
    if (token.single_word) throw new Error(`the added token ${token.content} counts as a whole word alone, which isn't known here`);
  }
  // Without a normalizer the library takes added tokens that are looked for after it with those before it.
  const normalizes = normalizer(definition.normalizer) ?? { type: "Sequence", normalizers: [] };
  const words = preTokenizer(definition.pre_tokenizer);
  const missing = unknownBytes(definition);
  const pre_tokenizer = missing && words ? sequence(words, { type: "Replace", pattern: { Regex: missing }, content: "" }) : words;
  const added = (definition.added_tokens ?? []).map((/** @type {any} */ token) => ({ ...token, lstrip: false, rstrip: false }));
  return { ...definition, added_tokens: added, normalizer: normalizes, pre_tokenizer };
}

/**
 * What takes away the space that added tokens eat on their left or right: Unicode's, where the library's
 * own is JavaScript's, with the byte order mark.
 *
 * @param {any} definition a tokenizer.json
 * @returns {(text: string) => string}
 */
export function spaceEater(definition) {
  const one = (/** @type {string} */ side) =>
    (definition.added_tokens ?? [])
      .filter((/** @type {any} */ token) => token[side])
      .map((/** @type {any} */ token) => token.content.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"))
      .sort((/** @type {string} */ a, /** @type {string} */ b) => b.length - a.length)
      .join("|");
  const [left, right] = [one("lstrip"), one("rstrip")];
  const before = left ? new RegExp(`\\p{White_Space}+(${left})`, "gu") : null;
  const after = right ? new RegExp(`(${right})\\p{White_Space}+`, "gu") : null;
  return (text) => {
    const kept = before ? text.replace(before, "$1") : text;
    return after ? kept.replace(after, "$1") : kept;
  };
}

/** @param {number[]} bytes @returns {string[]} the text, or a replacement for each byte where they are none */
function fallenBack(bytes) {
  try {
    return [new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => "\ufffd");
  }
}

/** @param {string[]} tokens @returns {string[]} tokens `<0x41>` as the text of their bytes */
function byteFallback(tokens) {
  /** @type {string[]} */
  const out = [];
  /** @type {number[]} */
  let bytes = [];
  for (const token of tokens) {
    const byte = /^<0x([0-9a-f]{2})>$/i.exec(token);
    if (byte) {
      bytes.push(parseInt(byte[1], 16));
      continue;
    }
    out.push(...(bytes.length ? fallenBack(bytes) : []), token);
    bytes = [];
  }
  return [...out, ...(bytes.length ? fallenBack(bytes) : [])];
}

/**
 * @param {Record<string, number | string>} table a byte by its letter
 * @returns {(tokens: string[]) => string[]} the text of all tokens' bytes; a token with another letter as it is
 */
function byteLevel(table) {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return (tokens) => {
    const bytes = tokens.flatMap((token) => {
      const letters = Array.from(token, (letter) => table[letter]);
      return letters.every((byte) => byte !== undefined) ? letters.map(Number) : [...encoder.encode(token)];
    });
    return [decoder.decode(Uint8Array.from(bytes))];
  };
}

/** @param {any} decoder the library's; its parts that decode bytes are replaced by those above */
export function repairDecoder(decoder) {
  if (!decoder) return;
  (decoder.decoders ?? []).forEach(repairDecoder);
  if (decoder.config?.type === "ByteFallback") decoder.decode_chain = byteFallback;
  if (decoder.config?.type === "Metaspace") {
    const mark = decoder.config.replacement ?? "\u2581";
    const first = decoder.config.prepend_scheme === "never" ? " " : ""; // no mark of the first token is a space
    decoder.decode_chain = (/** @type {string[]} */ tokens) => tokens.map((token, i) => token.replaceAll(mark, i ? " " : first));
  }
  if (decoder.byte_decoder) decoder.decode_chain = byteLevel(decoder.byte_decoder);
}
