/**
 * ORION's inference worker without Python: the client's calls. The worker chooses the tokens, as it does in an answer; here
 * the likeliest ones. Its shards are in IndexedDB before anything is measured, and what loading fetches is in the browser's
 * caches.
 */

const EIGHT = 8;
/** Times that eight rows are verified, and run one by one, in one run. */
const REPEATS = 6;
const GREEDY = { temperature: 0, top_k: 0, top_p: 1, penalty: 1, seen: [], never: [] };

/** @param {Float32Array} logits */
function highest(logits) {
  let best = 0;
  for (let index = 1; index < logits.length; index += 1) if (logits[index] > logits[best]) best = index;
  return best;
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

/**
 * @param {number[]} tokens
 * @param {number} count
 * @returns {number[]} so many tokens: these again and again
 */
const repeated = (tokens, count) => Array.from({ length: count }, (_, index) => tokens[index % tokens.length]);

/**
 * @typedef {object} Options
 * @property {string} site the folder of the site, beside pages/
 * @property {string} model
 * @property {string} variant
 * @property {object} [derived] a variant that the manifest doesn't name
 * @property {number} threads
 * @property {number} context
 * @property {number[]} tokens the prompt
 * @property {number} steps
 */

/** @param {Options} options */
export async function prepare({ site, model, variant, derived, threads, context, tokens, steps }) {
  const orion = new URL(`../../${site}/`, import.meta.url);
  const [{ InferenceClient }, { openShards }, { neededShards, readSpec }] = await Promise.all(
    ["inference/client", "storage/shards", "inference/spec"].map((name) => import(new URL(`bridge/worker/${name}.js`, orion).href)),
  );
  const manifest = await (await fetch(new URL(`models/${model}/manifest.json`, orion))).json();
  if (derived) manifest.variants.push(derived);
  const spec = { manifest, variant, threads, context };
  const needed = neededShards(readSpec(spec));
  const store = await openShards();
  for (const { sha256, size } of needed) {
    await store.fetchShard(new URL(`models/shards/${sha256}`, orion).href, sha256, size, () => {});
  }
  const chosen = manifest.variants.find((/** @type {{id: string}} */ { id }) => id === variant);
  const verifies = chosen.engine === "kernel" ? EIGHT : (chosen.prefill.verifies ?? 0);

  /** Loads as the engine does: one shard after the other, each read from IndexedDB and verified. */
  async function load() {
    const started = performance.now();
    const client = new InferenceClient(new URL("workers/inference.js", orion));
    await client.open(JSON.stringify(spec));
    for (const { sha256 } of needed) await client.feed(sha256, store.heldBlob(sha256));
    const built = JSON.parse(await client.build());
    const load_ms = performance.now() - started;
    await client.forward(tokens, 0);
    return { client, facts: { ...built, load_ms, first_token_ms: performance.now() - started } };
  }

  (await load()).client.close(); // fills the browser's caches of compiled code
  const { client, facts } = await load();
  let filled = 0; // rows of the cache that `context` made

  /**
   * Greedy steps from there on, in one run of the worker's.
   *
   * @param {number} position
   * @param {number} token
   * @returns {Promise<{ms: number, tokens: number[]}>}
   */
  async function decode(position, token) {
    const begun = performance.now();
    const run = client.run(JSON.stringify({ token, position, count: steps, ends: [], choice: { ...GREEDY, draws: Array(steps).fill(0) } }));
    const text = [token];
    for (let over = false; !over;) {
      const chosen = JSON.parse(await run.next());
      text.push(...chosen.tokens);
      over = chosen.over;
    }
    return { ms: performance.now() - begun, tokens: text };
  }

  const parts = {
    /** The prompt, then `steps` tokens. */
    async answer() {
      const begun = performance.now();
      const token = highest(await client.forward(tokens, 0));
      const read = performance.now() - begun;
      const written = await decode(tokens.length, token);
      return {
        prompt: tokens.length,
        completion: written.tokens.length,
        prefill_tps: (tokens.length / read) * 1000,
        decode_tps: (steps / written.ms) * 1000,
        tokens: written.tokens,
      };
    },

    /** A long prompt alone. @param {{length: number}} options */
    async prompt({ length }) {
      const long = repeated(tokens, length);
      const begun = performance.now();
      await client.forward(long, 0);
      return { prefill_tps: (length / (performance.now() - begun)) * 1000 };
    },

    /** Eight rows verified at once against eight single steps, and whether their logits are equal to the bit. */
    async rows() {
      if (verifies < EIGHT) return {};
      await client.forward(tokens, 0);
      const rows = repeated(tokens, EIGHT);
      const single = [];
      const together = [];
      let unequal = 0;
      for (let repeat = 0; repeat < REPEATS; repeat += 1) {
        const alone = [];
        const begun = performance.now();
        for (const [index, token] of rows.entries()) alone.push(await client.forward([token], tokens.length + index));
        const between = performance.now();
        const all = await client.verify(rows, tokens.length);
        together.push(performance.now() - between);
        single.push((between - begun) / EIGHT);
        const width = all.length / EIGHT;
        for (const [row, logits] of alone.entries()) {
          const bits = new Uint32Array(logits.buffer, logits.byteOffset, width);
          const others = new Uint32Array(all.buffer, all.byteOffset + 4 * row * width, width);
          if (!bits.every((value, index) => value === others[index])) unequal += 1;
        }
      }
      return { rows_in_steps: median(together) / median(single), unequal };
    },

    /** `steps` tokens with `position` tokens before them, which only the first run reads. @param {{position: number}} options */
    async context({ position }) {
      if (filled !== position) await client.forward(repeated(tokens, position), 0);
      filled = position;
      return { decode_tps: (steps / (await decode(position, tokens[0])).ms) * 1000 };
    },
  };

  /** @param {{part?: keyof typeof parts} & any} options */
  async function run({ part = "answer", ...options }) {
    if (part !== "context") filled = 0;
    return parts[/** @type {keyof typeof parts} */ (part)](options);
  }
  return { facts, run };
}
