/**
 * Finds what a first visit begins with before Python is up: the site's build wrote down what the engine would open
 * (orion_py/opening/first_visit.py), and for which visits that holds. All others are left to Python.
 */

import { sha256Hex } from "../storage/hash.js";

const PLAN = "models/first-visit.json";
/** Settings that show an earlier visit: the engine chooses by them. */
const EARLIER = ["first_model"];

/**
 * What the build wrote: for a device of `device_class`, which has more than so much memory, the `model` whose manifest is the
 * very text that the plan was made from.
 *
 * @typedef {{device_class: string, more_than_memory_gb: number, model: string, manifest: string, manifest_sha256: string,
 *   base: string, shards: string[], variant: any, context: number, memory_bytes: number}} Plan
 */

/** @typedef {import("../inference/messages.js").ComingShard} ComingShard */
/** @typedef {{spec: string, bytes: number, shards: ComingShard[]}} FirstVisit `bytes` that the model takes in memory */

/**
 * @typedef {object} Visit
 * @property {import("./bridge.js").First} said the page's first message
 * @property {Promise<string>} list models.json
 * @property {Promise<import("./device.js").Device>} device
 * @property {import("../storage/shards.js").ShardStore} shards
 * @property {(path: string) => Promise<string>} text of a file of the site
 * @property {(path: string) => string} resolve makes it a URL
 */

/**
 * What to begin with, null for what isn't a plain first visit. Raises what reading raises: then nothing is known.
 *
 * @param {Visit} visit
 * @returns {Promise<FirstVisit | null>}
 */
export async function firstVisit({ said, list, device, shards, text, resolve }) {
  // Without a database or locks, Python couldn't take over what is under way in another worker.
  const chosen = said.preset || Object.keys(said.config ?? {}).length;
  if (chosen || shards.kind !== "indexeddb" || !globalThis.navigator?.locks) return null;
  for (const key of EARLIER) if ((await shards.settings.read(key)) !== null) return null;
  /** @type {Plan} */
  const plan = JSON.parse(await text(PLAN));
  const [listed, written, found] = await Promise.all([list, text(plan.manifest), device]);
  const { recommendations, models } = JSON.parse(listed);
  const entry = models.find((/** @type {{id: string}} */ { id }) => id === plan.model);
  if (recommendations?.[plan.device_class] !== plan.model || entry?.manifest !== plan.manifest) return null;
  if (!isOfClass(found, plan) || (await sha256Hex(new TextEncoder().encode(written))) !== plan.manifest_sha256) return null;
  const kept = await shards.settings.read(`manifest:${plan.model}`);
  if (kept !== null && kept !== written) return null;
  const manifest = JSON.parse(written);
  const spec = {
    manifest: { ...manifest, variants: [plan.variant], golden: [] },
    variant: plan.variant.id, threads: found.threads, context: plan.context,
  };
  const coming = plan.shards.map((sha256) => {
    const { size } = manifest.shards.find((/** @type {{sha256: string}} */ shard) => shard.sha256 === sha256);
    return { url: resolve(`${plan.base}shards/${sha256}`), sha256, size };
  });
  const { quota, usage } = await shards.estimate();
  const needed = coming.reduce((sum, { size }) => sum + size, 0);
  if (quota !== null && usage !== null && needed > quota - usage) return null;
  return { spec: JSON.stringify(spec), bytes: plan.memory_bytes, shards: coming };
}

/**
 * Whether the engine takes the device for one of the plan's class, and computes on our kernel there.
 *
 * @param {import("./device.js").Device} device
 * @param {Plan} plan
 */
function isOfClass({ kernel, memory_gb: memory, isolated, threads }, plan) {
  return kernel !== "" && (memory === null || memory > plan.more_than_memory_gb) && (!isolated || threads > 1);
}
