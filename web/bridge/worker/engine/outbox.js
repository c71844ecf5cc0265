/**
 * Posts what Python sends to the page: the texts of one turn of the event loop together. Each message wakes the page's
 * thread, which costs an answer more time than its tokens' text does.
 */

export class Outbox {
  /** @param {(texts: string | string[]) => void} post one text alone, several as a list, in their order */
  constructor(post) {
    /** @private */ this.post = post;
    /** @private @type {string[]} */ this.waiting = [];
  }

  /** @param {string} text */
  send(text) {
    if (this.waiting.push(text) === 1) queueMicrotask(() => this.flush());
  }

  /** What waits is posted now: something that isn't a text is to come after it. */
  flush() {
    const texts = this.waiting.splice(0);
    if (texts.length) this.post(texts.length === 1 ? texts[0] : texts);
  }
}
