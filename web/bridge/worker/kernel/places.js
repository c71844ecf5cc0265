/**
 * Counts the places that rows of a cache turn by, where pictures have places in three axes, as
 * orion_py/runtime/rotary_places.py does.
 *
 * @typedef {import("../inference/messages.js").Axes} Axes
 */

export class RotaryPlaces {
  constructor() {
    /** @private @type {{row: number, lag: number}[]} by the row behind a content, how much places lag from there on */
    this.ends = [];
  }

  /** The rows from `row` on are dropped. @param {number} row */
  cut(row) {
    this.ends = this.ends.filter((end) => end.row <= row);
  }

  /** @param {number} row @returns {number} by how much a token's place there lags behind its row */
  lag(row) {
    return this.ends.findLast((end) => end.row <= row)?.lag ?? 0;
  }

  /**
   * The places of a part of a content from `row` on, which is held from now on.
   *
   * @param {number} row
   * @param {number} count rows of the part
   * @param {Axes | null} axes null: one place a row, as of tokens
   * @returns {Int32Array} [count][3]
   */
  ofEmbeddings(row, count, axes) {
    if (!axes) return Int32Array.from({ length: 3 * count }, (_, index) => row - this.lag(row) + Math.floor(index / 3));
    const begins = row - axes.first;
    const lag = this.lag(begins);
    const total = axes.places.length / 3;
    this.cut(begins);
    this.ends.push({ row: begins + total, lag: lag + total - axes.span });
    return axes.places.slice(3 * axes.first, 3 * (axes.first + count)).map((place) => begins - lag + place);
  }
}

/**
 * Rows of a rotary table: the cosines of each place times its frequencies, then the sines.
 *
 * @param {Int32Array} places [n][3]
 * @param {Float64Array} frequencies
 * @param {number[]} sections how many frequencies turn with each axis
 * @returns {Float32Array} [n][2 frequencies]
 */
export function turnedRows(places, frequencies, sections) {
  const axis = sections.flatMap((length, index) => new Array(length).fill(index));
  const width = 2 * frequencies.length;
  const table = new Float32Array((places.length / 3) * width);
  for (let row = 0; row < places.length / 3; row += 1) {
    frequencies.forEach((frequency, index) => {
      const angle = places[3 * row + axis[index]] * frequency;
      table[width * row + index] = Math.cos(angle);
      table[width * row + frequencies.length + index] = Math.sin(angle);
    });
  }
  return table;
}
