/**
 * What the memory gives our kernel: a plain read of the bytes that one token reads, in the same module, by the same threads,
 * in the memory in which the model lies.
 */

const READS = 24;

/** @param {{site: string, model: string, derived: any, threads: number, context: number, reads: {shard: string, offset: number, bytes: number}[]}} options */
export async function prepare({ site, model, derived, threads, context, reads }) {
  const orion = new URL(`../../${site}/`, import.meta.url);
  const [{ KernelModel }, { openShards }, { neededShards, readSpec }] = await Promise.all(
    ["kernel/model", "storage/shards", "inference/spec"].map((name) => import(new URL(`bridge/worker/${name}.js`, orion).href)),
  );
  const manifest = await (await fetch(new URL(`models/${model}/manifest.json`, orion))).json();
  manifest.variants.push(derived);
  const spec = readSpec({ manifest, variant: derived.id, threads, context });
  const opened = await KernelModel.open(new URL("kernel/", orion), spec);
  const store = await openShards();
  for (const shard of neededShards(spec)) {
    const { sha256, size } = shard;
    await store.fetchShard(new URL(`models/shards/${sha256}`, orion).href, sha256, size, () => {});
    await opened.feed(shard, store.heldBlob(sha256) ?? (await store.blob(sha256)));
  }
  await opened.build();
  const { exports, shards } = opened.memory;
  const spans = reads.map(({ shard, offset, bytes }) => ({ at: shards.get(shard).at + offset, bytes }));
  const bytes = spans.reduce((sum, span) => sum + span.bytes, 0);

  function once() {
    for (const span of spans) {
      if (!exports.orion_read(span.at, span.bytes)) throw new Error("the kernel didn't read: it is outside, or all zeros");
    }
  }

  async function run() {
    const begun = performance.now();
    for (let read = 0; read < READS; read += 1) once();
    const ms = (performance.now() - begun) / READS;
    return { gigabytes_per_second: bytes / ms / 1e6, limit_tps: 1000 / ms, bytes };
  }
  return { facts: { threads: opened.threads, features: exports.orion_features(), bytes }, run };
}
