/**
 * Renders the Markdown of a model's answer to DOM, repeatedly while it streams.
 *
 * The text is untrusted. HTML in it is shown as text, images become their description, links
 * open outside and tell the other side nothing; then DOMPurify keeps a short list of elements.
 * What is done to them after that adds nothing but fixed attributes, coloured code and formulas,
 * which are sanitized in their turn. Only blocks that changed since the last call are drawn anew,
 * so a long answer costs as little per frame as a short one; the block that grows is patched.
 */
import { Lexer, Marked } from "../../vendor/marked/marked.mjs";
import DOMPurify from "../../vendor/dompurify/purify.mjs";
import hljs from "../../vendor/highlight/highlight.mjs";
import { direct } from "./direction.js";
import { formulas } from "./formulas.js";
import { marks } from "./marks.js";
import { patch } from "./patch.js";
import { parts } from "./thoughts.js";
import { typeset } from "./typeset.js";

const TAGS = ["p", "br", "strong", "em", "del", "code", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li",
  "blockquote", "hr", "pre", "table", "thead", "tbody", "tr", "th", "td", "a", "sub", "sup", "span"];
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
      return block ? `<p>${escape(text.trimEnd()).replace(/\n/g, "<br>")}</p>` : escape(text);
    },
    /** @param {{text: string}} token */
    image: ({ text }) => `<em>${escape(text)}</em>`,
    /** @param {{checked: boolean}} token */
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    /** A source that is listed stays readable. @param {{raw: string, href: string}} token */
    def: ({ raw, href }) => {
      const [label, rest = ""] = raw.split(href);
      return `<p>${escape(label)}<a href="${escape(href)}">${escape(href)}</a>${escape(rest.trimEnd())}</p>`;
    },
  },
});
marked.use({ ...marks, extensions: [...marks.extensions, ...formulas] });

/** @typedef {{copy: string, run: string, thought: string, thinking: string}} Labels */
/** @typedef {{key: string, nodes: Node[]}} Block `key`: what it was drawn from */
/** @type {WeakMap<Element, Block[]>} */
const drawn = new WeakMap();

/**
 * Draws `text` into `element`, for some `budget` milliseconds at most: a long answer that is shown
 * again needs several calls. Returns the milliseconds it took, negative when blocks are left.
 * @param {HTMLElement} element
 * @param {string} text
 * @param {number} budget
 * @param {string} labels JSON of Labels: the words on the buttons of a block of code, and above the
 *   thoughts of a model that thinks aloud
 */
export function renderMarkdown(element, text, budget, labels) {
  const start = performance.now();
  const left = drawParts(element, text, start + budget, JSON.parse(labels));
  const took = performance.now() - start + 0.0001;
  return left ? -took : took;
}

/** @param {HTMLElement} element @param {string} text @param {number} until @param {Labels} labels @returns {boolean} whether blocks are left */
function drawParts(element, text, until, labels) {
  /** @type {any[]} */
  const tokens = [];
  for (const part of parts(text)) {
    if (part.thought) tokens.push({ type: "thought", key: `${part.open} ${part.text}`, ...part });
    else {
      const lexed = new Lexer(marked.defaults).lex(part.text);
      const links = Object.keys(lexed.links).length ? JSON.stringify(lexed.links) : "";
      for (const token of lexed) {
        if (token.type === "space") continue;
        const key = links && token.raw.includes("[") ? `${token.raw} ${links}` : token.raw; // a link may be defined later
        tokens.push({ ...token, key });
      }
    }
  }
  const blocks = drawn.get(element) ?? [];
  drawn.set(element, blocks);
  let place = 0;
  while (place < blocks.length && blocks[place].key === tokens[place]?.key) place += 1;
  for (; place < tokens.length; place += 1) {
    if (performance.now() > until) return true;
    const token = tokens[place];
    if (token.type === "thought") {
      if (drawThought(element, blocks, place, token, until, labels)) return true;
    } else {
      const nodes = token.type === "code" ? [codeBlock(token.text, token.lang ?? "", labels)] : safeNodes(token, labels);
      blocks[place] = { key: token.key, nodes: put(element, blocks, place, nodes) };
    }
  }
  for (const block of blocks.splice(tokens.length)) for (const node of block.nodes) element.removeChild(node);
  return false;
}

/**
 * Puts the nodes of a block where it stands, into those that are there already.
 * @param {HTMLElement} element @param {Block[]} blocks @param {number} place @param {Node[]} nodes
 */
function put(element, blocks, place, nodes) {
  const old = blocks[place]?.nodes ?? [];
  const now = nodes.map((node, index) => (old[index] ? patch(old[index], node) : node));
  const before = blocks.slice(0, place).findLast((block) => block.nodes.length)?.nodes.at(-1);
  let next = before ? before.nextSibling : element.firstChild;
  for (const node of now) {
    if (node === next) next = node.nextSibling;
    else element.insertBefore(node, next);
  }
  for (const node of old.slice(nodes.length)) element.removeChild(node);
  return now;
}

/**
 * What the model thought, folded away; whether it is unfolded is the person's.
 * @param {HTMLElement} element @param {Block[]} blocks @param {number} place @param {any} token @param {number} until @param {Labels} labels
 * @returns {boolean} whether some of it is left
 */
function drawThought(element, blocks, place, token, until, labels) {
  let details = /** @type {HTMLElement | undefined} */ (blocks[place]?.nodes[0]);
  if (!details?.matches?.("details.thought")) {
    details = document.createElement("details");
    details.className = "thought";
    const summary = document.createElement("summary");
    summary.dir = "auto";
    const inner = document.createElement("div");
    inner.className = "thought-text";
    details.append(summary, inner);
    blocks[place] = { key: "", nodes: put(element, blocks, place, [details]) };
  }
  const [summary, inner] = /** @type {HTMLElement[]} */ ([...details.children]);
  const words = token.open ? labels.thinking : labels.thought;
  if (summary.textContent !== words) summary.textContent = words;
  const left = drawParts(inner, token.text, until, labels);
  if (!left) blocks[place].key = token.key;
  return left;
}

/** @param {any} token @param {Labels} labels @returns {Node[]} */
function safeNodes(token, labels) {
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
    code.parentElement?.replaceWith(codeBlock(code.textContent.replace(/\n$/, ""), language, labels));
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
  direct(fragment);
  typeset(fragment);
  return [...fragment.childNodes];
}

/** @param {string} code @param {string} language @param {Labels} labels */
function codeBlock(code, language, labels) {
  const name = language.trim().split(/\s+/)[0].toLowerCase();
  const block = document.createElement("div");
  block.className = "code-block";
  const head = document.createElement("div");
  head.className = "code-head";
  const label = document.createElement("span");
  label.textContent = name.slice(0, 24);
  head.append(label);
  if (PYTHON.test(name)) head.append(blockButton("run-code", labels.run));
  head.append(blockButton("copy-code", labels.copy));
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  pre.dir = "ltr";
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
