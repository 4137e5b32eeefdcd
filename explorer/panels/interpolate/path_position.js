// @ts-check
// Where one is on a path. Places are counted in legs: 0 is the first key, 1 the second; past the last
// key comes the closing leg, back to the first.

import { clamp } from "../../components/numbers.js";

/** @typedef {import("../../components/decoder.js").Point} Point */

export class PathPosition {
  /**
   * @param {Point[]} points  from key to key, `fine` a leg
   * @param {Point[]} closing  the leg from the last key to the first
   * @param {number} fine
   */
  constructor(points, closing, fine) {
    this.points = points;
    this.closing = closing;
    this.fine = fine;
    this.legs = (points.length - 1) / fine;
  }

  /**
   * The part of the path that lies before a place; on the closing leg, from the end back.
   * @param {number} place
   * @returns {number}
   */
  positionOf(place) {
    return place <= this.legs ? place / this.legs : 1 - (place - this.legs);
  }

  /**
   * The point of a place, on a straight line between the two beside it.
   * @param {number} place
   * @returns {Point}
   */
  pointAt(place) {
    const isClosing = place > this.legs;
    const points = isClosing ? this.closing : this.points;
    const at = clamp((isClosing ? place - this.legs : place) * this.fine, 0, points.length - 1);
    const before = Math.min(Math.floor(at), points.length - 2);
    const part = at - before;
    return points[before].map((value, j) => value + part * (points[before + 1][j] - value));
  }

  /**
   * Where a player is that has gone so many legs from the first key.
   * @param {number} gone
   * @param {boolean} isAround  over the closing leg; else there and back
   * @param {boolean} isEased  slow at the keys
   * @returns {number}
   */
  placeAfter(gone, isAround, isEased) {
    const round = isAround ? this.legs + 1 : 2 * this.legs;
    let place = gone % round;
    if (!isAround && place > this.legs) place = round - place;
    const leg = Math.floor(place);
    return isEased ? leg + smooth(place - leg) : place;
  }

  /**
   * How far a player has gone that is at a place and on its way out: of `placeAfter` the inverse.
   * @param {number} place
   * @param {boolean} isEased
   * @returns {number}
   */
  goneAt(place, isEased) {
    const leg = Math.floor(place);
    return isEased ? leg + unsmooth(place - leg) : place;
  }
}

/**
 * @param {string} text  float32 numbers in base 64
 * @param {number} latentDim
 * @returns {Point[]}
 */
export function pointsOf(text, latentDim) {
  const numbers = new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  return Array.from({ length: numbers.length / latentDim }, (_, i) =>
    numbers.subarray(i * latentDim, (i + 1) * latentDim),
  );
}

/** @param {number} part */
function smooth(part) {
  return part * part * (3 - 2 * part);
}

/** @param {number} value */
function unsmooth(value) {
  return 0.5 - Math.sin(Math.asin(1 - 2 * value) / 3);
}
