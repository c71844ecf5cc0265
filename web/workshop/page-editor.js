/**
 * Opens PyScript's editor in a cell of its own; loaded when somebody opens the workshop.
 */
import { openCell, part } from "../sandbox/page-cell.js";

const root = new URL("../", import.meta.url);
/** PyScript's modules, as build_support/vendor.py has them; the first one begins. */
const FILES = ["core.js", "core-C9KDLldu.js", "error-D2315lOB.js", "deprecations-manager-UpAPKqCb.js", "py-editor-C4XsZtn7.js",
  "codemirror-BDx3jn9j.js", "codemirror_commands-JTJPAaAA.js", "codemirror_lang-python-r-dBg-Wd.js",
  "codemirror_language-BeYrpeur.js", "codemirror_state-DxSVIxgn.js", "codemirror_view-BsXnWedx.js", "index-CSo4Vcso.js"];
const POLICY = "default-src 'none'; script-src NONCE 'unsafe-eval' blob:; style-src 'unsafe-inline'";

/** @param {string} path */
const words = async (path) => (await part(new URL(path, root))).text();

/**
 * @param {HTMLElement} place
 * @param {string} label what the editor is called
 * @param {boolean} dark
 * @param {(text: string) => void} onText what the cell says (see editor.js), as JSON text
 * @returns {Promise<{post: (text: string) => void, end: () => void}>}
 */
export async function openEditor(place, label, dark, onText) {
  const [script, styles, ...sources] = await Promise.all(
    [words("workshop/editor.js"), words("workshop/editor.css"), ...FILES.map((name) => words(`vendor/pyscript/${name}`))],
  );
  const files = Object.fromEntries(FILES.map((name, index) => [name, sources[index]]));
  const cell = await openCell(new URL("workshop/host.html", root), POLICY, script, place);
  cell.frame.title = label;
  cell.frame.className = "editor";
  cell.port.onmessage = (event) => onText(JSON.stringify(event.data));
  cell.port.postMessage({ type: "parts", files, entry: FILES[0], styles, label, dark });
  return { post: (text) => cell.port.postMessage(JSON.parse(text)), end: cell.close };
}
