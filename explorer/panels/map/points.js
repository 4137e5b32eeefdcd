// @ts-check
// The points of a map: where each image lies. A row is a place in the columns.

import { boundsOf, Grid, isInside } from "./geometry.js";

/** @typedef {import("./geometry.js").Place} Place */

export class Points {
  /** @param {ArrayBuffer} block  x of all, y of all (float32), image of all (uint32) */
  constructor(block) {
    this.num = block.byteLength / 12;
    this.xs = new Float32Array(block, 0, this.num);
    this.ys = new Float32Array(block, 4 * this.num, this.num);
    this.images = new Uint32Array(block, 8 * this.num, this.num);
    this.bounds = boundsOf(this.xs, this.ys);
    this.grid = new Grid(this.xs, this.ys, this.bounds);
    /** @type {Map<number, number> | null} */
    this.rows = null; // image -> row, once asked for
  }

  /**
   * The row of an image, or -1.
   * @param {number | null} image
   * @returns {number}
   */
  rowOf(image) {
    if (image === null) return -1;
    if (!this.rows) {
      this.rows = new Map();
      for (let row = 0; row < this.num; row++) this.rows.set(this.images[row], row);
    }
    return this.rows.get(image) ?? -1;
  }

  /**
   * Fill `visible` with the rows between two corners. Returns how many they are.
   * @param {Place} topLeft
   * @param {Place} bottomRight
   * @param {Int32Array} visible  [num]
   * @returns {number}
   */
  look([left, top], [right, bottom], visible) {
    const { xs, ys } = this;
    let num = 0;
    for (let row = 0; row < this.num; row++) {
      const [x, y] = [xs[row], ys[row]];
      if (x >= left && x <= right && y >= bottom && y <= top) visible[num++] = row;
    }
    return num;
  }

  /**
   * The rows inside corners.
   * @param {Place[]} corners
   * @returns {number[]}
   */
  inside(corners) {
    const area = boundsOf(
      corners.map(([x]) => x),
      corners.map(([, y]) => y),
    );
    const rows = [];
    for (let row = 0; row < this.num; row++) {
      const [x, y] = [this.xs[row], this.ys[row]];
      if (x < area.left || x > area.right || y < area.bottom || y > area.top) continue;
      if (isInside(corners, x, y)) rows.push(row);
    }
    return rows;
  }
}
