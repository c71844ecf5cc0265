/**
 * Chooses, for sw.js, which of our kernel's builds this browser runs, and so which are kept.
 */
/// <reference lib="webworker" />
const KERNEL = "kernel/";

/**
 * The kernel's builds that don't run here are kept on first use, if ever; the one to step down to comes last.
 *
 * @param {ShellFile[]} files @param {ShellFile[]} later
 */
function forThisBrowser(files, later) {
  const [chosen, below] = builds();
  const last = Math.max(0, ...files.map(({ part }) => part)) + 1;
  const isOther = (/** @type {ShellFile} */ { url }) => url.startsWith(KERNEL) && url !== chosen && url !== below;
  const first = files.filter((file) => !isOther(file) && file.url !== below);
  const behind = files.filter(({ url }) => url === below).map((file) => ({ ...file, part: last }));
  return { files: [...first, ...behind], later: [...later, ...files.filter(isOther)] };
}

/** As `probe` and `builds` of bridge/worker/kernel/module.js, for the pages that this worker isolates. @returns {string[]} */
function builds() {
  const runs = (/** @type {number[]} */ code) =>
    WebAssembly.validate(Uint8Array.from([...V128, 10, code.length + 4, 1, code.length + 2, 0, ...code, 11]));
  if (!runs(SIMD)) return [];
  let threads = "-threads";
  try {
    new WebAssembly.Memory({ initial: 0, maximum: 0, shared: true });
  } catch {
    threads = "";
  }
  return [...(runs(RELAXED_SIMD) ? ["relaxed"] : []), "plain"].map((kind) => `${KERNEL}${kind}${threads}.wasm`);
}

/** A module of one function that gives a v128, up to its code; i8x16.popcnt; i16x8.relaxed_dot_i8x16_i7x16_s. */
const V128 = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
const SIMD = [65, 0, 253, 15, 253, 98];
const RELAXED_SIMD = [65, 0, 253, 15, 65, 0, 253, 15, 253, 146, 2];
