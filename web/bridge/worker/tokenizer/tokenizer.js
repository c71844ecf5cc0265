/**
 * Runs Hugging Face's tokenizer and chat template for one model, from its tokenizer shard.
 */

import { ChatTemplate } from "../chat-template/template.js";
import { alike, repairDecoder, spaceEater } from "./parity.js";
import { Tokenizer } from "../../../vendor/tokenizers/tokenizers.mjs";

export class ChatTokenizer {
  /**
   * @param {string | Uint8Array} definition JSON: {tokenizer, chat_template, bos_token, eos_token}. As bytes where it
   *   comes from Python, whose memory never shrinks: as its text it would be four times as large there.
   * @param {(format: string) => string} now today as strftime writes it
   */
  constructor(definition, now) {
    const text = typeof definition === "string" ? definition : new TextDecoder("utf-8", { fatal: true }).decode(definition);
    const parsed = JSON.parse(text);
    /** @private */ this.tokenizer = new Tokenizer(alike(parsed.tokenizer), { clean_up_tokenization_spaces: false });
    /** @private */ this.eaten = spaceEater(parsed.tokenizer);
    repairDecoder(this.tokenizer.decoder);
    /** @private */ this.template = new ChatTemplate(parsed, now);
    /** @type {string[]} */
    this.specialTokens = (parsed.tokenizer.added_tokens ?? [])
      .filter((/** @type {{special: boolean}} */ token) => token.special)
      .map((/** @type {{content: string}} */ token) => token.content);
  }

  /** @param {string} text */
  encode(text) {
    return this.tokenizer.encode(this.eaten(text), { add_special_tokens: false }).ids;
  }

  /** @param {number[]} ids those that are no token, such as a padded table's, mean nothing */
  decode(ids) {
    const known = ids.filter((id) => this.tokenizer.id_to_token(id) !== undefined);
    return known.length ? this.tokenizer.decode(known, { skip_special_tokens: true }) : "";
  }

  /** @param {string} messages JSON: [{role, content}, …] */
  render(messages) {
    return this.template.render(messages);
  }

  /** What the chat template uses: "filter tojson", "method strip", … */
  get features() {
    return this.template.features;
  }
}
