/**
 * Describes a manifest's tensors to our kernel: `struct orion_tensor` of kernel/orion_kernel.h.
 *
 * model_foundry/sharding/stored.py names them; orion_py/manifest/kernel_variant.py decides whether
 * all that is needed is there, and the kernel checks every extent itself.
 */

import { BridgeError } from "../errors.js";

const BLOCK = 32;
const WIDTHS = [2, 3, 4, 5, 6, 8];

/** enum orion_form */
const FORM = { f32: 0, f16: 1, symmetric: 2, affine: 3 };

/** enum orion_role of what no layer owns, by stored name. */
const WHOLE = { "embedding": 0, "embedding.rescale": 1, "final_norm": 2, "head": 3 };

/** enum orion_role of what a layer owns, by stored name behind `layers.{i}.`. */
const OF_LAYER = {
  "attention_norm": 4, "attention.qkv": 5, "attention.qkv.bias": 6, "attention.query_norm": 7, "attention.key_norm": 8,
  "attention.output": 9, "attention.output.bias": 10, "attention.post_norm": 11, "mlp_norm": 12, "mlp.gate": 13,
  "mlp.gate.bias": 14, "mlp.up": 15, "mlp.up.bias": 16, "mlp.down": 17, "mlp.down.bias": 18, "mlp.post_norm": 19,
};

/** What a model may be without, behind the last dot of its name. */
const OPTIONAL = ["bias", "rescale"];

/**
 * @typedef {import("../inference/spec.js").TensorSpec} TensorSpec
 * @typedef {import("../inference/spec.js").Manifest} Manifest
 */

/**
 * Where a stored tensor lies: `offset` bytes into a shard.
 *
 * @typedef {{shard: string, offset: number}} Place
 */

/**
 * One matrix or vector. `blocksPerScale` and `bits` are 0 where it isn't in blocks.
 *
 * @typedef {object} KernelTensor
 * @property {string} name as it is stored
 * @property {number} role
 * @property {number} layer
 * @property {number} form
 * @property {number} bits
 * @property {number} rows
 * @property {number} columns
 * @property {Place} data
 * @property {Place | null} scale
 * @property {Place | null} minimum
 * @property {number} blocksPerScale
 */

/**
 * The tensors that the kernel needs, in the order in which a pass reads them. Raises backend_unavailable where one isn't
 * stored, or lies in two shards.
 *
 * @param {Manifest} manifest
 * @returns {KernelTensor[]}
 */
export function kernelTensors(manifest) {
  const { layers, tied_embeddings: tied, head_norms: ofHeads, post_norms: behind } = manifest.architecture;
  const optional = [...OPTIONAL, ...(ofHeads ? [] : ["query_norm", "key_norm"]), ...(behind ? [] : ["post_norm"])];
  /** @type {Map<string, TensorSpec & {shard: string}>} */
  const stored = new Map();
  for (const { sha256, tensors } of manifest.shards) {
    for (const tensor of tensors) stored.set(tensor.name, { ...tensor, shard: sha256 });
  }
  const roles = Object.entries(WHOLE).filter(([name]) => !(tied && name === "head"));
  /** @type {[string, number, number][]} */
  const wanted = roles.map(([name, role]) => [name, role, 0]);
  for (let layer = 0; layer < layers; layer += 1) {
    for (const [name, role] of Object.entries(OF_LAYER)) wanted.push([`layers.${layer}.${name}`, role, layer]);
  }
  return wanted.flatMap(([name, role, layer]) => {
    const found = described(name, stored);
    if (found) return [{ name, role, layer, ...found }];
    if (optional.includes(name.slice(name.lastIndexOf(".") + 1))) return [];
    throw new BridgeError("backend_unavailable", `the kernel needs ${name}, which isn't stored in a form that it reads`);
  });
}

/**
 * @param {string} name of a vector, or of a matrix in blocks or floats
 * @param {Map<string, TensorSpec & {shard: string}>} stored
 * @returns {Omit<KernelTensor, "name" | "role" | "layer"> | null}
 */
function described(name, stored) {
  const floats = stored.get(name) ?? stored.get(`${name}.weight`);
  if (floats) {
    const form = floats.dtype === "F32" ? FORM.f32 : floats.dtype === "F16" ? FORM.f16 : -1;
    const [rows, columns = 1] = floats.shape;
    if (form < 0) return null;
    return { form, bits: 0, rows, columns, data: placeOf(floats), scale: null, minimum: null, blocksPerScale: 0 };
  }
  const bits = WIDTHS.find((width) => stored.has(`${name}.q${width}`));
  const quants = stored.get(`${name}.q${bits}`);
  const scale = stored.get(`${name}.scale`);
  const minimum = stored.get(`${name}.min`) ?? null;
  if (!bits || !quants || !scale) return null;
  const [rows, blocks] = quants.shape;
  if (scale.shard !== quants.shard || (minimum && minimum.shard !== quants.shard)) return null;
  return {
    form: minimum ? FORM.affine : FORM.symmetric,
    bits,
    rows,
    columns: BLOCK * blocks,
    data: placeOf(quants),
    scale: placeOf(scale),
    minimum: minimum && placeOf(minimum),
    blocksPerScale: Math.round(blocks / scale.shape[1]),
  };
}

/** @param {{shard: string, offset: number}} tensor @returns {Place} */
function placeOf({ shard, offset }) {
  return { shard, offset };
}
