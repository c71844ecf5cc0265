/** Gives each block of an answer the direction of its text; code, formulas and addresses run left to right. */

const LEAVES = "p, h1, h2, h3, h4, h5, h6, td, th, summary";
const HOLDERS = "ul, ol, blockquote, table";
const LEFT_TO_RIGHT = "code, pre, .formula";
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Samaritan}\p{Script=Mandaic}\p{Script=Adlam}]/u;
const LETTER = /\p{L}/u;

/** The direction of the first letter that isn't code: "rtl", "ltr", or "" without one. @param {Element} element */
function directionOf(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const letter = LETTER.exec(node.nodeValue ?? "");
    if (letter && !node.parentElement?.closest(LEFT_TO_RIGHT)) return RIGHT_TO_LEFT.test(letter[0]) ? "rtl" : "ltr";
  }
  return "";
}

/** Has it words of its own, and not only blocks? @param {Element} item */
const speaks = (item) => [...item.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && LETTER.test(node.nodeValue ?? ""));

/** @param {DocumentFragment} fragment */
export function direct(fragment) {
  for (const leaf of /** @type {NodeListOf<HTMLElement>} */ (fragment.querySelectorAll(LEAVES))) leaf.dir = "auto";
  for (const code of /** @type {NodeListOf<HTMLElement>} */ (fragment.querySelectorAll(LEFT_TO_RIGHT))) code.dir = "ltr";
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (fragment.querySelectorAll("li"))) item.dir = speaks(item) ? "auto" : directionOf(item);
  // A list's marks, a quotation's line and a table's columns stand where its first words begin.
  for (const holder of /** @type {NodeListOf<HTMLElement>} */ (fragment.querySelectorAll(HOLDERS))) holder.dir = directionOf(holder);
}
