/**
 * Makes a block that is on the page equal to a newer drawing of it, node by node, so that what the
 * person has selected, scrolled aside, unfolded or run in it stays.
 */
import { Idiomorph } from "../../vendor/idiomorph/idiomorph.esm.js";

/**
 * Changes only the part of a text that differs: the ends of a selection in the rest stay where they are.
 * @param {Text} old
 * @param {string} text
 */
function edit(old, text) {
  const { data } = old;
  if (data === text) return;
  const most = Math.min(data.length, text.length);
  let front = 0;
  while (front < most && data[front] === text[front]) front += 1;
  let back = 0;
  while (back < most - front && data[data.length - 1 - back] === text[text.length - 1 - back]) back += 1;
  old.replaceData(front, data.length - front - back, text.slice(front, text.length - back));
}

/** @param {Node} node @param {string} name */
const is = (node, name) => node instanceof Element && node.classList.contains(name);

const OPTIONS = {
  morphStyle: /** @type {const} */ ("outerHTML"),
  restoreFocus: false,
  callbacks: {
    /** @param {Node} old @param {Node} made */
    beforeNodeMorphed(old, made) {
      if (old instanceof Text && made instanceof Text) {
        edit(old, made.data);
        return false;
      }
      // Its buttons may say "Stop" or "Copied" just now.
      return !(is(old, "code-head") && old.firstChild?.textContent === made.firstChild?.textContent);
    },
    /** What was run stands below its code. @param {Node} node */
    beforeNodeRemoved: (node) => !is(node, "run-output"),
  },
};

/**
 * `old`, which is on the page, becomes as `made`; returns the node that is on the page then.
 * @param {Node} old
 * @param {Node} made
 * @returns {Node}
 */
export function patch(old, made) {
  if (old instanceof Text && made instanceof Text) {
    edit(old, made.data);
    return old;
  }
  if (old instanceof Element && made instanceof Element && old.nodeName === made.nodeName && old.classList[0] === made.classList[0]) {
    Idiomorph.morph(old, made, OPTIONS);
    return old;
  }
  old.parentNode?.replaceChild(made, old);
  return made;
}
