/**
 * Sees for the scripted engine: the page's files are held and decoded as the real engine's worker does it, and of each
 * picture it says the size, and the colours of the first and the last pixel, of each recording how long and loud it is.
 */
import { AttachmentStore } from "../bridge/worker/engine/attachments.js";

export class ScriptedEyes {
  files = new AttachmentStore();

  /** What a question's files show, or null without any; throws the error that the question ends in. */
  async look(id, { images = [], audio = [] }) {
    const seen = [];
    try {
      for (const name of images) {
        const { width, height, pixels } = await this.files.picture(name);
        seen.push(`${width} × ${height}, ${pixels.slice(0, 3).join("-")} to ${pixels.slice(-3).join("-")}`);
      }
      for (const name of audio) {
        const samples = await this.files.sound(name);
        const peak = samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
        seen.push(`${(samples.length / 16_000).toFixed(2)} s, peak ${Math.round(8 * peak) / 8}`);
      }
    } catch ({ code, message, detail }) {
      throw { code, family: "invalid_input", message, hint: "", retryable: false, detail };
    } finally {
      this.files.release(id);
    }
    return seen.length ? `I see: ${seen.join("; ")}.` : null;
  }
}
