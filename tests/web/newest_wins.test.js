// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { NewestWins } from "../../explorer/components/newest_wins.js";
import { uniform } from "./random.js";

test("of those that wait for the same, only the newest is taken", () => {
  /** @type {NewestWins<number>} */
  const requests = new NewestWins("face");
  for (const number of [1, 2, 3]) requests.put("face", number);
  assert.equal(requests.take(), 3);
  requests.done();
  assert.equal(requests.take(), null);
});

test("one is under way at a time, and the first goes before all that wait", () => {
  /** @type {NewestWins<string>} */
  const requests = new NewestWins("face");
  requests.put("strip 0", "a");
  requests.put("strip 1", "b");
  assert.equal(requests.take(), "a");
  requests.put("face", "c");
  assert.equal(requests.take(), null, "another one is under way");
  requests.done();
  assert.equal(requests.take(), "c");
  requests.done();
  assert.equal(requests.take(), "b");
});

test("whatever the order, the newest of each is answered in the end, and nothing twice", () => {
  const next = uniform(6);
  /** @type {NewestWins<{ what: string, number: number }>} */
  const requests = new NewestWins("face");
  const newest = new Map();
  const answered = new Map();
  let isFlying = false;
  const land = () => {
    requests.done();
    isFlying = false;
  };
  const take = () => {
    const request = requests.take();
    if (!request) return false;
    assert.ok(!isFlying);
    assert.ok(request.number > (answered.get(request.what) ?? -1));
    answered.set(request.what, request.number);
    isFlying = true;
    return true;
  };
  for (let number = 0; number < 1000; number++) {
    const what = ["face", "strip 0", "strip 1"][Math.floor(3 * next())];
    requests.put(what, { what, number });
    newest.set(what, number);
    if (next() < 0.5) take();
    if (next() < 0.4 && isFlying) land();
  }
  if (isFlying) land();
  while (take()) land();
  assert.deepEqual(answered, newest);
});
