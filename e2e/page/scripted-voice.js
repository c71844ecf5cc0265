/**
 * Speaks for the scripted engine: of each text a tone, a twentieth of a second for each word. The scenario says how long
 * that takes (`voiceMs`) and how it ends instead (`voiceError`).
 */
const RATE = 22_050;
const WORD_S = 0.05;

export class ScriptedVoice {
  constructor(post, { voiceMs = 20, voiceError = null }) {
    Object.assign(this, { post, voiceMs, voiceError });
  }

  /** @param {Set<string>} stopped ids of requests that were cancelled */
  async speak({ id, text, language, voice, speed = 1, ahead = false }, stopped) {
    const said = { voice: voice ?? "scripted", model: "scripted-voice", language: language ?? "en" };
    if (ahead) return this.post({ id, type: "result", payload: { ...said, sounds: 0, seconds: 0 } });
    await new Promise((resolve) => setTimeout(resolve, this.voiceMs));
    if (stopped.has(id)) return this.post({ id, type: "cancelled", partial: "" });
    if (this.voiceError) return this.post({ id, type: "error", error: this.voiceError });
    const seconds = (text.split(/\s+/).length * WORD_S) / speed;
    const samples = Float32Array.from({ length: Math.round(seconds * RATE) }, (_, at) => 0.2 * Math.sin((2 * Math.PI * 220 * at) / RATE));
    const event = { v: 1, id, type: "sound", index: 0, text, rate: RATE, last: true };
    self.postMessage({ text: JSON.stringify(event), id, index: 0, samples }, [samples.buffer]);
    this.post({ id, type: "result", payload: { ...said, sounds: 1, seconds } });
  }
}
