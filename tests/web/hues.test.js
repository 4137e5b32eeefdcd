// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { changingColours, stripOf } from "../../explorer/panels/sliders/hues.js";

/** A grey picture of 100 pixels of which the first five have this colour. @param {number[]} colour */
function picture(colour) {
  const data = new Uint8ClampedArray(400).fill(90);
  for (let i = 0; i < 5; i++) data.set(colour, 4 * i);
  return { data };
}

test("the colours of a circle are those of the pixels that change", () => {
  const colours = [
    [250, 10, 20],
    [10, 240, 30],
    [20, 30, 230],
  ];
  assert.deepEqual(changingColours(colours.map(picture)), colours);
});

test("the strip ends as it begins", () => {
  const strip = stripOf([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.match(strip, /^linear-gradient\(90deg, rgb\(4 5 6\) -25.0%, rgb\(1 2 3\) 25.0%/);
  assert.match(strip, /rgb\(4 5 6\) 75.0%, rgb\(1 2 3\) 125.0%\)$/);
});
