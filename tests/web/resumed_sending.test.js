// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { LostError, send } from "../../explorer/components/resumed_sending.js";

const ANNOUNCED = '[["a.png", 600], ["b.png", 400]]\n';
const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

/**
 * A server that loses connections.
 * @param {(number | "answer" | "refuse")[]} losses  of each request that sends: bytes of the files
 *   that come before the loss; or all come and the answer is lost; or the set is refused
 */
function server(losses) {
  const has = { bytes: /** @type {number[] | null} */ (null), name: /** @type {any} */ (null) };
  /** @type {any} */
  const seen = { sent: 0, waited: [], forgotten: 0, lost: 0, told: [], has };
  /** @type {any} */
  const post = async (
    /** @type {string} */ path,
    /** @type {any} */ body,
    /** @type {any} */ headers,
  ) => {
    assert.match(headers["X-Upload-Set"], /^[0-9a-f]{32}$/);
    if (path.endsWith("room")) return "";
    if (path.endsWith("held")) {
      return JSON.stringify({ num_bytes: has.bytes?.length ?? null, name: has.name });
    }
    let data = [...new Uint8Array(await body.arrayBuffer())];
    const from = headers["X-Upload-From"];
    if (from === undefined) {
      data = data.slice(ANNOUNCED.length);
      has.bytes = [];
    }
    assert.equal(has.bytes?.length, Number(from ?? 0));
    const loss = losses.shift();
    if (loss === "refuse") throw new Error("There is no room.");
    const come = typeof loss === "number" ? data.slice(0, loss) : data;
    seen.sent += come.length;
    has.bytes?.push(...come);
    if (typeof loss === "number") throw new LostError("lost");
    has.name = "faces";
    if (loss === "answer") throw new LostError("lost");
    return JSON.stringify({ name: "faces" });
  };
  const ways = {
    post,
    forget: () => seen.forgotten++,
    wait: async (/** @type {number} */ seconds) => seen.waited.push(seconds),
    sent: (/** @type {number} */ bytes) => seen.told.push(bytes),
    lost: () => seen.lost++,
  };
  return { ways, seen };
}

for (const losses of [[], [300], [0], [1, 1, 998], [300, 0, 0, 0, 200, 0, 0, 100], ["answer"]]) {
  test(`every byte comes once although connections are lost: ${losses}`, async () => {
    const { ways, seen } = server(/** @type {any} */ ([...losses]));
    assert.equal(await send(ANNOUNCED, new Blob([BYTES]), ways), "faces");
    assert.deepEqual(seen.has.bytes, [...BYTES]);
    assert.equal(seen.sent, 1000);
    assert.equal(seen.lost, losses.length);
    assert.equal(seen.forgotten, 0);
  });
}

test("a connection that does not come back is given up, and nothing half is left", async () => {
  const { ways, seen } = server([300, ...Array(20).fill(0)]);
  await assert.rejects(send(ANNOUNCED, new Blob([BYTES]), ways), LostError);
  assert.equal(seen.forgotten, 1);
  assert.ok(seen.waited.length < 10);
});

test("what the server refuses is not tried again", async () => {
  const { ways, seen } = server(["refuse"]);
  await assert.rejects(send(ANNOUNCED, new Blob([BYTES]), ways), /no room/);
  assert.deepEqual(seen.waited, []);
  assert.equal(seen.forgotten, 1);
});

test("of a server that has forgotten the set, all is sent again", async () => {
  const { ways, seen } = server([300]);
  const post = ways.post;
  let isFirst = true;
  ways.post = async (/** @type {any[]} */ ...all) => {
    if (all[0].endsWith("held") && isFirst) {
      [isFirst, seen.has.bytes] = [false, null];
    }
    return post(...all);
  };
  assert.equal(await send(ANNOUNCED, new Blob([BYTES]), ways), "faces");
  assert.deepEqual(seen.has.bytes, [...BYTES]);
});
