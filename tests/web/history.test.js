// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../../explorer/panels/sliders/history.js";
import { uniform } from "./random.js";

test("undo and redo walk along all that was, and a new act forgets what was undone", () => {
  const next = uniform(7);
  /** @type {History<number>} */
  const history = new History();
  let all = [0]; // the oracle: a list of states, and where in it one is
  let at = 0;
  let now = 0;
  for (let k = 1; k < 2000; k++) {
    const hand = next();
    if (hand < 0.4) {
      history.keep(now);
      now = k;
      all = [...all.slice(0, at + 1), k].slice(-101);
      at = all.length - 1;
    } else if (hand < 0.75) {
      now = history.undo(now) ?? now;
      at = Math.max(0, at - 1);
    } else {
      now = history.redo(now) ?? now;
      at = Math.min(all.length - 1, at + 1);
    }
    assert.equal(now, all[at]);
    assert.equal(history.canUndo, at > 0);
    assert.equal(history.canRedo, at < all.length - 1);
  }
});

test("a hundred acts are kept", () => {
  /** @type {History<number>} */
  const history = new History();
  for (let k = 0; k < 150; k++) history.keep(k);
  let now = 150;
  for (let there = history.undo(now); there !== null; there = history.undo(now)) now = there;
  assert.equal(now, 50);
  history.forget();
  assert.ok(!history.canUndo && !history.canRedo);
});
