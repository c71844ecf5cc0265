/**
 * Makes a random id; `crypto.randomUUID` isn't there on a page that was served over plain http by another machine.
 *
 * @returns {string} of letters, digits and hyphens
 */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return crypto.getRandomValues(new Uint8Array(16)).reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");
}
