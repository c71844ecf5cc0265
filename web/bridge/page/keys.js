/**
 * Decides whether a key was pressed to do something: the one rule for Enter and Escape on the page, before
 * ui/ is up and after. Key presses that belong to an input method, come from a key that is held
 * down, or carry a modifier are not such.
 */

/** The browser's number for "this key went to the input method"; all that Safari tells of a composition's last Enter. */
const TAKEN_BY_INPUT_METHOD = 229;

/** A keyboard on the screen and no other: there Enter has to start lines. A laptop with a touch screen has a mouse too. */
const PHONE = "(hover: none) and (pointer: coarse)";

/** Does an input method compose, so that this key is its own? @param {KeyboardEvent} event */
const composing = (event) => event.isComposing || event.keyCode === TAKEN_BY_INPUT_METHOD || event.key === "Process";

/**
 * One deliberate press of `key` alone.
 *
 * @param {KeyboardEvent} event
 * @param {string} key as in `KeyboardEvent.key`
 */
export function deliberate(event, key) {
  const held = event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
  return event.key === key && !held && !composing(event) && !event.defaultPrevented;
}

/**
 * One deliberate press of `key` together with Ctrl or, on a Mac, Command.
 *
 * @param {KeyboardEvent} event
 * @param {string} key
 */
export function commanded(event, key) {
  const other = event.repeat || event.altKey || event.shiftKey || event.ctrlKey === event.metaKey;
  return event.key === key && !other && !composing(event) && !event.defaultPrevented;
}

/**
 * Does Enter alone send a message, or start a line?
 *
 * @param {string | undefined} choice the person's: "send", "line", or "auto" for as the device is
 */
export const enterSends = (choice) => (choice === "send" || choice === "line" ? choice === "send" : !matchMedia(PHONE).matches);

/**
 * What a key press in the message box is: "send", "" (nothing of ours), or "held": a key that is still
 * down from a press that sent, which must neither send again nor write lines.
 *
 * @param {KeyboardEvent} event
 * @param {string | undefined} choice as for `enterSends`
 * @returns {"send" | "held" | ""}
 */
export function messageKey(event, choice) {
  if (event.key !== "Enter" || composing(event) || event.defaultPrevented) return "";
  if (!enterSends(choice)) return commanded(event, "Enter") ? "send" : "";
  if (deliberate(event, "Enter")) return "send";
  const modified = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
  return event.repeat && !modified ? "held" : "";
}

/**
 * A press of Escape that is left for the page: no dialog, menu or list that is open wants it.
 * Escape pressed in a list that is folded out closes that list.
 *
 * @param {KeyboardEvent} event
 */
export function escapes(event) {
  if (document.querySelector("dialog[open], :popover-open") || foldedOut(event.target)) return false;
  return deliberate(event, "Escape");
}

/** Is it a list that is open? Browsers that can't tell count as having it open. @param {EventTarget | null} target */
function foldedOut(target) {
  if (!(target instanceof HTMLSelectElement)) return false;
  try { return target.matches(":open"); } catch { return true; }
}
