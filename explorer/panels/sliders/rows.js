// @ts-check
// The sliders themselves, each with its name, its number, two buttons and pictures of where it leads.
//
// One tab stop reaches all of a slider: Delete or R sets it to 0, L locks it, 0 to 9 jump.

import { find, make } from "../../components/elements.js";

/** @typedef {import("./directions.js").Direction} Direction */

/**
 * @typedef {object} Row
 * @property {Direction} direction
 * @property {HTMLElement} row
 * @property {HTMLInputElement} input
 * @property {HTMLOutputElement} output
 * @property {HTMLButtonElement} lock
 * @property {HTMLCanvasElement} strip
 */

const LOCK = `<svg viewBox="0 0 16 16" width="12" height="12" fill="none" stroke="currentColor"
  stroke-width="1.6" aria-hidden="true"><rect x="3" y="7" width="10" height="7" rx="1.5"/>
  <path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/></svg>`;
const KEYS = "Arrows move it, 0 to 9 jump, Delete or R sets it to 0, L locks it";

/**
 * @param {Direction} direction
 * @param {number} i
 * @returns {Row}
 */
export function makeRow(direction, i) {
  const row = make("div", "row");
  row.innerHTML = `
    <div class="head"><label for="dial-${i}"></label><small></small><output></output>
      <button type="button" class="mini" data-zero="${i}" tabindex="-1"
        title="To 0 (Delete or R)">↺</button>
      <button type="button" class="mini lock" data-lock="${i}" tabindex="-1" aria-pressed="false"
        title="Lock: random and reset leave it (L)">${LOCK}</button>
    </div>
    <input id="dial-${i}" type="range" step="0.05" aria-keyshortcuts="Delete R L" title="${KEYS}">
    <canvas class="strip" aria-hidden="true"></canvas>`;
  const input = find(row, "input", HTMLInputElement);
  const lock = find(row, ".lock", HTMLButtonElement);
  input.min = String(-direction.reach);
  input.max = String(direction.reach);
  input.setAttribute("aria-label", direction.label);
  find(row, "label", HTMLElement).textContent = direction.label;
  find(row, "small", HTMLElement).textContent = direction.note;
  find(row, "[data-zero]", HTMLElement).setAttribute("aria-label", `Reset ${direction.label}`);
  lock.setAttribute("aria-label", `Lock ${direction.label}`);
  const output = find(row, "output", HTMLOutputElement);
  return { direction, row, input, output, lock, strip: find(row, ".strip", HTMLCanvasElement) };
}

/**
 * @param {Row} row
 * @param {number} place
 * @param {boolean} isMoved  by a hand that holds it: the browser has moved it already
 */
export function showPlace({ direction: { reach }, input, output }, place, isMoved) {
  if (!isMoved) input.value = String(place);
  output.textContent = place.toFixed(2);
  input.style.setProperty("--part", `${(100 * (place + reach)) / (2 * reach)}%`);
}

/**
 * @param {Row} row
 * @param {boolean} isLocked
 */
export function showLock({ input, lock }, isLocked) {
  lock.setAttribute("aria-pressed", String(isLocked));
  input.setAttribute("aria-description", isLocked ? "Locked" : "");
}
