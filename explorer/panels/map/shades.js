// @ts-check
// How each point is coloured, and which points step back behind the others.

import { paletteOf } from "./colours.js";

/** @typedef {import("./colours.js").Legend} Legend */

export class Shades {
  constructor() {
    this.levels = new Uint8Array(0); // by row
    /** @type {Float32Array | null} */
    this.values = null; // by row, where the colours are a scale
    /** @type {Uint32Array | null} */
    this.palette = null; // level -> word; null until colours have come
    /** @type {Uint8Array | null} */
    this.group = null; // by row, of the lasso
    /** @type {number | null} */
    this.only = null; // the level that the legend points out
  }

  /**
   * @param {ArrayBuffer} block  values of all where there are any (float32), levels of all (uint8)
   * @param {number} num  points
   * @param {Legend} legend
   */
  read(block, num, legend) {
    const hasValues = block.byteLength > num;
    this.values = hasValues ? new Float32Array(block, 0, num) : null;
    this.levels = new Uint8Array(block, hasValues ? 4 * num : 0, num);
    this.only = null;
    this.palette = paletteOf(legend);
  }

  get hasDim() {
    return this.group !== null || this.only !== null;
  }

  /** @param {number} row */
  isDim(row) {
    return (
      (this.group !== null && !this.group[row]) ||
      (this.only !== null && this.levels[row] !== this.only)
    );
  }
}
