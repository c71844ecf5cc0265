/**
 * Put into ORION's page before its own scripts: notes when things happen, in ms since the page was
 * opened, and what blocked the main thread. It reads the engine's messages and changes nothing.
 */
(() => {
  /** @type {Record<string, number>} */
  const times = {};
  /** @type {{start: number, ms: number}[]} */
  const blocks = [];
  const mark = (/** @type {string} */ name, at = performance.now()) => void (times[name] ??= at);
  /** @type {any} */ (globalThis).orionWatch = { times, blocks };

  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) blocks.push({ start: entry.startTime, ms: entry.duration });
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint")) mark("drawn", entry.startTime);
  }).observe({ type: "paint", buffered: true });

  /** Marks the frame in which the first words of the answer are on the page. */
  const look = () => {
    const answers = document.querySelectorAll('article[data-role="assistant"] .answer');
    if (answers[answers.length - 1]?.textContent?.trim()) mark("shown");
    else requestAnimationFrame(look);
  };

  globalThis.Worker = class extends Worker {
    constructor(/** @type {string | URL} */ url, /** @type {WorkerOptions} */ options) {
      super(url, options);
      mark("engine started");
      this.addEventListener("message", ({ data }) => {
        const said = [data].flat().join();
        if (said.includes('"type":"result"')) mark("engine ready"); // the first is initialize's
        if (said.includes('"phase":"ready"')) mark("model ready");
        if (!times["first token"] && said.includes('"type":"token"')) {
          mark("first token");
          look();
        }
      });
    }
  };
})();
