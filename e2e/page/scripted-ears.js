/**
 * Hears for the scripted engine: what is said is written in the scenario, `said`: the utterance as it grows, a step for each
 * half second of sound that really came. `heard` counts the samples. `hearError` is how listening ends instead.
 */
const RATE = 16_000;
const STEP_S = 0.5;

export class ScriptedEars {
  constructor(post, { said = ["What is", "What is the", "What is the tallest tree?"], hearError = null, turns = null }) {
    Object.assign(this, { post, said, hearError, turns, id: null, heard: 0, told: 0 });
  }

  listen({ id }) {
    if (this.hearError) return this.post({ id, type: "error", error: this.hearError });
    Object.assign(this, { id, heard: 0, told: 0 });
  }

  /** A block of the microphone. */
  take({ id, samples }) {
    if (id !== this.id) return;
    this.heard += samples.length;
    if (this.turns) return this.turn(id);
    while (this.told < this.said.length && this.heard >= (this.told + 1) * STEP_S * RATE) {
      if (!this.told) this.post({ id, type: "speech_start", at_s: 0 });
      const text = this.said[this.told];
      this.post({ id, type: "partial", text, settled: 0 });
      this.told += 1;
    }
  }

  /** Somebody who doesn't wait for the microphone's end says the next of the scenario's `turns`, half a second after it opened. */
  turn(id) {
    if (this.told || !this.turns.length || this.heard < STEP_S * RATE) return;
    const text = this.turns.shift();
    this.told = 1;
    this.post({ id, type: "speech_start", at_s: 0 });
    this.post({ id, type: "partial", text, settled: 0 });
    this.post({ id, type: "final", text, language: "en", start_s: 0, end_s: STEP_S });
    this.post({ id, type: "turn_end", text });
  }

  /** The microphone is closed: what was said by then is final. */
  heardAll(id) {
    if (id !== this.id) return;
    const text = this.told && !this.turns ? this.said[this.told - 1] : "";
    const seconds = this.heard / RATE;
    if (text) {
      this.post({ id, type: "final", text, language: "en", start_s: 0, end_s: seconds });
      this.post({ id, type: "turn_end", text });
    }
    this.id = null;
    this.post({ id, type: "result", payload: { text, language: text ? "en" : null, seconds } });
  }

  /** `id`, or without one whatever is heard. */
  stop(id) {
    if (!this.id || (id && id !== this.id)) return;
    const request = this.id;
    this.id = null;
    this.post({ id: request, type: "cancelled", partial: "" });
  }
}
