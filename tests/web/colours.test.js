// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  blend,
  colourOf,
  discOf,
  paletteOf,
  toText,
  toWord,
  UNKNOWN,
} from "../../explorer/panels/map/colours.js";
import { Raster } from "../../explorer/panels/map/raster.js";
import { normal, uniform } from "./random.js";

/** @param {number} word  as the bytes that an image has of it */
function bytesOf(word) {
  return [...new Uint8ClampedArray(new Uint32Array([word]).buffer)];
}

test("a word of an image has the bytes red, green, blue and full alpha", () => {
  assert.deepEqual(bytesOf(toWord(colourOf("#0A64ff"))), [10, 100, 255, 255]);
  assert.equal(toText(toWord([10.4, 99.6, 255])), "rgb(10, 100, 255)");
});

test("one colour over another is within a level of the exact mean", () => {
  const next = uniform(4);
  for (let k = 0; k < 500; k++) {
    const level = () => Math.floor(256 * next());
    const [under, over] = [
      toWord([level(), level(), level()]),
      toWord([level(), level(), level()]),
    ];
    const alpha = Math.floor(257 * next());
    const mixed = bytesOf(blend(under, over, alpha));
    bytesOf(under).forEach((value, i) => {
      const exact = i === 3 ? 255 : value + ((bytesOf(over)[i] - value) * alpha) / 256;
      assert.ok(Math.abs(mixed[i] - exact) <= 1);
    });
  }
  assert.equal(blend(toWord([1, 2, 3]), toWord([250, 0, 9]), 256), toWord([250, 0, 9]));
});

test("the palette of a scale goes evenly through its stops; the last level is unknown", () => {
  const palette = paletteOf({ entries: [], stops: ["#000000", "#64c800"], unknown: "#8c8c99" });
  assert.equal(toText(palette[0]), "rgb(0, 0, 0)");
  assert.equal(toText(palette[127]), "rgb(50, 100, 0)");
  assert.equal(toText(palette[254]), "rgb(100, 200, 0)");
  assert.equal(toText(palette[UNKNOWN]), "rgb(140, 140, 153)");
});

test("the palette of names has their colours; every other level is unknown", () => {
  const palette = paletteOf({ entries: [[3, "red", "#ff0000"]], stops: [], unknown: "#808080" });
  assert.equal(toText(palette[3]), "rgb(255, 0, 0)");
  assert.equal(toText(palette[4]), "rgb(128, 128, 128)");
});

test("a disc covers its area, evenly to all sides", () => {
  for (const radius of [0.8, 2.3, 4.5, 20]) {
    const { side, middle, alpha } = discOf(radius);
    const covered = alpha.reduce((sum, part) => sum + part, 0) / 256;
    assert.ok(Math.abs(covered / (Math.PI * radius ** 2) - 1) < 0.25 / radius + 0.02);
    assert.equal(side, 2 * middle + 1);
    assert.deepEqual([...alpha], [...alpha].reverse());
  }
});

/**
 * @param {number} num
 * @param {((row: number) => boolean) | null} isDim
 */
function sceneOf(num, isDim = null) {
  const next = normal(5);
  return {
    xs: Float32Array.from({ length: num }, next),
    ys: Float32Array.from({ length: num }, next),
    levels: new Uint8Array(num),
    palette: new Uint32Array(256).fill(toWord([200, 0, 0])),
    isDim,
    visible: Int32Array.from({ length: num }, (_, row) => row),
    num,
    projection: { scale: 10, across: 50, up: 50 },
  };
}

test("every point is counted in one cell", () => {
  const raster = new Raster(100, 100, new Uint32Array(100 * 100));
  const { counts, wide } = raster.count(sceneOf(1000), 4);
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    1000,
  );
  assert.ok(counts[12 * wide + 12] > counts[0], "most of them in the middle");
});

test("points that step back are paler than those that do not", () => {
  const red = (/** @type {((row: number) => boolean) | null} */ isDim) => {
    const raster = new Raster(100, 100, new Uint32Array(100 * 100).fill(toWord([0, 0, 0])));
    raster.paintDiscs(sceneOf(1, isDim), 3);
    return Math.max(...raster.words.map((word) => word & 255));
  };
  assert.ok(red(() => true) < 40);
  assert.ok(red(() => false) > 170);
  assert.equal(
    red(null),
    red(() => false),
  );
});
