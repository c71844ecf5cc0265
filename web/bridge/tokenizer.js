/**
 * Hugging Face's tokenizer and chat template for one model, from its tokenizer shard.
 */

import { Template } from "../vendor/jinja/index.js";
import { Tokenizer } from "../vendor/tokenizers/tokenizers.mjs";

export class ChatTokenizer {
  /** @param {string} definition JSON: {tokenizer, chat_template, bos_token, eos_token} */
  constructor(definition) {
    const parsed = JSON.parse(definition);
    /** @private */ this.tokenizer = new Tokenizer(parsed.tokenizer, { clean_up_tokenization_spaces: false });
    /** @private */ this.template = new Template(parsed.chat_template);
    /** @private */ this.names = { bos_token: parsed.bos_token, eos_token: parsed.eos_token };
    /** @type {string[]} */
    this.specialTokens = (parsed.tokenizer.added_tokens ?? [])
      .filter((/** @type {{special: boolean}} */ token) => token.special)
      .map((/** @type {{content: string}} */ token) => token.content);
  }

  /** @param {string} text */
  encode(text) {
    return this.tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /** @param {number[]} ids */
  decode(ids) {
    return this.tokenizer.decode(ids, { skip_special_tokens: true });
  }

  /** @param {string} messages JSON: [{role, content}, …] */
  render(messages) {
    return this.template.render({ ...this.names, messages: JSON.parse(messages), add_generation_prompt: true });
  }
}
