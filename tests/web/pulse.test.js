// @ts-check
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

// A page without a browser: its clock, its timers and what Streamlit says about it.
let now = 0;
/** @type {Map<number, { at: number, act: () => void }>} */
const timers = new Map();
/** @type {Map<string, (event: object) => void>} */
const listeners = new Map();
const page = { hidden: false, connection: "CONNECTED", drawing: "notRunning" };
let numTimers = 0;

class PointerEvent {
  /** @param {string} type @param {number} buttons */
  constructor(type, buttons) {
    this.type = type;
    this.buttons = buttons;
  }
}
const said = (/** @type {string} */ name) =>
  name.includes("connection") ? page.connection : page.drawing;
const faked = {
  PointerEvent,
  performance: { now: () => now },
  document: {
    get hidden() {
      return page.hidden;
    },
    querySelector: (/** @type {string} */ what) => ({ getAttribute: () => said(what) }),
  },
  window: {
    addEventListener: (/** @type {string} */ kind, /** @type {(event: object) => void} */ act) =>
      listeners.set(kind, act),
    setTimeout: (/** @type {() => void} */ act, /** @type {number} */ wait) => {
      numTimers += 1;
      timers.set(numTimers, { at: now + wait, act });
      return numTimers;
    },
    clearTimeout: (/** @type {number} */ number) => timers.delete(number),
  },
};
for (const [name, value] of Object.entries(faked)) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}
const { default: wait } = await import("../../explorer/components/pulse.js");

/** @param {number} milliseconds */
function pass(milliseconds) {
  const end = now + milliseconds;
  for (;;) {
    const due = [...timers].filter(([, timer]) => timer.at <= end);
    if (!due.length) break;
    due.sort(([, a], [, b]) => a.at - b.at);
    const [number, timer] = due[0];
    timers.delete(number);
    now = Math.max(now, timer.at);
    timer.act();
  }
  now = end;
}

/** @param {string} type */
const act = (type, buttons = 0) => listeners.get(type)?.(new PointerEvent(type, buttons));

/** @type {string[]} */
let beats = [];
/** A part of the page, drawn now. */
function drawn(name = "part", seconds = 1, element = /** @type {HTMLElement} */ ({})) {
  return wait({
    parentElement: element,
    data: { seconds },
    setTriggerValue: (_, value) => beats.push(`${name} ${value}`),
  });
}

beforeEach(() => {
  timers.clear();
  pass(60_000);
  beats = [];
  Object.assign(page, { hidden: false, connection: "CONNECTED", drawing: "notRunning" });
});

test("a part is asked for once, so many seconds after it was drawn", () => {
  drawn("part", 2);
  pass(1_999);
  assert.deepEqual(beats, []);
  pass(10_000);
  assert.deepEqual(beats, ["part part"]);
});

test("drawn again, it waits anew, and not for both", () => {
  const element = /** @type {HTMLElement} */ ({});
  drawn("first", 1, element);
  pass(500);
  drawn("second", 1, element);
  pass(999);
  assert.deepEqual(beats, []);
  pass(5_000);
  assert.deepEqual(beats, ["second part"]);
});

test("off the page, it is not asked for", () => {
  const stop = drawn();
  stop();
  pass(30_000);
  assert.deepEqual(beats, []);
});

test("an answer that is lost is asked for again", () => {
  drawn();
  pass(10_999);
  assert.equal(beats.length, 1);
  pass(1);
  assert.equal(beats.length, 2);
});

for (const [name, there, back] of /** @type {const} */ ([
  ["hidden", { hidden: true }, { hidden: false }],
  ["away from its server", { connection: "DISCONNECTED" }, { connection: "CONNECTED" }],
  ["being drawn", { drawing: "running" }, { drawing: "notRunning" }],
])) {
  test(`while the page is ${name}, nothing is asked for; then it is, soon`, () => {
    Object.assign(page, there);
    drawn();
    pass(30_000);
    assert.deepEqual(beats, []);
    Object.assign(page, back);
    pass(250);
    assert.deepEqual(beats, ["part part"]);
  });
}

test("while a pointer is held down, and a second after, nothing is asked for", () => {
  drawn();
  act("pointerdown", 1);
  act("pointermove", 1);
  pass(30_000);
  act("pointerup", 0);
  pass(999);
  assert.deepEqual(beats, []);
  pass(251);
  assert.deepEqual(beats, ["part part"]);
});

test("a pointer that was let go outside the window is found out when it comes back", () => {
  drawn();
  act("pointerdown", 1);
  pass(2_000);
  act("pointermove", 0);
  pass(250);
  assert.deepEqual(beats, ["part part"]);
});

test("a pointer that only moves, held down or not since, does not count as an act", () => {
  drawn();
  for (let i = 0; i < 10; i += 1) {
    act("pointermove", 0);
    pass(100);
  }
  assert.deepEqual(beats, ["part part"]);
});

test("two parts are never asked for at the same moment", () => {
  drawn("one");
  drawn("other");
  pass(1_000);
  assert.equal(beats.length, 1);
  pass(250);
  assert.deepEqual(beats.toSorted(), ["one part", "other part"]);
});

test("where a key is pressed at that very moment, the whole page is asked for next", () => {
  drawn("one");
  pass(1_000);
  pass(5);
  listeners.get("keydown")?.({ type: "keydown" });
  drawn("one");
  pass(2_000);
  drawn("one");
  pass(2_000);
  assert.deepEqual(beats, ["one part", "one page", "one part"]);
});
