/**
 * Holds one contender: contenders/<name>.js exports `prepare(options)`, which answers with
 * {facts, run}; run(options) answers with the figures of one run.
 */

/** @type {{facts: object, run: (options: any) => Promise<object>} | null} */
let contender = null;

const methods = {
  /** @param {string} name @param {object} options */
  async prepare(name, options) {
    const module = await import(`./contenders/${name}.js`);
    contender = await module.prepare(options);
    return contender?.facts;
  },
  /** @param {object} options */
  async run(options) {
    return contender?.run(options);
  },
};

self.onmessage = async ({ data: { id, method, values } }) => {
  try {
    const result = await methods[/** @type {keyof typeof methods} */ (method)](...values);
    self.postMessage({ id, result });
  } catch (cause) {
    const error = cause instanceof Error ? `${cause.stack ?? cause.message}` : String(cause);
    self.postMessage({ id, error });
  }
};
