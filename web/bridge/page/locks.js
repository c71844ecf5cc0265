/**
 * Tells which tab is alive, by names that it holds until it goes: Web Locks. A page from plain http has none;
 * there the tabs ask each other, and one that doesn't answer in time counts as gone.
 */

const ROLL_CALL = "orion-names";
const ANSWER_MS = 400;
const LOOK_AGAIN_MS = 2000;
const ALONE_PATIENCE_MS = 5000;
const PROBE = "orion.probe";

/** @returns {Promise<LockManager | null>} null where there are none or the browser refuses them */
const manager = (async () => {
  try {
    return await navigator.locks.request(PROBE, { mode: "shared" }, () => navigator.locks);
  } catch {
    return null;
  }
})();

const never = new Promise(() => undefined);
/** @type {Set<string>} */
const held = new Set();
/** @type {Map<string, () => void>} */
const questions = new Map();
/** @type {BroadcastChannel | null} */
let channel = null;

void manager.then((locks) => {
  if (locks) return;
  try {
    channel = new BroadcastChannel(ROLL_CALL);
    channel.onmessage = ({ data }) => {
      if (data.asks && held.has(data.asks)) channel?.postMessage({ holds: data.asks });
      else if (data.holds) questions.get(data.holds)?.();
    };
  } catch { /* every other tab counts as gone */ }
});

/** @param {string} name @returns {Promise<boolean>} whether another tab answers for it */
async function answeredFor(name) {
  if (held.has(name)) return true;
  const answer = await new Promise((resolve) => {
    questions.set(name, () => resolve(true));
    channel?.postMessage({ asks: name });
    setTimeout(() => resolve(false), ANSWER_MS);
  });
  questions.delete(name);
  return answer;
}

/**
 * Holds a name until the page goes, if it gets it within `patienceMs`.
 *
 * @param {string} name
 * @param {number} patienceMs
 * @param {(held: boolean) => void} then
 */
export async function holdName(name, patienceMs, then) {
  const locks = await manager;
  if (!locks) {
    const free = !(await answeredFor(name));
    if (free) held.add(name);
    then(free);
    return;
  }
  const signal = patienceMs ? AbortSignal.timeout(patienceMs) : undefined;
  locks.request(name, signal ? { signal } : { ifAvailable: true }, (lock) => {
    then(Boolean(lock));
    return lock ? never : undefined;
  }).catch(() => then(false));
}

/**
 * Calls `then` once nobody holds the name.
 *
 * @param {string} name
 * @param {() => void} then
 */
export async function whenFree(name, then) {
  const locks = await manager;
  if (locks) {
    await locks.request(name, { mode: "shared" }, () => undefined).catch(() => undefined);
  } else {
    while (await answeredFor(name)) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  then();
}

/**
 * Does `work` while no other tab does the same. It calls what it is given when it is done. A tab that was
 * frozen in the middle of its own isn't waited for: the work has to bear that.
 *
 * @param {string} name
 * @param {(release: () => void) => void} work
 */
export async function alone(name, work) {
  const locks = await manager;
  const anyway = () => work(() => undefined);
  if (!locks) return anyway();
  let begun = false;
  await locks.request(name, { signal: AbortSignal.timeout(ALONE_PATIENCE_MS) }, () => {
    begun = true;
    return new Promise((resolve) => work(() => resolve(undefined)));
  }).catch(() => { if (!begun) anyway(); });
}
