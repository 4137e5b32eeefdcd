// @ts-check
// The controls themselves: sliders, strips of hues and rows of choices, each with its name, its number,
// buttons and pictures of where it leads.
//
// One tab stop reaches all of a slider: Delete or R sets it to 0, L locks it, 0 to 9 jump.

import { find, make } from "../../components/elements.js";
import { paint, paintRow } from "../../components/pictures.js";
import { changingColours, focus, stripOf } from "./changes.js";
import { chosen, onCircle, turnOf } from "./directions.js";

/** @typedef {import("./directions.js").Direction} Direction */

/**
 * @typedef {object} Row
 * @property {Direction} direction
 * @property {HTMLElement} row
 * @property {HTMLInputElement | null} input  none of choices
 * @property {HTMLButtonElement[]} choices
 * @property {HTMLOutputElement} output
 * @property {HTMLButtonElement} lock
 * @property {HTMLCanvasElement[]} pictures  one strip, or one of each choice
 */

const LOCK = `<svg viewBox="0 0 16 16" width="12" height="12" fill="none" stroke="currentColor"
  stroke-width="1.6" aria-hidden="true"><rect x="3" y="7" width="10" height="7" rx="1.5"/>
  <path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/></svg>`;
const STRIP_HEIGHT = 48; // pixels
const CHOICE = 52; // pixels a side
const KEYS = "Arrows move it, 0 to 9 jump, Delete or R sets it to 0, L locks it";
const KEYS_OF_CIRCLE = "Arrows move it, 0 to 9 jump, L locks it";

/**
 * @param {Direction} direction
 * @param {number} i
 * @returns {Row}
 */
export function makeRow(direction, i) {
  const { kind, label, note, reach, choices } = direction;
  const row = make("div", `row ${kind}`);
  row.innerHTML = `
    <div class="head"><label for="dial-${i}"></label><small></small><output></output>
      <button type="button" class="mini" data-zero="${i}" tabindex="-1"
        title="To 0 (Delete or R)">↺</button>
      <button type="button" class="mini lock" data-lock="${i}" aria-pressed="false"
        title="Lock: random and reset leave it">${LOCK}</button>
    </div>`;
  const name = find(row, "label", HTMLElement);
  name.textContent = label;
  find(row, "small", HTMLElement).textContent = note;
  const zero = find(row, "[data-zero]", HTMLElement);
  zero.setAttribute("aria-label", `Reset ${label}`);
  if (kind !== "number") zero.remove();
  const lock = find(row, ".lock", HTMLButtonElement);
  lock.setAttribute("aria-label", `Lock ${label}`);
  /** @type {HTMLInputElement | null} */
  let input = null;
  /** @type {HTMLButtonElement[]} */
  let buttons = [];
  /** @type {HTMLCanvasElement[]} */
  let pictures = [];
  if (kind === "choice") {
    const list = make("div", "choices");
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", label);
    list.title = "L locks it";
    buttons = choices.map((choice, k) => {
      const button = make("button");
      button.type = "button";
      button.dataset.choose = `${i} ${k}`;
      button.append(make("canvas"), make("span", "", choice.label));
      return button;
    });
    pictures = buttons.map((button) => find(button, "canvas", HTMLCanvasElement));
    for (const picture of pictures) picture.setAttribute("aria-hidden", "true");
    list.append(...buttons);
    row.append(list);
    name.removeAttribute("for");
  } else {
    lock.tabIndex = -1; // the slider's key L does it
    input = make("input");
    input.type = "range";
    input.id = `dial-${i}`;
    [input.min, input.max, input.step] =
      kind === "circle" ? ["0", "1", "0.005"] : [String(-reach), String(reach), "0.05"];
    input.setAttribute("aria-keyshortcuts", kind === "circle" ? "L" : "Delete R L");
    input.title = kind === "circle" ? KEYS_OF_CIRCLE : KEYS;
    input.setAttribute("aria-label", label);
    const strip = make("canvas", "strip");
    strip.setAttribute("aria-hidden", "true");
    pictures = [strip];
    row.append(input, strip);
  }
  const output = find(row, "output", HTMLOutputElement);
  return { direction, row, input, choices: buttons, output, lock, pictures };
}

/**
 * The places that the row's slider asks for.
 * @param {Row} row
 */
export function placesAsked({ direction, input }) {
  const value = Number(input?.value);
  return direction.kind === "circle" ? onCircle(value) : [value];
}

/**
 * Where a key takes a slider: a digit from 0 to 9 to its part of the way, an arrow past the end of a circle to
 * its beginning; null for any other key.
 * @param {Row} row
 * @param {string} key
 */
export function placesByKey({ direction: { kind, reach }, input }, key) {
  if (!input) return null;
  const digit = /^[0-9]$/.test(key) ? Number(key) : null;
  if (kind === "circle") {
    const [step, value] = [Number(input.step), Number(input.value)];
    const by = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step }[key] ?? 0;
    const isPast = by && (value + by > 1 || value + by < 0);
    if (isPast) return onCircle(value + by);
    return digit === null ? null : onCircle(digit / 10);
  }
  return digit === null ? null : [reach * (digit / 4.5 - 1)];
}

/**
 * @param {Row} row
 * @param {number[]} places
 * @param {boolean} isMoved  by a hand that holds it: the browser has moved it already
 */
export function showPlaces({ direction, input, choices, output }, places, isMoved) {
  const { kind, reach } = direction;
  if (kind === "choice") {
    const which = chosen(direction, places);
    choices.forEach((button, k) => {
      button.setAttribute("aria-pressed", String(k === which));
    });
    return;
  }
  const value = kind === "circle" ? turnOf(places) : places[0];
  output.textContent = kind === "circle" ? `${Math.round(360 * value)}°` : value.toFixed(2);
  if (!input) return;
  if (!isMoved) input.value = String(value);
  input.style.setProperty(
    "--part",
    `${kind === "circle" ? 100 * value : (100 * (value + reach)) / (2 * reach)}%`,
  );
}

/**
 * @param {Row} row
 * @param {ImageData[]} images
 */
export function showPictures({ direction, input, pictures }, images) {
  if (direction.kind === "choice") {
    pictures.forEach((canvas, k) => {
      if (images[k]) paint(canvas, images[k], CHOICE);
    });
    return;
  }
  paintRow(pictures[0], images, STRIP_HEIGHT, focus(images));
  if (direction.kind === "circle") {
    input?.style.setProperty("--hues", stripOf(changingColours(images)));
  }
}

/**
 * @param {Row} row
 * @param {boolean} isLocked
 */
export function showLock({ input, lock }, isLocked) {
  lock.setAttribute("aria-pressed", String(isLocked));
  input?.setAttribute("aria-description", isLocked ? "Locked" : "");
}
