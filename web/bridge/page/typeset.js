/**
 * Typesets an answer's formulas, from TeX to MathML by Temml, which comes when the first one is drawn.
 * What Temml makes is sanitized like everything else; it needs no styles of its own in the markup.
 */
import DOMPurify from "../../vendor/dompurify/purify.mjs";
import { sourceOf } from "./formulas.js";

const TAGS = ["math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "mstyle", "mpadded", "mphantom", "msub", "msup",
  "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts", "mtable", "mtr", "mtd", "menclose"];
const ATTRIBUTES = ["accent", "accentunder", "class", "columnalign", "columnlines", "columnspacing", "depth", "display", "displaystyle", "fence", "form",
  "height", "largeop", "linethickness", "lspace", "mathcolor", "mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowlines",
  "rowspacing", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width"];
const KEPT = 400; // formulas that are remembered: the growing block is drawn many times
const OPTIONS = { throwOnError: true, trust: false, maxExpand: 200, maxSize: [10, 20], wrap: "tex" };
const BOX = 'style="padding:3pt;border:1px solid;"';

/** @type {any} */
let temml = null;
/** @type {Promise<void> | null} */
let coming = null;
/** @type {Map<string, DocumentFragment | null>} what a source becomes; null: it is broken */
const made = new Map();

/** Temml is a plain script: it makes one global name. @returns {Promise<void>} */
function bring() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../../vendor/temml/temml.min.js", import.meta.url).href;
    script.addEventListener("load", () => { temml = /** @type {any} */ (globalThis).temml; resolve(); });
    script.addEventListener("error", () => { script.remove(); reject(new Error("Temml didn't come")); });
    document.head.append(script);
  });
}

/** @param {string} source @param {boolean} display @returns {DocumentFragment | null} */
function draw(source, display) {
  let markup;
  try {
    markup = temml.renderToString(source, { ...OPTIONS, displayMode: display });
  } catch {
    return null;
  }
  const plain = markup.replaceAll(BOX, 'class="boxed"')
    .replace(/ style="(?:color:(#[0-9a-f]{6});)?[^"]*"/g, (/** @type {string} */ _, /** @type {string | undefined} */ color) => (color ? ` mathcolor="${color}"` : ""));
  return DOMPurify.sanitize(plain, { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false, RETURN_DOM_FRAGMENT: true });
}

/** @param {HTMLElement} place a `span.formula` that holds its source */
function put(place) {
  const raw = place.textContent;
  const display = place.classList.contains("display");
  const key = `${display} ${raw}`;
  let fragment = made.get(key);
  if (fragment === undefined) {
    fragment = draw(sourceOf(raw), display);
    if (made.size >= KEPT) made.clear();
    made.set(key, fragment);
  }
  place.classList.remove("waiting");
  if (fragment) place.replaceChildren(fragment.cloneNode(true));
  else place.classList.add("source");
}

/**
 * Draws the formulas in `fragment`; where Temml isn't here yet, they show their source until it is.
 * A formula that is broken, or that Temml doesn't know, stays its source.
 * @param {DocumentFragment} fragment
 */
export function typeset(fragment) {
  const places = /** @type {NodeListOf<HTMLElement>} */ (fragment.querySelectorAll("span.formula"));
  for (const place of places) {
    place.dir = "ltr";
    if (temml) put(place);
    else place.classList.add("waiting");
  }
  if (!places.length || temml || coming) return;
  coming = bring().then(() => {
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("span.formula.waiting"))) put(place);
  }).catch(() => undefined).finally(() => { coming = null; }); // the network may be back at the next formula
}
