/** Sound of the bench: mono at 16 kHz, 32-bit floats, below clips/. */

/** @param {string} name */
export async function samplesAt(name) {
  const answer = await fetch(new URL(`../clips/${name}.f32`, import.meta.url));
  if (!answer.ok) throw new Error(`clips/${name}.f32: ${answer.status}`);
  return new Float32Array(await answer.arrayBuffer());
}
