/**
 * Runs in the cell, a document without an origin: keeps Python's files, starts a worker for each
 * run, ends it when its time or its share of output is used up, and passes messages on.
 *
 * page to cell: {type: "parts", …} once; then {type: "run", id, code, data, seconds,
 *   total, output, bundles, known, unfetched} (seconds of its own between two waits, seconds in all, characters, the
 *   packages that the code imports, the names that it could), {type: "stop"},
 *   {type: "reply", …} (to the worker)
 * cell to page: "cell"; {type: "out", id, stream, text}, {type: "started", id}, {type: "ask", id, …},
 *   {type: "end", id, why: "done" | "time" | "output" | "stopped" | "crash", value, error, ms}
 *
 * What the worker says isn't trusted: every field is made anew, of the length that is allowed.
 */

const BOOT_MS = 60_000;
const FIELD_MOST = 20_000;
const ASK_MOST = 2_500_000; // a question has the engine's limit, a million characters at most, and is refused there
const ASKS_MOST = 3000; // each token of a stream may be an ask of its own
const NUMPY = /\bnumpy\b/;

/** @type {MessagePort} */
let page;
/** @type {Record<string, any>} */
let parts;
/** @type {{id: string, end: (why: string, more?: object) => void, worker: Worker, reply: (data: any) => void} | null} */
let run = null;
/** The id of the run that waits for Python to be compiled. */
let wanted = "";

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value.slice(0, FIELD_MOST) : "");

/** A question whole, or nothing: cut off it is no JSON. @param {unknown} value */
const question = (value) => (typeof value === "string" && value.length <= ASK_MOST ? value : "");

/** @param {string} source */
const scriptOf = (source) => URL.createObjectURL(new Blob([source], { type: "text/javascript" }));

/** @param {any} request */
function start(request) {
  const { id } = request;
  const worker = new Worker(parts.workerUrl); // a module can't be one where there is no origin
  let left = request.output;
  let asks = 0;
  let waiting = 0;
  let began = performance.now();
  let total = 0;
  /** @param {string} why @param {object} [more] */
  const end = (why, more) => {
    clearTimeout(timer);
    clearTimeout(total);
    worker.terminate();
    run = null;
    page.postMessage({ type: "end", id, why, ms: Math.round(performance.now() - began), ...more });
  };
  let timer = setTimeout(end, BOOT_MS, "crash", { error: "Python didn't start." });
  worker.onerror = (event) => { event.preventDefault(); end("crash", { error: text(event.message) || "The worker ended." }); };
  worker.onmessage = ({ data }) => {
    if (run?.worker !== worker || !data) return;
    if (data.type === "ready") {
      clearTimeout(timer);
      began = performance.now();
      timer = setTimeout(end, request.seconds * 1000, "time");
      total = setTimeout(end, request.total * 1000, "time");
      page.postMessage({ type: "started", id });
      worker.postMessage({ type: "run", code: request.code, data: request.data });
    } else if (data.type === "out") {
      const said = text(data.text).slice(0, left);
      left -= said.length;
      page.postMessage({ type: "out", id, stream: data.stream === "stderr" ? "stderr" : "stdout", text: said });
      if (left <= 0) end("output");
    } else if (data.type === "ask") {
      asks += 1;
      waiting += 1;
      clearTimeout(timer); // the code's own time doesn't count what it waits for
      if (asks > ASKS_MOST) end("output");
      else page.postMessage({ type: "ask", id, call: asks, key: Number(data.key) || 0, body: question(data.body) });
    } else if (data.type === "failed") {
      end("crash", { error: text(data.error) });
    } else if (data.type === "done") {
      end("done", { value: text(data.value), error: text(data.error) });
    }
  };
  const reply = (/** @type {any} */ data) => {
    waiting -= 1;
    clearTimeout(timer);
    if (waiting <= 0) timer = setTimeout(end, request.seconds * 1000, "time");
    worker.postMessage(data);
  };
  run = { id, end, worker, reply };
  const { module, pyodide, asm, stdlib, prelude, terminal, lock } = parts;
  const site = NUMPY.test(request.code) ? parts.site : null;
  const { bundles = [], known = [], unfetched = [] } = request;
  worker.postMessage({ type: "boot", module, pyodide, asm, stdlib, prelude, terminal, lock, site, bundles, known, unfetched });
}

/** Ends what runs, and what is still to run. */
function stop() {
  if (wanted) page.postMessage({ type: "end", id: wanted, why: "stopped", ms: 0 });
  wanted = "";
  run?.end("stopped");
}

/** @param {MessageEvent} event */
async function receive({ data }) {
  if (data.type === "parts") {
    parts = { ...data, workerUrl: scriptOf(data.worker), module: WebAssembly.compile(data.wasm) };
    parts.module.catch(() => undefined); // reported by the run that waits for it
  } else if (data.type === "run") {
    stop();
    wanted = data.id;
    try {
      parts.module = await parts.module;
      if (wanted === data.id) start(data);
    } catch (error) {
      if (wanted === data.id) page.postMessage({ type: "end", id: data.id, why: "crash", error: String(error), ms: 0 });
    } finally {
      if (wanted === data.id) wanted = "";
    }
  } else if (data.type === "stop") stop();
  else if (data.type === "reply") run?.reply(data);
}

addEventListener("message", (event) => {
  if (event.source !== parent || page) return;
  page = event.ports[0];
  page.onmessage = receive;
  page.postMessage("cell");
});
