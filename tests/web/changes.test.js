// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { changingColours, focus, stripOf } from "../../explorer/panels/sliders/changes.js";

/** A grey picture of 100 pixels of which the first five have this colour. @param {number[]} colour */
function picture(colour) {
  const data = new Uint8ClampedArray(400).fill(90);
  for (let i = 0; i < 5; i++) data.set(colour, 4 * i);
  return { data, width: 10, height: 10 };
}

/**
 * A picture of 20 by 20 grey pixels but for a square of another grey.
 * @param {number} left @param {number} top @param {number} side @param {number} grey
 */
function square(left, top, side, grey) {
  const data = new Uint8ClampedArray(1600).fill(90);
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++)
      data.fill(grey, 4 * (20 * y + x), 4 * (20 * y + x) + 3);
  }
  return { data, width: 20, height: 20 };
}

test("pictures are looked at where they change", () => {
  const { left, top, side } = focus([0, 120, 250].map((grey) => square(12, 13, 5, grey)));
  assert.equal(side, 8);
  assert.ok(left <= 12 && left + side >= 17, `${left}`);
  assert.ok(top <= 13 && top + side >= 18, `${top}`);
  assert.equal(focus([0, 250].map((grey) => square(3, 3, 11, grey))).side, 12);
});

test("pictures that change everywhere or nowhere are seen whole", () => {
  const whole = { left: 0, top: 0, side: 20 };
  assert.deepEqual(focus([0, 250].map((grey) => square(0, 0, 20, grey))), whole);
  assert.deepEqual(focus([50, 50].map((grey) => square(0, 0, 20, grey))), whole);
});

test("the colours of a circle are those of the pixels that change", () => {
  const colours = [
    [250, 10, 20],
    [10, 240, 30],
    [20, 30, 230],
  ];
  assert.deepEqual(changingColours(colours.map(picture)), colours);
});

test("of the pixels that change those count most that change most", () => {
  const pictures = [0, 200].map((change) => {
    const data = new Uint8ClampedArray(400).fill(20);
    data.set([20 + change, 20, 20], 0);
    data.set([20, 20 + change / 10, 20], 4);
    return { data, width: 10, height: 10 };
  });
  const [, [red, green]] = changingColours(pictures);
  assert.ok(red > 210 && green < 21, `${red} ${green}`);
});

test("where nothing changes the colours are those that are there", () => {
  const colours = changingColours([picture([90, 90, 90]), picture([90, 90, 90])]);
  for (const value of colours.flat()) assert.equal(Math.round(value), 90);
});

test("the strip ends as it begins", () => {
  const strip = stripOf([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.match(strip, /^linear-gradient\(90deg, rgb\(4 5 6\) -25.0%, rgb\(1 2 3\) 25.0%/);
  assert.match(strip, /rgb\(4 5 6\) 75.0%, rgb\(1 2 3\) 125.0%\)$/);
});
