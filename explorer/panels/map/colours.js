// @ts-check
// Colours, as the page writes them and as a word of an image: 0xAABBGGRR.

import { clamp } from "../../components/numbers.js";

/** @typedef {[red: number, green: number, blue: number]} Colour */

/**
 * What the colours of the points say; `Legend` of canvas.py.
 * @typedef {object} Legend
 * @property {string} title
 * @property {[level: number, name: string, colour: string][]} entries  none for a scale
 * @property {string[]} stops  colours from low to high
 * @property {number} low
 * @property {number} high
 * @property {string} unknown  a colour
 */

export const UNKNOWN = 255; // the level of a point of which nothing is known

/**
 * A colour of the page: "#rrggbb", or any other that the browser can paint.
 * @param {string} text
 * @returns {Colour}
 */
export function colourOf(text) {
  if (/^#[0-9a-f]{6}$/i.test(text)) {
    const [red, green, blue] = [1, 3, 5].map((i) => Number.parseInt(text.slice(i, i + 2), 16));
    return [red, green, blue];
  }
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  if (!context) throw new Error("This browser has no canvas.");
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/**
 * @param {Colour} colour
 * @returns {number}
 */
export function toWord([red, green, blue]) {
  return (0xff000000 | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/**
 * @param {number} word
 * @returns {string}
 */
export function toText(word) {
  return `rgb(${word & 255}, ${(word >> 8) & 255}, ${(word >> 16) & 255})`;
}

/**
 * One colour over another.
 * @param {number} under  a word
 * @param {number} over  a word
 * @param {number} alpha  of 256
 * @returns {number}
 */
export function blend(under, over, alpha) {
  const [red, green, blue] = [under & 255, (under >> 8) & 255, (under >> 16) & 255];
  return (
    (0xff000000 |
      (red + ((((over & 255) - red) * alpha) >> 8)) |
      ((green + (((((over >> 8) & 255) - green) * alpha) >> 8)) << 8) |
      ((blue + (((((over >> 16) & 255) - blue) * alpha) >> 8)) << 16)) >>>
    0
  );
}

/**
 * The colour of each level, as words. [256]
 * @param {Pick<Legend, "entries" | "stops" | "unknown">} legend
 * @returns {Uint32Array}
 */
export function paletteOf({ entries, stops, unknown }) {
  const palette = new Uint32Array(256).fill(toWord(colourOf(unknown)));
  for (const [level, , colour] of entries) palette[level] = toWord(colourOf(colour));
  if (entries.length) return palette;
  const colours = stops.map(colourOf);
  for (let level = 0; level < UNKNOWN; level++) {
    const place = (level / (UNKNOWN - 1)) * (colours.length - 1);
    const from = Math.min(Math.floor(place), colours.length - 2);
    const part = place - from;
    const mixed = colours[from].map((c, i) => c + part * (colours[from + 1][i] - c));
    palette[level] = toWord(/** @type {Colour} */ (mixed));
  }
  return palette;
}

/**
 * A disc with a soft edge: how much of each pixel it covers, of 256.
 * @param {number} radius
 * @returns {{ side: number, middle: number, alpha: Uint16Array }}
 */
export function discOf(radius) {
  const middle = Math.ceil(radius);
  const side = 2 * middle + 1;
  const alpha = new Uint16Array(side * side);
  for (let v = 0; v < side; v++) {
    for (let u = 0; u < side; u++) {
      const part = radius + 0.5 - Math.hypot(u - middle, v - middle);
      alpha[v * side + u] = Math.round(256 * clamp(part, 0, 1));
    }
  }
  return { side, middle, alpha };
}
