/**
 * Runs one more thread of our kernel: an instance over the memory of the inference worker that made it. It says "here" and
 * then computes until it is dismissed or terminated; it hears no further message.
 *
 *   in:   {module, memory, number}
 *   out:  {here: number}, then {gone: number} once it was dismissed, or {failed: text}
 */

self.onmessage = async ({ data: { module, memory, number } }) => {
  try {
    const env = { memory, orion_stop: () => 0 }; // only the leader is asked
    const instance = await WebAssembly.instantiate(/** @type {WebAssembly.Module} */ (module), { env });
    const exports = /** @type {any} */ (instance.exports);
    exports.__stack_pointer.value = exports.orion_stack(number);
    self.postMessage({ here: number });
    exports.orion_worker(number);
    self.postMessage({ gone: number });
  } catch (cause) {
    self.postMessage({ failed: cause instanceof Error ? cause.message : String(cause) });
  }
};
