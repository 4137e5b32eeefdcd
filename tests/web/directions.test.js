// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  along,
  bringAll,
  chosen,
  distances,
  fromPrior,
  moved,
  onCircle,
  placesOf,
  shift,
  stops,
  turnOf,
} from "../../explorer/panels/sliders/directions.js";

/** @type {import("../../explorer/panels/sliders/directions.js").Direction} */
const dimension = {
  label: "z2",
  note: "",
  kind: "number",
  lines: [{ axis: 2, read: null, centre: 0, unit: 1 }],
  reach: 3,
  choices: [],
  group: "",
  place: "first",
};
const oblique = {
  ...dimension,
  lines: [{ axis: [0.6, 0, -0.8, 0], read: null, centre: 0.5, unit: 2 }],
};
// Read along another line than it is moved along.
const slanted = {
  ...dimension,
  lines: [{ axis: [1, 0, 0.5, 0], read: [1, 0, 0, 0], centre: 0.5, unit: 2 }],
};
/** @type {import("../../explorer/panels/sliders/directions.js").Direction} */
const circle = {
  ...dimension,
  kind: "circle",
  lines: [
    { axis: [2, 0, 0, 0.1], read: [0.5, 0, 0, 0], centre: 0.1, unit: 1 },
    { axis: [0, 0, 2, 0.2], read: [0, 0, 0.5, 0], centre: -0.2, unit: 1 },
  ],
};
/** @type {import("../../explorer/panels/sliders/directions.js").Direction} */
const hair = {
  ...circle,
  kind: "choice",
  choices: [
    { label: "Short", places: [0, 0] },
    { label: "Long", places: [1, 0] },
    { label: "Buns", places: [0, 1] },
  ],
};

/** @param {number} value @param {number} wanted */
function isClose(value, wanted) {
  assert.ok(Math.abs(value - wanted) < 1e-3, `${value} is not ${wanted}`);
}

/** @param {number} value @param {number} wanted */
function isNear(value, wanted) {
  assert.ok(Math.abs(value - wanted) < 1e-5, `${value} is not ${wanted}`);
}

test("a point moved along a direction lies there, and nowhere else is it another", () => {
  for (const direction of [dimension, oblique, slanted]) {
    const point = fromPrior(4);
    const before = point.slice();
    const [place] = placesOf(direction, point);
    shift(direction, point, [1.25]);
    isNear(placesOf(direction, point)[0], place + 1.25);
    const across = { ...oblique, lines: [{ ...oblique.lines[0], axis: [0.8, 0, 0.6, 0] }] };
    if (direction === oblique) isNear(placesOf(across, point)[0], placesOf(across, before)[0]);
    isNear(point[1], before[1]);
  }
});

test("a point is brought to the places that are asked for", () => {
  for (const direction of [circle, hair]) {
    const point = fromPrior(4);
    shift(direction, point, distances(direction, point, [0.25, -1]));
    isNear(placesOf(direction, point)[0], 0.25);
    isNear(placesOf(direction, point)[1], -1);
  }
});

test("several directions that share others are brought to their places together", () => {
  const wanted = [
    { direction: slanted, places: [0.4] },
    { direction: oblique, places: [-0.3] },
  ];
  const point = fromPrior(4);
  bringAll(point, wanted);
  for (const { direction, places } of wanted) {
    isClose(placesOf(direction, point)[0], places[0]);
  }
  bringAll(point, [wanted[0], { direction: slanted, places: [1] }]); // not both can be
  isClose(placesOf(slanted, point)[0], 1);
});

test("the pictures under a slider go from one end to the other", () => {
  for (const direction of [dimension, oblique, slanted]) {
    const places = along(direction, fromPrior(4), 7).map((other) => placesOf(direction, other)[0]);
    places.forEach((place, k) => {
      isNear(place, k - 3);
    });
  }
});

test("the pictures of a circle go around it, those of choices show each", () => {
  const turns = along(circle, fromPrior(4), 4).map((other) => turnOf(placesOf(circle, other)));
  turns.forEach((turn, k) => {
    isNear(turn, (k + 0.5) / 4);
  });
  const classes = along(hair, fromPrior(4), 7).map((other) => chosen(hair, placesOf(hair, other)));
  assert.deepEqual(classes, [0, 1, 2]);
  assert.equal(stops(hair, 7).length, 3);
});

test("a pinned point goes as far, by the same angle, to the same choice", () => {
  assert.deepEqual(moved(dimension, [1], [0.5], [2]), [2.5]);
  isNear(turnOf(moved(circle, [-3, 0], onCircle(0), onCircle(0.25))), 0.75);
  isNear(Math.hypot(...moved(circle, [-3, 0], onCircle(0), onCircle(0.25))), 1);
  assert.deepEqual(moved(hair, [1, 0], [0, 0], [0, 1]), [0, 1]);
});

test("a turn and its places on the circle are the same", () => {
  for (const turn of [0, 0.2, 0.5, 0.9]) isNear(turnOf(onCircle(turn)), turn);
  isNear(turnOf([0, -3]), 0.75);
});

test("points of the prior are standard normal", () => {
  const values = fromPrior(40_000);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.04);
  assert.ok(Math.abs(square - 1) < 0.06);
});
