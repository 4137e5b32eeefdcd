// @ts-check
// Points painted into the pixels of an image, as discs or, where they are many, as a density.

import { clamp } from "../../components/numbers.js";
import { blend, discOf } from "./colours.js";

/**
 * @typedef {object} Scene  what is to be painted
 * @property {ArrayLike<number>} xs  of all points
 * @property {ArrayLike<number>} ys
 * @property {Uint8Array} levels
 * @property {Uint32Array} palette  level -> word
 * @property {((row: number) => boolean) | null} isDim  whether a point steps back behind the others
 * @property {Int32Array} visible  rows
 * @property {number} num  of them
 * @property {{ scale: number, across: number, up: number }} projection
 */

const CROWD = 20; // points in a cell that are a density

export class Raster {
  /**
   * @param {number} width
   * @param {number} height
   * @param {Uint32Array} words  [height, width]
   */
  constructor(width, height, words) {
    this.width = width;
    this.height = height;
    this.words = words;
    this.cellOf = new Int32Array(0); // of each row in view, in turn
  }

  /**
   * How many points in view each cell holds, and in `cellOf` the cell of each point.
   * @param {Scene} scene
   * @param {number} cell  pixels a side
   */
  count({ xs, ys, visible, num, projection: { scale, across, up } }, cell) {
    const wide = Math.ceil(this.width / cell) + 1;
    const high = Math.ceil(this.height / cell) + 1;
    const counts = new Uint32Array(wide * high);
    if (this.cellOf.length < num) this.cellOf = new Int32Array(visible.length);
    for (let i = 0; i < num; i++) {
      const row = visible[i];
      const x = ((xs[row] * scale + across) / cell) | 0;
      const y = ((up - ys[row] * scale) / cell) | 0;
      const at = clamp(y, 0, high - 1) * wide + clamp(x, 0, wide - 1);
      this.cellOf[i] = at;
      counts[at] += 1;
    }
    return { counts, wide, high };
  }

  /**
   * Whether a good part of the points in view lie more than CROWD to a cell.
   * @param {Scene} scene
   * @param {number} cell
   */
  isCrowded(scene, cell) {
    const { counts } = this.count(scene, cell);
    let crowded = 0;
    for (let i = 0; i < counts.length; i++) if (counts[i] > CROWD) crowded += counts[i];
    return crowded > scene.num / 4;
  }

  /**
   * Each cell has the mean colour of its points, the stronger the more they are.
   * @param {Scene} scene
   * @param {number} cell
   */
  paintDensity(scene, cell) {
    const { counts, wide, high } = this.count(scene, cell);
    const { visible, num, levels, palette, isDim } = scene;
    const sums = new Float32Array(4 * counts.length); // red, green, blue, weight
    let most = 1;
    for (let i = 0; i < num; i++) {
      const row = visible[i];
      const colour = palette[levels[row]];
      const weight = isDim?.(row) ? 0.04 : 1;
      const at = 4 * this.cellOf[i];
      sums[at] += weight * (colour & 255);
      sums[at + 1] += weight * ((colour >> 8) & 255);
      sums[at + 2] += weight * ((colour >> 16) & 255);
      sums[at + 3] += weight;
    }
    for (let i = 3; i < sums.length; i += 4) if (sums[i] > most) most = sums[i];
    const full = Math.log1p(most);
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < wide; x++) {
        const at = 4 * (y * wide + x);
        const weight = sums[at + 3];
        if (!weight) continue;
        const part = Math.log1p(weight) / full;
        const alpha = Math.round(256 * Math.min(1, weight) * (0.3 + 0.7 * part));
        const [red, green, blue] = [sums[at], sums[at + 1], sums[at + 2]];
        const colour = (red / weight) | ((green / weight) << 8) | ((blue / weight) << 16);
        this.fillCell(x * cell, y * cell, cell, colour, alpha);
      }
    }
  }

  /**
   * @param {number} left
   * @param {number} top
   * @param {number} side
   * @param {number} colour  a word
   * @param {number} alpha  of 256
   */
  fillCell(left, top, side, colour, alpha) {
    const { words, width } = this;
    const right = Math.min(width, left + side);
    const bottom = Math.min(this.height, top + side);
    for (let y = top; y < bottom; y++) {
      for (let at = y * width + left; at < y * width + right; at++) {
        words[at] = blend(words[at], colour, alpha);
      }
    }
  }

  /**
   * @param {Scene} scene
   * @param {number} radius  of a disc, in pixels
   */
  paintDiscs(scene, radius) {
    const disc = discOf(radius);
    if (scene.isDim) this.paintSome(scene, disc, true);
    this.paintSome(scene, disc, false);
  }

  /**
   * Paint the points that step back, or those that do not.
   * @param {Scene} scene
   * @param {ReturnType<typeof discOf>} disc
   * @param {boolean} dim
   */
  paintSome(scene, { side, middle, alpha: covered }, dim) {
    const { xs, ys, visible, num, levels, palette, isDim } = scene;
    const { scale, across, up } = scene.projection;
    const { words, width, height } = this;
    const mask = covered.map((alpha) => (dim ? 0.15 : 0.9) * alpha);
    for (let i = 0; i < num; i++) {
      const row = visible[i];
      if (isDim && isDim(row) !== dim) continue;
      const x = Math.round(xs[row] * scale + across) - middle;
      const y = Math.round(up - ys[row] * scale) - middle;
      const colour = palette[levels[row]];
      const isWhole = x >= 0 && y >= 0 && x + side <= width && y + side <= height;
      for (let v = 0, k = 0; v < side; v++) {
        for (let u = 0; u < side; u++, k++) {
          const alpha = mask[k];
          if (!alpha) continue;
          if (!isWhole && (x + u < 0 || y + v < 0 || x + u >= width || y + v >= height)) continue;
          const at = (y + v) * width + x + u;
          words[at] = blend(words[at], colour, alpha);
        }
      }
    }
  }
}
