// @ts-check
// Directions of the latent space, and where a point lies along them, in their own units.

/** @typedef {import("../../components/decoder.js").Point} Point */

/**
 * @typedef {object} Direction
 * @property {string} label
 * @property {string} note
 * @property {number | number[]} axis  a dimension, or a unit vector [D]
 * @property {number} centre  along the axis, where the place is 0
 * @property {number} unit  along the axis, of one place
 * @property {number} reach  a slider goes from -reach to reach
 * @property {"first" | "more" | "inactive"} place  the list that it stands in
 */

/**
 * @param {Direction} direction
 * @param {Point} point
 * @returns {number}
 */
export function placeOf({ axis, centre, unit }, point) {
  if (typeof axis === "number") return (point[axis] - centre) / unit;
  return (axis.reduce((sum, value, j) => sum + value * point[j], 0) - centre) / unit;
}

/**
 * Move a point along a direction.
 * @param {Direction} direction
 * @param {Point} point
 * @param {number} distance  in units of the direction
 */
export function shift({ axis, unit }, point, distance) {
  if (typeof axis === "number") point[axis] += distance * unit;
  else {
    axis.forEach((value, j) => {
      point[j] += distance * unit * value;
    });
  }
}

/**
 * Points from one end of a direction to the other, through all that a point is beside it.
 * @param {Direction} direction
 * @param {Point} point
 * @param {number} num
 * @returns {Point[]}
 */
export function along(direction, point, num) {
  const here = placeOf(direction, point);
  return Array.from({ length: num }, (_, k) => {
    const other = point.slice();
    shift(direction, other, direction.reach * ((2 * k) / (num - 1) - 1) - here);
    return other;
  });
}

/**
 * A point of the prior: standard normal.
 * @param {number} latentDim
 * @returns {Point}
 */
export function fromPrior(latentDim) {
  return Float32Array.from({ length: latentDim }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return radius * Math.cos(2 * Math.PI * Math.random());
  });
}
