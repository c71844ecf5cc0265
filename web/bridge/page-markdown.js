/**
 * Markdown of a model's answer to DOM, again and again while it streams.
 *
 * The text is untrusted. HTML in it is shown as text, images become their description, links
 * open outside and tell the other side nothing; then DOMPurify keeps a short list of elements.
 * Only blocks that changed since the last call are built anew, so a long answer costs as little
 * per frame as a short one, and a selection in a finished paragraph survives.
 */
import { Lexer, Marked } from "../vendor/marked/marked.mjs";
import DOMPurify from "../vendor/dompurify/purify.mjs";
import hljs from "../vendor/highlight/highlight.mjs";

const TAGS = ["p", "br", "strong", "em", "del", "code", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li",
  "blockquote", "hr", "pre", "table", "thead", "tbody", "tr", "th", "td", "a", "sub", "sup"];
const ATTRIBUTES = ["href", "title", "start", "align", "class"];
const NOT_URLS = ["align", "start"];
const LINK = /^(?:https?:|mailto:)/i;
const PYTHON = /^(?:python3?|py3?)$/;
const HIGHLIGHT_MOST = 20_000;

/** @param {string} text */
const escape = (text) =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

const marked = new Marked({
  gfm: true,
  renderer: {
    /** @param {{text: string, block?: boolean}} token */
    html: ({ text, block }) => {
      if (/^<(?:br\s*\/?|\/?su[bp])>\s*$/i.test(text)) return text;
      return block ? `<p>${escape(text)}</p>` : escape(text);
    },
    /** @param {{text: string}} token */
    image: ({ text }) => `<em>${escape(text)}</em>`,
    /** @param {{checked: boolean}} token */
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

/** @typedef {{raw: string, nodes: Node[]}} Block */
/** @type {WeakMap<Element, Block[]>} */
const drawn = new WeakMap();

/**
 * Draws `text` into `element`, for some `budget` milliseconds at most: a long answer that is shown
 * again needs several calls. Returns the milliseconds it took, negative when blocks are left.
 * @param {HTMLElement} element
 * @param {string} text
 * @param {string} copyLabel the words on the button of a code block
 * @param {number} budget
 * @param {string} runLabel the words on the other button of a block of Python
 */
export function renderMarkdown(element, text, copyLabel, budget, runLabel) {
  const start = performance.now();
  const tokens = new Lexer(marked.defaults).lex(text);
  const blocks = drawn.get(element) ?? [];
  let same = 0;
  while (same < blocks.length && same < tokens.length && blocks[same].raw === tokens[same].raw) same += 1;
  for (const block of blocks.splice(same)) for (const node of block.nodes) element.removeChild(node);
  let left = false;
  for (const token of tokens.slice(same)) {
    left = performance.now() - start > budget;
    if (left) break;
    const nodes = token.type === "code" ? [codeBlock(token.text, token.lang ?? "", copyLabel, runLabel)] : safeNodes(token, copyLabel, runLabel);
    for (const node of nodes) element.appendChild(node);
    blocks.push({ raw: token.raw, nodes });
  }
  drawn.set(element, blocks);
  const took = performance.now() - start + 0.0001;
  return left ? -took : took;
}

/** @param {any} token @param {string} copyLabel @param {string} runLabel @returns {Node[]} */
function safeNodes(token, copyLabel, runLabel) {
  if (token.type === "space" || token.type === "def") return [];
  const fragment = DOMPurify.sanitize(marked.parser([token]), {
    ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOWED_URI_REGEXP: LINK, ADD_URI_SAFE_ATTR: NOT_URLS,
    ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false, RETURN_DOM_FRAGMENT: true,
  });
  for (const link of fragment.querySelectorAll("a")) {
    if (!link.hasAttribute("href")) continue;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    link.referrerPolicy = "no-referrer";
    link.title = link.href;
  }
  for (const code of fragment.querySelectorAll("pre > code")) {
    const language = /^language-(\S+)/.exec(code.className)?.[1] ?? "";
    code.parentElement?.replaceWith(codeBlock(code.textContent.replace(/\n$/, ""), language, copyLabel, runLabel));
  }
  for (const node of fragment.querySelectorAll("[class^=language-]")) node.removeAttribute("class");
  for (const item of fragment.querySelectorAll("li")) {
    if (/^[☐☑] /.test(item.textContent)) item.className = "task";
  }
  for (const table of fragment.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "table-frame";
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.appendChild(table);
  }
  return [...fragment.childNodes];
}

/** @param {string} code @param {string} language @param {string} copyLabel @param {string} runLabel */
function codeBlock(code, language, copyLabel, runLabel) {
  const name = language.trim().split(/\s+/)[0].toLowerCase();
  const block = document.createElement("div");
  block.className = "code-block";
  const head = document.createElement("div");
  head.className = "code-head";
  const label = document.createElement("span");
  label.textContent = name.slice(0, 24);
  head.append(label);
  if (PYTHON.test(name)) head.append(blockButton("run-code", runLabel));
  head.append(blockButton("copy-code", copyLabel));
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  const inner = document.createElement("code");
  if (name && code.length <= HIGHLIGHT_MOST && hljs.getLanguage(name)) {
    const colored = hljs.highlight(code, { language: name, ignoreIllegals: true }).value;
    inner.appendChild(DOMPurify.sanitize(colored, {
      ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], RETURN_DOM_FRAGMENT: true,
    }));
  } else {
    inner.textContent = code;
  }
  pre.appendChild(inner);
  block.append(head, pre);
  return block;
}

/** @param {string} action @param {string} words */
function blockButton(action, words) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "code-copy";
  button.dataset.action = action;
  button.textContent = words;
  return button;
}
