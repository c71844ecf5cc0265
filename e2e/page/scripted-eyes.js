/**
 * Sees for the scripted engine: the page's files are held and decoded as the real engine's worker does it, and of each
 * picture it says the size, and the colours of the first and the last pixel.
 */
import { AttachmentStore } from "../bridge/worker/engine/attachments.js";

export class ScriptedEyes {
  files = new AttachmentStore();

  /** What a question's pictures show, or null without any; throws the error that the question ends in. */
  async look(id, { images = [] }) {
    const seen = [];
    try {
      for (const name of images) {
        const { width, height, pixels } = await this.files.picture(name);
        seen.push(`${width} × ${height}, ${pixels.slice(0, 3).join("-")} to ${pixels.slice(-3).join("-")}`);
      }
    } catch ({ code, message, detail }) {
      throw { code, family: "invalid_input", message, hint: "", retryable: false, detail };
    } finally {
      this.files.release(id);
    }
    return seen.length ? `I see: ${seen.join("; ")}.` : null;
  }
}
