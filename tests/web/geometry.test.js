// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { boundsOf, Grid, isInside } from "../../explorer/panels/map/geometry.js";
import { Points } from "../../explorer/panels/map/points.js";
import { normal, uniform } from "./random.js";

/** @typedef {import("../../explorer/panels/map/geometry.js").Place} Place */

/**
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 * @param {number} x
 * @param {number} y
 */
function leastDistance(xs, ys, x, y) {
  return Math.min(...Array.from(xs, (_, i) => Math.hypot(xs[i] - x, ys[i] - y)));
}

test("the grid finds the nearest of all points, near and far, in and outside", () => {
  const next = normal(1);
  for (const num of [1, 2, 7, 300, 2000]) {
    const xs = Float32Array.from({ length: num }, () => 3 * next());
    const ys = Float32Array.from({ length: num }, () => (num === 7 ? 2 : next())); // 7: on a line
    const grid = new Grid(xs, ys, boundsOf(xs, ys));
    for (let k = 0; k < 200; k++) {
      const [x, y, reach] = [6 * next(), 2 * next(), Math.abs(next())];
      const least = leastDistance(xs, ys, x, y);
      const found = grid.nearest(x, y, reach);
      if (found < 0) assert.ok(least > reach, `one lies ${least} away, within ${reach}`);
      else assert.equal(Math.hypot(xs[found] - x, ys[found] - y), least);
    }
  }
});

test("points that all lie in one place are found there, and from nowhere else", () => {
  const xs = new Float32Array(50).fill(2);
  const grid = new Grid(xs, xs, boundsOf(xs, xs));
  assert.ok(grid.nearest(2.1, 2, 0.2) >= 0);
  assert.equal(grid.nearest(2.3, 2, 0.2), -1);
});

/**
 * How often corners go around a point: the sum of the angles that it sees the sides under.
 * @param {Place[]} corners
 * @param {number} x
 * @param {number} y
 */
function turns(corners, x, y) {
  let angle = 0;
  corners.forEach(([bx, by], i) => {
    const [ax, ay] = corners.at(i - 1) ?? corners[0];
    const [ux, uy, vx, vy] = [ax - x, ay - y, bx - x, by - y];
    angle += Math.atan2(ux * vy - uy * vx, ux * vx + uy * vy);
  });
  return Math.round(angle / (2 * Math.PI));
}

test("inside a lasso is where it goes around an odd number of times", () => {
  const next = uniform(2);
  let inside = 0;
  for (let k = 0; k < 200; k++) {
    const num = 3 + (k % 9);
    /** @type {Place[]} */
    const corners = Array.from({ length: num }, () => [next(), next()]);
    for (let j = 0; j < 20; j++) {
      const [x, y] = [next(), next()];
      const isOdd = turns(corners, x, y) % 2 !== 0;
      assert.equal(isInside(corners, x, y), isOdd);
      inside += Number(isOdd);
    }
  }
  assert.ok(inside > 500, "some of the points were inside");
});

test("a group is all points inside the lasso, and an image is found by its row", () => {
  const next = uniform(3);
  const num = 400;
  const block = new ArrayBuffer(12 * num);
  new Float32Array(block, 0, 2 * num).forEach((_, i, all) => {
    all[i] = next();
  });
  new Uint32Array(block, 8 * num, num).forEach((_, row, images) => {
    images[row] = 1000 - row;
  });
  const points = new Points(block);
  const rows = points.inside([
    [0.2, 0.1],
    [0.9, 0.1],
    [0.9, 0.6],
    [0.2, 0.6],
  ]);
  const wanted = [...points.xs.keys()].filter((row) => {
    const [x, y] = [points.xs[row], points.ys[row]];
    return x > 0.2 && x < 0.9 && y > 0.1 && y < 0.6;
  });
  assert.ok(wanted.length > 50);
  assert.deepEqual(rows, wanted);
  assert.equal(points.rowOf(1000 - 17), 17);
  assert.equal(points.rowOf(5000), -1);
  assert.equal(points.rowOf(null), -1);
});
