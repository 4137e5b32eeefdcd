// @ts-check
// Directions of the latent space, and where a point lies along them, in their own units.

/** @typedef {import("../../components/decoder.js").Point} Point */

/**
 * `Line` of direction.py: a place is (read . z - centre) / unit; one more adds unit * axis to z.
 * @typedef {object} Line
 * @property {number | number[]} axis  a dimension, or a vector [D]
 * @property {number[] | null} read  [D], where it is another than the axis
 * @property {number} centre
 * @property {number} unit
 */

/**
 * `Direction` of direction.py. A point has as many places along it as it has lines.
 * @typedef {object} Direction
 * @property {string} label
 * @property {string} note
 * @property {"number" | "circle" | "choice"} kind
 * @property {Line[]} lines
 * @property {number} reach  a slider goes from -reach to reach
 * @property {{ label: string, places: number[] }[]} choices
 * @property {string} group  its heading
 * @property {"first" | "more" | "inactive"} place  the list that it stands in
 */

/**
 * @param {Line} line
 * @param {Point} point
 * @returns {number}
 */
function placeOn({ axis, read, centre, unit }, point) {
  const along = read ?? axis;
  if (typeof along === "number") return (point[along] - centre) / unit;
  return (along.reduce((sum, value, j) => sum + value * point[j], 0) - centre) / unit;
}

/**
 * @param {Direction} direction
 * @param {Point} point
 * @returns {number[]}
 */
export function placesOf({ lines }, point) {
  return lines.map((line) => placeOn(line, point));
}

/**
 * Move a point along a direction.
 * @param {Direction} direction
 * @param {Point} point
 * @param {number[]} distances  in units of each line
 */
export function shift({ lines }, point, distances) {
  lines.forEach(({ axis, unit }, t) => {
    if (typeof axis === "number") point[axis] += distances[t] * unit;
    else {
      axis.forEach((value, j) => {
        point[j] += distances[t] * unit * value;
      });
    }
  });
}

/**
 * How far it is from where a point lies to where it should.
 * @param {Direction} direction
 * @param {Point} point
 * @param {number[]} wanted
 */
export function distances(direction, point, wanted) {
  return placesOf(direction, point).map((place, t) => wanted[t] - place);
}

const SWEEPS = 50; // at most, over all that must be met at once
const NEAR_ENOUGH = 1e-4; // units

/**
 * Move a point until all these directions have the places wanted. One that is moved may move others, so they
 * are gone over again; those that cannot all be met end near it.
 * @param {Point} point
 * @param {{ direction: Direction, places: number[] }[]} wanted
 */
export function bringAll(point, wanted) {
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let furthest = 0;
    for (const { direction, places } of wanted) {
      const by = distances(direction, point, places);
      furthest = Math.max(furthest, ...by.map(Math.abs));
      shift(direction, point, by);
    }
    if (furthest < NEAR_ENOUGH) return;
  }
}

/** @param {number[]} places  on a circle  @returns {number} from 0 to 1 */
export function turnOf([across, up]) {
  return (Math.atan2(up, across) / (2 * Math.PI) + 1) % 1;
}

/** @param {number} turn  @returns {number[]} places on a circle */
export function onCircle(turn) {
  return [Math.cos(2 * Math.PI * turn), Math.sin(2 * Math.PI * turn)];
}

/**
 * Where another point goes when one goes from `before` to `after`: as far along a line, by the same angle
 * around a circle, to the same choice.
 * @param {Direction} direction
 * @param {number[]} places  of the other point
 * @param {number[]} before
 * @param {number[]} after
 */
export function moved({ kind }, places, before, after) {
  if (kind === "choice") return after;
  if (kind === "circle") return onCircle(turnOf(places) + turnOf(after) - turnOf(before));
  return places.map((place, t) => place + after[t] - before[t]);
}

/**
 * The choice that is nearest to these places.
 * @param {Direction} direction
 * @param {number[]} places
 */
export function chosen({ choices }, places) {
  const apart = choices.map((choice) =>
    Math.hypot(...choice.places.map((at, t) => at - places[t])),
  );
  return apart.indexOf(Math.min(...apart));
}

/**
 * The places of the pictures of a direction: from one end to the other, around the circle, or of each choice.
 * @param {Direction} direction
 * @param {number} num  of a slider
 * @returns {number[][]}
 */
export function stops({ kind, reach, choices }, num) {
  if (kind === "choice") return choices.map((choice) => choice.places);
  return Array.from({ length: num }, (_, k) =>
    kind === "circle" ? onCircle((k + 0.5) / num) : [reach * ((2 * k) / (num - 1) - 1)],
  );
}

/**
 * Points at each stop of a direction, through all that a point is beside it.
 * @param {Direction} direction
 * @param {Point} point
 * @param {number} num
 * @returns {Point[]}
 */
export function along(direction, point, num) {
  return stops(direction, num).map((places) => {
    const other = point.slice();
    shift(direction, other, distances(direction, point, places));
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
