/**
 * Opens a cell from the page: a frame within a frame that runs what isn't ours (see host.js).
 * What goes in and out is a channel; nothing else is shared.
 */

/** @typedef {{port: MessagePort, frame: HTMLIFrameElement, close: () => void}} Cell */

const PATIENCE_MS = 20_000;
const VERSION_MS = 4000;

/**
 * Opens a cell in `place`.
 *
 * @param {URL} host the document whose policy the cell gets
 * @param {string} policy what the cell's own document takes away from that
 * @param {string} script what runs there; it gets the channel's end by its first message
 * @param {HTMLElement} place
 * @returns {Promise<Cell>}
 */
export function openCell(host, policy, script, place) {
  const nonce = crypto.getRandomValues(new Uint8Array(16)).reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");
  const source = `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${
    policy.replace("NONCE", `'nonce-${nonce}'`)}"><body><script nonce="${nonce}">${script}</script>`;
  const { port1, port2 } = new MessageChannel();
  const frame = document.createElement("iframe");
  frame.title = "Orion";
  return new Promise((resolve, reject) => {
    const watch = new AbortController();
    const close = () => { watch.abort(); port1.close(); frame.remove(); };
    const late = setTimeout(() => { close(); reject(new Error("the frame doesn't answer")); }, PATIENCE_MS);
    addEventListener("message", (event) => {
      if (event.source !== frame.contentWindow || event.data !== "host") return;
      frame.contentWindow?.postMessage({ document: source }, location.origin, [port2]);
    }, { signal: watch.signal });
    port1.onmessage = (event) => {
      if (event.data !== "cell") return;
      clearTimeout(late);
      watch.abort();
      resolve({ port: port1, frame, close });
    };
    void ownVersion().then((version) => {
      frame.src = version ? `${host.href}?v=${version}` : host.href;
      place.append(frame);
    });
  });
}

/**
 * The version that this page was opened with, which its frames belong to; "" without a service worker. A worker that
 * another takes the place of meanwhile may never answer: then that one is asked.
 *
 * @returns {Promise<string>}
 */
function ownVersion() {
  const shell = navigator.serviceWorker;
  if (!shell?.controller) return Promise.resolve("");
  return new Promise((resolve) => {
    const watch = new AbortController();
    const answer = (/** @type {string} */ version) => { clearTimeout(late); watch.abort(); resolve(version); };
    const late = setTimeout(answer, VERSION_MS, "");
    const ask = () => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = (event) => { port1.close(); answer(String(event.data)); };
      shell.controller?.postMessage({ type: "version" }, [port2]);
    };
    shell.addEventListener("controllerchange", ask, { signal: watch.signal });
    ask();
  });
}

/** @param {URL} url @returns {Promise<Response>} */
export async function part(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: ${answer.status}`);
  return answer;
}
