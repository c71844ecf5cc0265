/**
 * Brings, for sw.js, the shell of this version into its cache, file by file, each checked against its hash.
 */
/// <reference lib="webworker" />
const AT_ONCE = 4;
const TRIES = 3;

/** @typedef {{url: string, part: number, size: number, sha256: string}} ShellFile */

/** @param {ArrayBuffer} body */
async function sha256Of(body) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The files in their order, and none of a part before the last byte of the parts in front of it: on a
 * slow line the engine's Python boots from the first while the next arrives.
 */
async function install() {
  const answer = await fetch(address(LISTING), { cache: "no-store" });
  if (!answer.ok) throw new Error(`precache.json: ${answer.status}`);
  /** @type {{version: string, files: ShellFile[], later?: ShellFile[]}} */
  const { version, files: listed, later: lazy = [] } = await answer.json();
  const { files, later } = forThisBrowser(listed, lazy);
  if (version !== VERSION) throw new Error("The site is being updated; the next visit installs it.");
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  let reported = 0;
  const cache = await caches.open(SHELL);
  const others = await Promise.all((await caches.keys())
    .filter((name) => name.startsWith(SHELLS) && name !== SHELL).map((name) => caches.open(name)));

  const parts = Array.from({ length: Math.max(0, ...files.map((file) => file.part)) + 1 }, (_, part) => {
    let arrived = () => {};
    /** @type {Promise<void>} */
    const whole = new Promise((resolve) => { arrived = resolve; });
    const left = files.reduce((sum, file) => sum + (file.part === part ? file.size : 0), 0);
    if (!left) arrived();
    return { left, arrived, whole };
  });

  /** @param {number} bytes @param {ShellFile} file */
  const advance = (bytes, { url, part }) => {
    done += bytes;
    parts[part].left -= bytes;
    if (parts[part].left <= 0) parts[part].arrived(); // hashing and storing them doesn't need the connection
    if (done < total && Date.now() - reported < 100) return;
    reported = Date.now();
    void tell({ type: "install", done, total, file: url });
  };
  const queue = [...files];
  const runners = Array.from({ length: AT_ONCE }, async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      for (const { whole } of parts.slice(0, file.part)) await whole;
      await keep(file, cache, others, advance);
    }
  });
  await Promise.all(runners);
  await cache.put(address(LISTING), new Response(JSON.stringify({ version, files, later })));
  const wanted = new Set([{ url: LISTING }, ...files, ...later].map((file) => address(file.url)));
  for (const file of later) await carryOver(file, cache, others); // no bytes move for what was used before
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
}

/**
 * @param {ShellFile} file @param {Cache} cache @param {Cache[]} others
 * @param {(bytes: number, file: ShellFile) => void} advance
 */
async function keep(file, cache, others, advance) {
  const url = address(file.url);
  for (const place of [cache, ...others]) {
    const held = await place.match(url);
    if (held?.headers.get(HASH) !== file.sha256) continue;
    if (place !== cache) await cache.put(url, held);
    advance(file.size, file);
    return;
  }
  for (let attempt = 1; ; attempt += 1) {
    let counted = 0;
    try {
      const count = (/** @type {number} */ bytes) => { counted += bytes; advance(bytes, file); };
      await download(file, url, cache, count);
      advance(file.size - counted, file);
      return;
    } catch (error) {
      advance(-counted, file);
      if (attempt >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 400 * attempt));
    }
  }
}

/** @param {ShellFile} file @param {Cache} cache @param {Cache[]} others */
async function carryOver(file, cache, others) {
  const url = address(file.url);
  if ((await cache.match(url))?.headers.get(HASH) === file.sha256) return;
  await cache.delete(url);
  for (const place of others) {
    const held = await place.match(url);
    if (held?.headers.get(HASH) === file.sha256) return void (await cache.put(url, held));
  }
}

/** @param {ShellFile} file @param {string} url @param {Cache} cache @param {(bytes: number) => void} count */
async function download(file, url, cache, count) {
  const answer = await fetch(url, { cache: "no-cache" });
  if (!answer.ok || !answer.body || answer.redirected) throw new Error(`${file.url}: ${answer.status}`);
  const reader = answer.body.getReader();
  const parts = [];
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    parts.push(step.value);
    count(step.value.length);
  }
  const body = await new Blob(parts).arrayBuffer();
  const sha256 = await sha256Of(body);
  if (sha256 !== file.sha256) throw new Error(`${file.url} isn't the file that the build made`);
  await cache.put(url, withHeaders(new Response(body, { headers: answer.headers }), file.url, sha256));
}

/** @param {object} note */
async function tell(note) {
  for (const client of await worker.clients.matchAll({ includeUncontrolled: true, type: "window" })) client.postMessage(note);
}
