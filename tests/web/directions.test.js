// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { along, fromPrior, placeOf, shift } from "../../explorer/panels/sliders/directions.js";

/** @type {import("../../explorer/panels/sliders/directions.js").Direction} */
const dimension = {
  label: "z2",
  note: "",
  axis: 2,
  centre: 0,
  unit: 1,
  reach: 3,
  place: "first",
};
const oblique = { ...dimension, axis: [0.6, 0, -0.8, 0], centre: 0.5, unit: 2 };

/** @param {number} value @param {number} wanted */
function isNear(value, wanted) {
  assert.ok(Math.abs(value - wanted) < 1e-5, `${value} is not ${wanted}`);
}

test("a point moved along a direction lies there, and nowhere else is it another", () => {
  for (const direction of [dimension, oblique]) {
    const point = fromPrior(4);
    const before = point.slice();
    const place = placeOf(direction, point);
    shift(direction, point, 1.25);
    isNear(placeOf(direction, point), place + 1.25);
    const across = { ...dimension, axis: [0.8, 0, 0.6, 0] };
    if (direction === oblique) isNear(placeOf(across, point), placeOf(across, before));
    isNear(point[1], before[1]);
  }
});

test("the pictures under a slider go from one end to the other", () => {
  for (const direction of [dimension, oblique]) {
    const point = fromPrior(4);
    const places = along(direction, point, 7).map((other) => placeOf(direction, other));
    places.forEach((place, k) => {
      isNear(place, k - 3);
    });
  }
});

test("points of the prior are standard normal", () => {
  const values = fromPrior(40_000);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.04);
  assert.ok(Math.abs(square - 1) < 0.06);
});
