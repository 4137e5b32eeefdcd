// @ts-check
// Has a part of the page drawn anew after some seconds, as soon as the page rests by then: it is seen
// and connected, no other part has just been asked for, and no hand is at work on it.

const QUIET = 1000; // milliseconds since the last act of a hand
const RETRY = 250; // milliseconds between two looks at whether the page rests
const APART = 100; // milliseconds between two parts: Streamlit mixes up what comes at the same moment
const MIXED = 50; // milliseconds in which an act of a hand may have been taken for one on the part asked for
const LOST = 10; // times the seconds, after which an answer is taken for lost
// By which Streamlit says how the connection is, and whether it draws.
const CONNECTION = "data-test-connection-state";
const DRAWING = "data-test-script-state";

let isHeld = false; // a button of the mouse, or a finger, is down
let acted = -QUIET; // when a hand did something, in milliseconds of the page
let asked = -APART; // when a part was asked for
let isMixed = false; // a hand acted at that moment: the whole page is owed
/** @type {WeakMap<HTMLElement, number>} */
const timers = new WeakMap(); // by the element of each part

/** @param {Event} event */
function watch(event) {
  if (event instanceof PointerEvent) isHeld = event.buttons !== 0;
  if (event.type === "pointermove") return;
  acted = performance.now();
  isMixed ||= acted - asked < MIXED;
}
for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel", "keydown"]) {
  window.addEventListener(kind, watch, true);
}
window.addEventListener("popstate", watch);

/** @param {string} attribute */
const says = (attribute) => document.querySelector(`[${attribute}]`)?.getAttribute(attribute);

/** @param {number} now */
const rests = (now) =>
  !document.hidden &&
  !isHeld &&
  now - acted >= QUIET &&
  now - asked >= APART &&
  says(CONNECTION) === "CONNECTED" &&
  says(DRAWING) !== "running";

/**
 * Called with each drawing of its part, and so begins to wait anew.
 * @param {{
 *   parentElement: HTMLElement,
 *   data: { seconds: number },
 *   setTriggerValue: (name: string, value: unknown) => void,
 * }} component
 * @returns {() => void}
 */
export default function wait({ parentElement, data, setTriggerValue }) {
  const stop = () => window.clearTimeout(timers.get(parentElement));
  /** @param {number} milliseconds */
  const next = (milliseconds) => {
    stop();
    timers.set(parentElement, window.setTimeout(beat, milliseconds));
  };
  const beat = () => {
    const now = performance.now();
    if (rests(now)) {
      asked = now;
      next(LOST * 1000 * data.seconds);
      setTriggerValue("beat", isMixed ? "page" : "part");
      isMixed = false;
    } else next(RETRY);
  };
  next(1000 * data.seconds);
  return stop;
}
