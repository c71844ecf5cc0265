/**
 * Runs in the editor's cell, a document without an origin: PyScript's editor, made of files that
 * come by message, since there is no network here. It only edits: what is written is run elsewhere.
 *
 * page to cell: {type: "parts", files: {name: source}, entry, label, dark} once; {type: "set", code};
 *   {type: "look", dark}
 * cell to page: "cell"; {type: "ready"}; {type: "code", code} when it changed; {type: "run"};
 *   {type: "failed", error}
 */

const LOOK_MS = 200;
const MOST = 20_000;

/** @type {MessagePort} */
let page;
/** @type {any} the script element that PyScript turned into an editor */
let editor;
let reported = "";

/** The modules under names that need no address. @param {Record<string, string>} files */
function provide(files) {
  const imports = Object.fromEntries(Object.entries(files).map(([name, source]) => {
    const text = source.replace(/(["'`])\.\/([\w-]+\.js)\1/g, "$1pyscript/$2$1");
    return [`pyscript/${name}`, URL.createObjectURL(new Blob([text], { type: "text/javascript" }))];
  }));
  const map = document.createElement("script");
  map.type = "importmap";
  map.nonce = nonce;
  map.textContent = JSON.stringify({ imports });
  document.head.append(map);
}

const { nonce } = /** @type {HTMLScriptElement} */ (document.currentScript);

/** @param {boolean} dark */
const look = (dark) => { document.documentElement.dataset.theme = dark ? "dark" : "light"; };

/** @param {any} parts */
async function build({ files, entry, styles, label, dark }) {
  look(dark);
  const style = document.createElement("style");
  style.textContent = styles;
  document.head.append(style);
  provide(files);
  editor = document.createElement("script");
  editor.type = "mpy-editor";
  editor.textContent = "\n";
  const made = new Promise((resolve) => document.addEventListener("mpy-editor", resolve, { once: true }));
  document.body.append(editor);
  await import(`pyscript/${entry}`);
  await made;
  // PyScript's own Run would start an interpreter here; the page's does, apart and with limits.
  editor.handleEvent = () => { tell(); page.postMessage({ type: "run" }); return false; };
  const box = document.querySelector("mpy-editor .mpy-editor-input > div")?.shadowRoot;
  const text = box?.querySelector("[contenteditable]");
  text?.setAttribute("aria-label", label);
  setInterval(tell, LOOK_MS);
  page.postMessage({ type: "ready" });
}

function tell() {
  const { code } = editor;
  if (code === reported) return;
  reported = code;
  page.postMessage({ type: "code", code: code.slice(0, MOST + 1) });
}

// PyScript also looks for a database and for addresses, and there are none here; the editor needs neither.
addEventListener("unhandledrejection", (event) => event.preventDefault());

addEventListener("message", (event) => {
  if (event.source !== parent || page) return;
  page = event.ports[0];
  page.onmessage = ({ data }) => {
    if (data.type === "parts") build(data).catch((error) => page.postMessage({ type: "failed", error: String(error) }));
    else if (data.type === "set") reported = editor.code = data.code;
    else if (data.type === "look") look(data.dark);
  };
  page.postMessage("cell");
});
