// @ts-check
// Points of the plane: their bounds, the nearest one, and whether one lies inside corners.

import { clamp } from "../../components/numbers.js";

/** @typedef {{ left: number, right: number, bottom: number, top: number }} Bounds */
/** @typedef {[x: number, y: number]} Place */

/**
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 * @returns {Bounds}
 */
export function boundsOf(xs, ys) {
  const bounds = { left: Infinity, right: -Infinity, bottom: Infinity, top: -Infinity };
  for (let row = 0; row < xs.length; row++) {
    if (xs[row] < bounds.left) bounds.left = xs[row];
    if (xs[row] > bounds.right) bounds.right = xs[row];
    if (ys[row] < bounds.bottom) bounds.bottom = ys[row];
    if (ys[row] > bounds.top) bounds.top = ys[row];
  }
  return bounds;
}

/**
 * Whether a point lies inside corners, by the number of sides to its right.
 * @param {Place[]} corners
 * @param {number} x
 * @param {number} y
 * @returns {boolean}
 */
export function isInside(corners, x, y) {
  let inside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [[ax, ay], [bx, by]] = [corners[i], corners[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Points in square cells, about three to a cell, so that the nearest one is found at once. */
export class Grid {
  /**
   * @param {ArrayLike<number>} xs
   * @param {ArrayLike<number>} ys
   * @param {Bounds} bounds
   */
  constructor(xs, ys, bounds) {
    this.xs = xs;
    this.ys = ys;
    this.bounds = bounds;
    const side = Math.max(1, Math.ceil(Math.sqrt(xs.length / 3)));
    this.side = side; // cells
    this.width = (bounds.right - bounds.left) / side || 1; // of a cell
    this.height = (bounds.top - bounds.bottom) / side || 1;
    const cells = new Int32Array(xs.length);
    this.start = new Int32Array(side * side + 1); // cell -> its first place in `order`
    for (let row = 0; row < xs.length; row++) {
      cells[row] = this.row(ys[row]) * side + this.column(xs[row]);
      this.start[cells[row] + 1] += 1;
    }
    for (let i = 0; i < side * side; i++) this.start[i + 1] += this.start[i];
    const next = this.start.slice();
    this.order = new Int32Array(xs.length); // rows, cell by cell
    for (let row = 0; row < xs.length; row++) this.order[next[cells[row]]++] = row;
  }

  /** @param {number} x */
  column(x) {
    return clamp(Math.floor((x - this.bounds.left) / this.width), 0, this.side - 1);
  }

  /** @param {number} y */
  row(y) {
    return clamp(Math.floor((y - this.bounds.bottom) / this.height), 0, this.side - 1);
  }

  /**
   * The nearest row within `reach`, or -1. Rings of cells are looked through from the inside out.
   * @param {number} x
   * @param {number} y
   * @param {number} reach
   * @returns {number}
   */
  nearest(x, y, reach) {
    const { left, right, bottom, top } = this.bounds;
    if (Math.max(left - x, x - right, bottom - y, y - top, 0) > reach) return -1;
    const [column, row] = [this.column(x), this.row(y)];
    const step = Math.min(this.width, this.height);
    let [best, least] = [-1, reach * reach];
    for (let ring = 0; ring < this.side; ring++) {
      const inner = (ring - 1) * step;
      if (ring > 1 && inner * inner > least) break;
      for (const cell of this.ringOf(column, row, ring)) {
        for (let k = this.start[cell]; k < this.start[cell + 1]; k++) {
          const at = this.order[k];
          const distance = (this.xs[at] - x) ** 2 + (this.ys[at] - y) ** 2;
          if (distance <= least) [best, least] = [at, distance];
        }
      }
    }
    return best;
  }

  /**
   * The cells of a ring around a cell, those that there are.
   * @param {number} column
   * @param {number} row
   * @param {number} ring
   */
  *ringOf(column, row, ring) {
    for (let j = row - ring; j <= row + ring; j++) {
      if (j < 0 || j >= this.side) continue;
      const isEdge = Math.abs(j - row) === ring;
      for (let i = column - ring; i <= column + ring; i += isEdge ? 1 : 2 * ring || 1) {
        if (i >= 0 && i < this.side) yield j * this.side + i;
      }
    }
  }
}
