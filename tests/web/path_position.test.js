// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { PathPosition, pointsOf } from "../../explorer/panels/interpolate/path_position.js";

const FINE = 4;
// Three keys, at 0, 1 and 2 on a line, and a way back outside of it.
const way = new PathPosition(
  Array.from({ length: 2 * FINE + 1 }, (_, i) => Float32Array.of(i / FINE, 0)),
  Array.from({ length: FINE + 1 }, (_, i) => Float32Array.of(2 - (2 * i) / FINE, 1)),
  FINE,
);

test("a place of the path is the point between those beside it", () => {
  assert.deepEqual([...way.pointAt(0)], [0, 0]);
  assert.deepEqual([...way.pointAt(1.375)], [1.375, 0]);
  assert.deepEqual([...way.pointAt(2)], [2, 0]);
  assert.deepEqual([...way.pointAt(2.5)], [1, 1], "on the closing leg");
  assert.equal(way.positionOf(1), 0.5);
});

test("there and back returns by the way it came, around over the closing leg", () => {
  assert.equal(way.placeAfter(1.5, false, false), 1.5);
  assert.equal(way.placeAfter(2.5, false, false), 1.5);
  assert.equal(way.placeAfter(2.5, true, false), 2.5);
  assert.equal(way.placeAfter(3.5, false, false), 0.5);
  assert.equal(way.placeAfter(4.25, false, false), 0.25);
  assert.equal(way.placeAfter(3.25, true, false), 0.25);
});

test("an eased player is slow at the keys and goes on from where it is", () => {
  const slow = way.placeAfter(0.1, false, true);
  assert.ok(slow > 0 && slow < 0.05);
  assert.equal(way.placeAfter(1.5, false, true), 1.5);
  for (const place of [0, 0.2, 0.5, 1.7]) {
    const gone = way.goneAt(place, true);
    assert.ok(Math.abs(way.placeAfter(gone, false, true) - place) < 1e-9);
  }
});

test("points come as float32 in base 64", () => {
  const numbers = Float32Array.of(1, 2, -3, 4.5);
  const text = Buffer.from(numbers.buffer).toString("base64");
  assert.deepEqual(
    pointsOf(text, 2).map((point) => [...point]),
    [
      [1, 2],
      [-3, 4.5],
    ],
  );
});
