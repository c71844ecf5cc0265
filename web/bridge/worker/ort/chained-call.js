/**
 * Runs through several sessions, one after the other, as if they were one: what one hands on, the next
 * takes in by name. Prepared once, as a `Call` is.
 */

import { BridgeError } from "../errors.js";

/** @typedef {import("./ort.js").Session} Session */
/**
 * `inputs` and `outputs` are places in the whole run's; behind the outputs stand those that are handed on.
 *
 * @typedef {{call: import("./ort.js").Call, inputs: number[], outputs: number[], takes: string[], hands: string[]}} Link
 */

export class ChainedCall {
  /**
   * Raises runtime_failure if no session has one of the outputs.
   *
   * @param {Session[]} sessions no two have an output of the same name
   * @param {string[]} inputs of the whole run; each goes to every session that has it
   * @param {string[]} outputs
   */
  constructor(sessions, inputs, outputs) {
    /** @private */ this.sessions = sessions;
    const later = (/** @type {number} */ place, /** @type {string} */ name) =>
      sessions.slice(place + 1).some((session) => session.inputs.includes(name));
    /** @private @type {Link[]} */
    this.links = sessions.map((session, place) => {
      const mine = inputs.filter((name) => session.inputs.includes(name));
      const takes = session.inputs.filter((name) => !inputs.includes(name));
      const made = outputs.filter((name) => session.outputs.includes(name));
      const hands = session.outputs.filter((name) => !outputs.includes(name) && later(place, name));
      return {
        call: session.call([...mine, ...takes], [...made, ...hands]),
        inputs: mine.map((name) => inputs.indexOf(name)),
        outputs: made.map((name) => outputs.indexOf(name)),
        takes,
        hands,
      };
    });
    const missing = outputs.find((name) => !sessions.some((session) => session.outputs.includes(name)));
    if (missing) throw new BridgeError("runtime_failure", `no graph has an output ${missing}`);
    /** @private */ this.count = outputs.length;
  }

  /**
   * Runs all once. Raises runtime_failure or out_of_memory.
   *
   * @param {number[]} inputs handles
   * @param {number[]} outputs handles to write into; 0 lets the run allocate one, which is the caller's then
   * @returns {Promise<Uint32Array>} the outputs' handles
   */
  async run(inputs, outputs) {
    const { ort } = this.sessions[0];
    const made = new Uint32Array(this.count);
    /** @type {Map<string, number>} handles of what is handed on, by name */
    const handed = new Map();
    try {
      for (const { call, inputs: mine, outputs: places, takes, hands } of this.links) {
        const given = [...mine.map((place) => inputs[place]), ...takes.map((name) => /** @type {number} */ (handed.get(name)))];
        const found = await call.run(given, [...places.map((place) => outputs[place]), ...hands.map(() => 0)]);
        places.forEach((place, index) => (made[place] = found[index]));
        hands.forEach((name, index) => handed.set(name, found[places.length + index]));
      }
      return made;
    } catch (cause) {
      made.forEach((handle, place) => handle && !outputs[place] && ort.releaseTensor(handle));
      throw cause;
    } finally {
      for (const handle of handed.values()) ort.releaseTensor(handle);
    }
  }
}
