/**
 * Computes the rotary embedding's tables: by which angles the queries and keys of each layer turn, as
 * orion_py/manifest/rotary.py does for CPython.
 *
 * @typedef {import("../inference/spec.js").Architecture} Architecture
 * @typedef {"usual" | "local" | "none"} Rotation
 */

/** How each layer turns. @param {Architecture} architecture @returns {Rotation[]} */
export function rotations({ layers, unrotated, windows, local_rope_theta: local }) {
  return Array.from({ length: layers }, (_, layer) => {
    if (unrotated?.includes(layer)) return "none";
    return local && windows?.[layer] ? "local" : "usual";
  });
}

/**
 * Angles per position [head_dim / 2]: https://arxiv.org/abs/2104.09864, and where the model stretches them as
 * `RopeScaling` of orion_py/manifest/architecture.py says. Zeros where nothing turns.
 *
 * @param {Architecture} architecture
 * @param {Rotation} [rotation]
 * @returns {Float64Array}
 */
export function frequencies(architecture, rotation = "usual") {
  const { head_dim: dim, rope_theta: theta, local_rope_theta: local, rope_scaling: scaling, rope_factors: factors } = architecture;
  return Float64Array.from({ length: dim / 2 }, (_, index) => {
    if (rotation === "none") return 0;
    if (rotation === "local" && local) return local ** ((-2 * index) / dim);
    const frequency = theta ** ((-2 * index) / dim);
    if (factors) return frequency / factors[index];
    if (!scaling) return frequency;
    const { factor, low_frequency_factor: low, high_frequency_factor: high, original_context: before } = scaling;
    const kept = Math.min(1, Math.max(0, ((before * frequency) / (2 * Math.PI) - low) / (high - low)));
    return frequency * (kept + (1 - kept) / factor);
  });
}

/**
 * Fills a table: of row p the cosines of p times each frequency, then the sines.
 *
 * @param {Float32Array} table [rows][2 frequencies]
 * @param {Float64Array} each the frequencies
 */
export function fillTurns(table, each) {
  const width = 2 * each.length;
  for (let row = 0; row * width < table.length; row += 1) {
    each.forEach((frequency, index) => {
      table[row * width + index] = Math.cos(row * frequency);
      table[row * width + each.length + index] = Math.sin(row * frequency);
    });
  }
}
