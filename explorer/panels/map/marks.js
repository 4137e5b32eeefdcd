// @ts-check
// What is drawn over the points: the chosen point, its ellipse, the lasso, a path.

/** @typedef {import("./geometry.js").Place} Place */

/** @typedef {{ ink: string, paper: string, accent: string, font: string }} Theme */

/**
 * `Trail` of canvas.py: a path on the map.
 * @typedef {object} Trail
 * @property {Place[]} line  a place a step
 * @property {Place[]} back  where its pictures lie once they are encoded
 * @property {string} letters  of its keys
 */

/** The marks of one canvas, in pixels of the screen. */
export class Marks {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Theme} theme
   */
  constructor(context, theme) {
    this.context = context;
    this.theme = theme;
  }

  /**
   * Draw the outline that was begun, with a rim that stands out from everything.
   * @param {string} colour
   */
  stroke(colour) {
    const { context } = this;
    for (const [width, style] of /** @type {const} */ ([
      [4.5, this.theme.paper],
      [2, colour],
    ])) {
      context.lineWidth = width;
      context.strokeStyle = style;
      context.stroke();
    }
  }

  /** @param {number} alpha */
  fill(alpha) {
    this.context.globalAlpha = alpha;
    this.context.fillStyle = this.theme.accent;
    this.context.fill();
    this.context.globalAlpha = 1;
  }

  /**
   * One and two standard deviations of an image's posterior.
   * @param {Place} place
   * @param {[along: number, aside: number]} axes  of one sigma, in pixels
   * @param {number} angle
   */
  ellipse([x, y], [along, aside], angle) {
    const { context } = this;
    for (const sigmas of [1, 2]) {
      context.beginPath();
      context.ellipse(x, y, sigmas * along, sigmas * aside, -angle, 0, 2 * Math.PI);
      context.setLineDash(sigmas === 2 ? [5, 4] : []);
      this.fill(0.12);
      context.globalAlpha = 0.9;
      this.stroke(this.theme.accent);
      context.globalAlpha = 1;
    }
    context.setLineDash([]);
  }

  /**
   * A ring around a point.
   * @param {Place} place
   * @param {number} radius
   * @param {string} colour
   */
  ring([x, y], radius, colour) {
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.stroke(colour);
  }

  /**
   * A frame around a face.
   * @param {Place} place
   * @param {number} side
   * @param {string} colour
   */
  frame([x, y], side, colour) {
    this.context.beginPath();
    this.context.rect(x - side / 2, y - side / 2, side, side);
    this.stroke(colour);
  }

  /** @param {Place} place */
  cross([x, y]) {
    const { context } = this;
    context.beginPath();
    for (const [u, v] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      context.moveTo(x + 3 * u, y + 3 * v);
      context.lineTo(x + 11 * u, y + 11 * v);
    }
    this.stroke(this.theme.accent);
  }

  /** @param {Place[]} corners */
  lasso(corners) {
    const { context } = this;
    context.beginPath();
    for (const [x, y] of corners) context.lineTo(x, y);
    context.closePath();
    this.fill(0.12);
    this.stroke(this.theme.accent);
  }

  /**
   * A path: a line with a tick a step and a letter at each of its keys; dashed, the way back.
   * @param {Trail} trail  in pixels
   */
  trail({ line, back, letters }) {
    const { context } = this;
    const { ink, paper, accent, font } = this.theme;
    context.save();
    context.lineJoin = "round";
    this.line(line, 7, paper);
    this.line(line, 3, accent);
    for (const place of line) this.disc(place, 3, paper, 1.5, accent);
    context.setLineDash([5, 4]);
    this.line(back, 2, ink);
    context.setLineDash([]);
    context.font = `700 12px ${font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    [...letters].forEach((letter, i) => {
      const [x, y] = line[Math.round((i * (line.length - 1)) / (letters.length - 1))];
      this.disc([x, y], 11, accent, 2, paper);
      context.fillStyle = paper;
      context.fillText(letter, x, y + 1);
    });
    context.restore();
  }

  /**
   * @param {Place[]} places
   * @param {number} width
   * @param {string} colour
   */
  line(places, width, colour) {
    const { context } = this;
    context.beginPath();
    for (const [x, y] of places) context.lineTo(x, y);
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }

  /**
   * @param {Place} place
   * @param {number} radius
   * @param {string} inside
   * @param {number} width  of the rim
   * @param {string} rim
   */
  disc([x, y], radius, inside, width, rim) {
    const { context } = this;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = inside;
    context.fill();
    context.lineWidth = width;
    context.strokeStyle = rim;
    context.stroke();
  }
}
