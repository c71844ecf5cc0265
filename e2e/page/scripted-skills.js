/** A skill of the scripted engine: has the page run the program that a question quotes, and says what came of it. */

const waiting = new Map();

/**
 * @param {string} id @param {string} query its program stands in backquotes @param {(message: object) => void} post
 * @returns {Promise<string>} what is appended to the answer
 */
export async function tried(id, query, post) {
  post({ id, type: "skill.step", step: "running" });
  const ended = new Promise((resolve) => waiting.set(id, resolve));
  post({ id, type: "skill.code", run: 1, code: query.match(/`([^`]+)`/)[1].replaceAll("\\n", "\n"), seconds: 3 });
  const { output, end, error } = await ended;
  return `\n\nIt printed “${output.trim()}” and was ${end}${error ? `: ${error}` : ""}.`;
}

/** @param {{request: string}} message the page's `skill.ran` */
export function ran(message) {
  waiting.get(message.request)?.(message);
}
