/**
 * A model in an inference worker, through the page's own bridge: scores continuations and answers
 * greedily, as model_foundry/measuring/subjects/session.py does. Called from outside as `answers.open`,
 * `answers.score` and `answers.generate`.
 */

const orion = new URL("../orion/", import.meta.url);

/** @type {any} */
let client = null;
/** @type {number[]} the tokens whose rows the KV cache holds */
let held = [];

/**
 * @param {number[]} tokens
 * @returns {Promise<Float32Array>} logits after the last; what the last call's tokens share isn't computed again
 */
async function after(tokens) {
  const most = Math.min(held.length, tokens.length - 1);
  let shared = 0;
  while (shared < most && held[shared] === tokens[shared]) shared += 1;
  held = []; // should the call fail, nothing is known of the cache
  const logits = await client.forward(tokens.slice(shared), shared);
  held = tokens;
  return logits;
}

/** @param {Float32Array} logits */
function highest(logits) {
  let best = 0;
  for (let index = 1; index < logits.length; index += 1) if (logits[index] > logits[best]) best = index;
  return best;
}

/**
 * @param {Float32Array} logits
 * @param {number} token
 */
function logProbability(logits, token) {
  const most = logits[highest(logits)];
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return logits[token] - most - Math.log(sum);
}

/** @type {any} */ (globalThis).answers = {
  /** @param {{model: string, variant: {id: string}, threads: number, context: number}} options */
  async open({ model, variant, threads, context }) {
    const [{ InferenceClient }, { openShards }, { neededShards, readSpec }] = await Promise.all(
      ["inference/client", "storage/shards", "inference/spec"].map((name) => import(new URL(`bridge/worker/${name}.js`, orion).href)),
    );
    const manifest = await (await fetch(new URL(`models/${model}/manifest.json`, orion))).json();
    const named = { ...manifest, variants: [variant] };
    const spec = { manifest: named, variant: variant.id, threads, context };
    const needed = neededShards(readSpec(spec));
    const store = await openShards();
    for (const { sha256, size } of needed) {
      await store.fetchShard(new URL(`models/shards/${sha256}`, orion).href, sha256, size, () => {});
    }
    client = new InferenceClient(new URL("workers/inference.js", orion));
    await client.open(JSON.stringify(spec));
    for (const { sha256 } of needed) await client.feed(sha256, store.heldBlob(sha256));
    return JSON.parse(await client.build());
  },

  /** @param {{context: number[], continuations: number[][]}} request */
  async score({ context, continuations }) {
    const first = await after(context);
    const logprobs = [];
    const top = [];
    for (const continuation of continuations) {
      const row = [];
      const ranked = [];
      let logits = first;
      for (const [index, token] of continuation.entries()) {
        if (index) logits = await after([...context, ...continuation.slice(0, index)]);
        row.push(logProbability(logits, token));
        ranked.push(highest(logits));
      }
      logprobs.push(row);
      top.push(ranked);
    }
    return { logprobs, top };
  },

  /** @param {{prompt: number[], max_tokens: number, eos: number[]}} request */
  async generate({ prompt, max_tokens: most, eos }) {
    /** @type {number[]} */
    const tokens = [];
    while (tokens.length < most) {
      const token = highest(await after([...prompt, ...tokens]));
      if (eos.includes(token)) return { tokens, ended: true };
      tokens.push(token);
    }
    return { tokens, ended: false };
  },
};
