// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Viewport } from "../../explorer/panels/map/viewport.js";
import { uniform } from "./random.js";

function portOf() {
  const port = new Viewport();
  Object.assign(port, {
    width: 800,
    height: 600,
    bounds: { left: -3, right: 5, bottom: -1, top: 1 },
  });
  return port;
}

/** @param {number[]} value @param {number[]} wanted */
function areNear(value, wanted) {
  value.forEach((one, i) => {
    assert.ok(Math.abs(one - wanted[i]) < 1e-6, `${value} is not ${wanted}`);
  });
}

test("at first all points are on the screen, and so are the largest faces there", () => {
  const port = portOf();
  for (const [x, y] of [
    [-3, -1],
    [5, 1],
  ]) {
    const [right, down] = port.toScreen(x, y);
    assert.ok(right >= 32 && right <= 768 && down >= 32 && down <= 568);
  }
});

test("the map and the screen are each other's inverse, and a zoom keeps its place", () => {
  const port = portOf();
  const next = uniform(8);
  for (let k = 0; k < 100; k++) {
    const [x, y] = [800 * next(), 600 * next()];
    const before = port.toMap(x, y);
    port.zoom(0.5 + next(), x, y);
    areNear(port.toMap(x, y), before);
    areNear(port.toScreen(...before), [x, y]);
    port.pan(7, -3);
    areNear(port.toScreen(...before), [x + 7, y - 3]);
    const { scale, across, up } = port.projection(1600, 1200, 2);
    areNear([before[0] * scale + across, up - before[1] * scale], [2 * (x + 7), 2 * (y - 3)]);
  }
});

test("what is off the screen is brought into the middle, what is on it stays", () => {
  const port = portOf();
  port.zoom(20);
  const view = port.view;
  port.bringIn(view.x + 0.1, view.y);
  assert.equal(port.view, view);
  port.bringIn(5, 1);
  areNear(port.toScreen(5, 1), [400, 300]);
});
