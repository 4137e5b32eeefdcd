// @ts-check
// The colours that a circle leads through, as the decoder draws them.

const SHARE = 0.05; // of the pixels, those that change most

/**
 * The mean colour of each picture where the pictures differ most.
 * @param {{ data: Uint8ClampedArray }[]} images  of one size, red green blue alpha
 * @returns {number[][]}  red, green and blue of each
 */
export function changingColours(images) {
  const num = images[0].data.length / 4;
  const spread = new Float32Array(num);
  for (let i = 0; i < num; i++) {
    for (let c = 0; c < 3; c++) {
      const values = images.map(({ data }) => data[4 * i + c]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      for (const value of values) spread[i] += (value - mean) ** 2;
    }
  }
  const least = spread.slice().sort()[Math.floor(num * (1 - SHARE))];
  const changing = [...spread.keys()].filter((i) => spread[i] >= least);
  return images.map(({ data }) =>
    [0, 1, 2].map((c) => changing.reduce((sum, i) => sum + data[4 * i + c], 0) / changing.length),
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
