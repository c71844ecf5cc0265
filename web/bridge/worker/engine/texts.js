/** Names what makes prompts and tokens of text: the largest of the engine's modules, which come behind the model's start. */

export { ChatTemplate } from "../chat-template/template.js";
export { ChatTokenizer } from "../tokenizer/tokenizer.js";
