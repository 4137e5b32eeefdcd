// @ts-check
// Where pictures along a direction differ, and in which colours.

/**
 * What is needed of ImageData.
 * @typedef {object} Picture
 * @property {Uint8ClampedArray} data  red green blue alpha
 * @property {number} width
 * @property {number} height
 */

const SHARE = 0.02; // of the pixels, those that change most
// Sides of a square, in parts of the picture, and how much of the change it must hold to be looked at alone.
const WINDOWS = [
  { part: 0.4, held: 0.6 },
  { part: 0.6, held: 0.75 },
];

/**
 * How much each pixel differs between the pictures: the sum of squares around the mean, of all colours.
 * @param {Picture[]} images  of one size
 * @returns {Float32Array}
 */
function spreadOf(images) {
  const spread = new Float32Array(images[0].data.length / 4);
  for (let i = 0; i < spread.length; i++) {
    for (let c = 4 * i; c < 4 * i + 3; c++) {
      let sum = 0;
      let squares = 0;
      for (const { data } of images) {
        sum += data[c];
        squares += data[c] ** 2;
      }
      spread[i] += squares - sum ** 2 / images.length;
    }
  }
  return spread;
}

/**
 * The smallest square around the middle of what changes that holds most of it; the whole picture where change
 * is everywhere.
 * @param {Picture[]} images  of one size
 * @returns {{ left: number, top: number, side: number }}  in pixels
 */
export function focus(images) {
  const { width, height } = images[0];
  const spread = spreadOf(images);
  let [all, x, y] = [0, 0, 0];
  spread.forEach((value, i) => {
    all += value;
    x += value * (i % width);
    y += value * Math.floor(i / width);
  });
  for (const { part, held } of WINDOWS) {
    const side = Math.round(part * Math.min(width, height));
    const start = (/** @type {number} */ middle, /** @type {number} */ size) =>
      Math.max(0, Math.min(size - side, Math.round(middle - (side - 1) / 2)));
    const [left, top] = [start(x / all, width), start(y / all, height)];
    let inside = 0;
    for (let row = top; row < top + side; row++) {
      for (let i = row * width + left; i < row * width + left + side; i++) inside += spread[i];
    }
    if (inside >= held * all && all > 0) return { left, top, side };
  }
  return { left: 0, top: 0, side: Math.min(width, height) };
}

/**
 * The mean colour of each picture where the pictures differ most; each pixel counts by how much it differs.
 * @param {Picture[]} images  of one size
 * @returns {number[][]}  red, green and blue of each
 */
export function changingColours(images) {
  const spread = spreadOf(images);
  const least = spread.slice().sort()[Math.floor(spread.length * (1 - SHARE))];
  const changing = [...spread.keys()].filter((i) => spread[i] >= least);
  const weight = (/** @type {number} */ i) => spread[i] + Number.EPSILON; // all alike where none differs
  const all = changing.reduce((sum, i) => sum + weight(i), 0);
  return images.map(({ data }) =>
    [0, 1, 2].map((c) => changing.reduce((sum, i) => sum + weight(i) * data[4 * i + c], 0) / all),
  );
}

/**
 * A strip of these colours, that ends as it begins.
 * @param {number[][]} colours
 * @returns {string}  of CSS
 */
export function stripOf(colours) {
  const around = [colours[colours.length - 1], ...colours, colours[0]];
  const stops = around.map((colour, k) => {
    const part = (100 * (k - 0.5)) / colours.length;
    return `rgb(${colour.map(Math.round).join(" ")}) ${part.toFixed(1)}%`;
  });
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}
