// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { speedWords } from "../../explorer/components/decode_speed.js";

test("the speed is told in percentiles, once there are enough times", () => {
  assert.equal(speedWords([10, 20], "socket"), "by socket");
  const times = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.equal(
    speedWords(times, "page"),
    "hand to picture p50 51 ms, p95 96 ms, by page runs (no socket)",
  );
});
