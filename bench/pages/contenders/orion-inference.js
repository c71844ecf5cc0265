/** ORION's inference worker without Python: the client's forward, and the highest logit. */

const orion = new URL("../../orion/", import.meta.url);

/** @param {Float32Array} logits */
function highest(logits) {
  let best = 0;
  for (let index = 1; index < logits.length; index += 1) if (logits[index] > logits[best]) best = index;
  return best;
}

/**
 * `variant`: the id of one that the manifest names, or one that Python derived, as it is.
 *
 * @param {{model: string, variant: string | {id: string}, threads: number, context: number, tokens: number[], steps: number}} options
 */
export async function prepare({ model, variant: given, threads, context, tokens, steps }) {
  const [{ InferenceClient }, { openShards }, { neededShards, readSpec }] = await Promise.all(
    ["inference-client", "shards", "spec"].map((name) => import(new URL(`bridge/${name}.js`, orion).href)),
  );
  const manifest = await (await fetch(new URL(`models/${model}/manifest.json`, orion))).json();
  const variant = typeof given === "string" ? given : given.id;
  if (typeof given !== "string") manifest.variants.push(given);
  const spec = { manifest, variant, threads, context, baseUrl: orion.href };
  const needed = neededShards(readSpec(spec));
  const store = await openShards();
  for (const { sha256, size } of needed) {
    await store.fetchShard(new URL(`models/shards/${sha256}`, orion).href, sha256, size, () => {});
  }
  const started = performance.now();
  const client = new InferenceClient(new URL("workers/inference.js", orion));
  await client.open(JSON.stringify(spec));
  for (const { sha256 } of needed) await client.feed(sha256, store.heldBlob(sha256));
  const built = JSON.parse(await client.build());

  async function run() {
    const begun = performance.now();
    let token = highest(await client.forward(tokens, 0));
    const first = performance.now();
    const text = [token];
    for (let step = 0; step < steps; step += 1) {
      token = highest(await client.forward([token], tokens.length + step));
      text.push(token);
    }
    const ended = performance.now();
    return {
      prompt: tokens.length,
      prefill_tps: (tokens.length / (first - begun)) * 1000,
      decode_tps: (steps / (ended - first)) * 1000,
      tokens: text,
    };
  }
  return { facts: { ...built, load_ms: performance.now() - started }, run };
}
