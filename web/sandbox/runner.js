/**
 * Runs Python in the cell's worker, without the page, without an origin and without a network.
 *
 * Its files come by message, and a stand-in for `fetch` gives them to Pyodide while it boots; after
 * that `fetch` is the browser's again, and the cell's policy refuses every address.
 */
const MEMORY_MOST = 768 * 1024 * 1024;
const INDEX = "https://python.invalid/";
const FLUSH_CHARS = 4000;
const FLUSH_MS = 60;

/** @param {object} message */
const post = (message) => self.postMessage(message);

/** Memory that Python asks for past the limit isn't there: Python raises MemoryError. */
function limitMemory() {
  const grow = WebAssembly.Memory.prototype.grow;
  Object.defineProperty(WebAssembly.Memory.prototype, "grow", {
    writable: false,
    configurable: false,
    value: /** @this {WebAssembly.Memory} @param {number} pages */ function limited(pages) {
      if (this.buffer.byteLength + pages * 65536 > MEMORY_MOST) throw new RangeError("memory limit");
      return grow.call(this, pages);
    },
  });
}

/** Collects what is printed, so that many small writes are few messages. @param {string} stream */
function writer(stream) {
  const decoder = new TextDecoder();
  let kept = "";
  let last = 0;
  const flush = () => {
    if (kept) post({ type: "out", stream, text: kept });
    kept = "";
    last = performance.now();
  };
  /** @param {Uint8Array} bytes */
  const write = (bytes) => {
    kept += decoder.decode(bytes, { stream: true });
    if (kept.length > FLUSH_CHARS || performance.now() - last > FLUSH_MS) flush();
    return bytes.length;
  };
  return { write, flush };
}

/**
 * Lays what is in a bundle where Python finds it; web/bridge/worker/python/boot.js does the same.
 * @param {any} FS @param {{header: any, bytes: Uint8Array}} bundle
 */
function unpack(FS, { header, bytes }) {
  for (const folder of header.folders) FS.mkdirTree(`${header.root}/${folder}`);
  for (const [name, offset, length] of header.files) {
    FS.writeFile(`${header.root}/${name}`, bytes.subarray(offset, offset + length), { canOwn: true });
  }
}

/** @param {any} parts */
async function boot(parts) {
  limitMemory();
  Object.assign(self, { importScripts: undefined }); // by which Pyodide would know a worker that isn't a module
  const address = (/** @type {string} */ text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all([
    import(address(parts.pyodide)), import(address(parts.asm)),
  ]);
  const { fetch } = self;
  const { instantiateStreaming } = WebAssembly;
  self.fetch = async (url) => new Response(String(url).endsWith("stdlib.zip") ? parts.stdlib : null);
  WebAssembly.instantiateStreaming = async (_response, imports) => {
    const instance = await WebAssembly.instantiate(/** @type {WebAssembly.Module} */ (parts.module), imports);
    return { module: parts.module, instance };
  };
  try {
    return await loadPyodide({
      indexURL: INDEX,
      packageBaseUrl: INDEX,
      stdLibURL: `${INDEX}stdlib.zip`,
      lockFileContents: parts.lock,
      createPyodideModule,
      fsInit: async (/** @type {any} */ FS) => { for (const bundle of [parts.site, ...parts.bundles]) if (bundle) unpack(FS, bundle); },
      // What `import js` finds: nothing of the worker. It is a habit taken away and no wall; the
      // walls are the missing origin, the policy and the end of this worker.
      jsglobals: { Object, Promise, setTimeout, clearTimeout },
    });
  } finally {
    self.fetch = fetch;
    WebAssembly.instantiateStreaming = instantiateStreaming;
  }
}

/** @type {Map<number, (reply: any) => void>} */
const waiting = new Map();
/** @type {any} */
let python;
const out = writer("stdout");
const err = writer("stderr");

/** A question to the page. @param {string} body JSON @returns {Promise<string>} JSON */
function ask(body) {
  const key = waiting.size ? Math.max(...waiting.keys()) + 1 : 1;
  out.flush();
  post({ type: "ask", key, body });
  return new Promise((resolve) => waiting.set(key, resolve));
}

/** @param {{code: string, data: string}} request */
async function run({ code, data }) {
  python.setStdout({ write: out.write });
  python.setStderr({ write: err.write });
  const answer = JSON.parse(await python.globals.get("orion_run")(code, data ?? "", ask));
  out.flush();
  err.flush();
  post({ type: "done", value: answer.value ?? "", error: answer.error ?? "" });
}

/** @param {any} data */
async function receive(data) {
  if (data.type === "boot") {
    python = await boot(data);
    python.FS.writeFile("/home/pyodide/orion_terminal.py", data.terminal);
    python.runPython(data.prelude);
    python.globals.set("orion_known", data.known.join(" "));
    python.globals.set("orion_unfetched", data.unfetched.join(" "));
    post({ type: "ready" });
  } else if (data.type === "run") await run(data);
  else if (data.type === "reply") {
    waiting.get(data.key)?.(data.body);
    waiting.delete(data.key);
  }
}

self.onmessage = ({ data }) => receive(data).catch((error) => post({ type: "failed", error: String(error) }));
