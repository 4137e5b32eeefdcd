// @ts-check
// What the colours of the map say: a button a level, which points it out, or a scale.

import { make } from "../../components/elements.js";
import { short } from "../../components/numbers.js";
import { UNKNOWN } from "./colours.js";

/** @typedef {import("./colours.js").Legend} Legend */

/**
 * @param {HTMLElement} parent  what it is drawn into
 * @param {Legend} legend
 */
export function drawLegend(parent, { title, entries, stops, low, high }) {
  parent.replaceChildren(make("b", "", title));
  if (!entries.length) {
    const bar = make("i", "scale");
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    parent.append(short(low), bar, short(high));
    return;
  }
  for (const [level, text, colour] of entries) {
    const button = make("button", "entry");
    button.type = "button";
    button.dataset.level = String(level);
    button.setAttribute("aria-pressed", "false");
    button.title = `Point out ${text}`;
    const dot = make("i", "dot");
    dot.style.background = colour;
    button.append(dot, text);
    parent.append(button);
  }
}

/**
 * @param {HTMLElement} parent
 * @param {number | null} only  the level that is pointed out
 */
export function pointOut(parent, only) {
  for (const button of parent.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.level) === only));
  }
}

/**
 * What is known of a point, in words.
 * @param {Legend} legend
 * @param {number} level
 * @param {number | undefined} value  where the colours are a scale
 * @returns {string}
 */
export function valueWords({ entries }, level, value) {
  if (value !== undefined) return level === UNKNOWN ? "unknown" : short(value);
  return entries.find(([other]) => other === level)?.[1] ?? "unknown";
}
