// @ts-check
// The two canvases of the map: points or faces below, marks above.

import { contextOf } from "../../components/elements.js";
import { clamp } from "../../components/numbers.js";
import { colourOf, toText, toWord } from "./colours.js";
import { Marks } from "./marks.js";
import { Raster } from "./raster.js";

/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./shades.js").Shades} Shades */
/** @typedef {import("./thumbnails.js").Thumbnails} Thumbnails */
/** @typedef {import("./viewport.js").Viewport} Viewport */

const MAX_FACES = 250; // in view, to be drawn as faces
const MAX_DISCS = 3000; // in view, that are never a density
const CELL = 2; // pixels a side, of a density

export class Layers {
  /**
   * @param {HTMLCanvasElement} canvas  of the points
   * @param {HTMLCanvasElement} marks
   */
  constructor(canvas, marks) {
    this.canvas = canvas;
    this.marks = marks;
    this.context = contextOf(canvas, { alpha: false });
    this.ratio = 1; // pixels of a canvas a pixel of the screen
    this.side = 0; // of the faces that are drawn, in pixels of the screen
    /** @type {Raster | null} */
    this.raster = null;
    /** @type {ImageData | null} */
    this.picture = null; // what the raster paints into
    this.visible = new Int32Array(0); // the first of it: rows in view
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.marks]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.raster = null;
  }

  /** Nothing is shown: an opaque canvas is black when it is wiped. */
  wipe() {
    for (const canvas of [this.canvas, this.marks]) canvas.width = Number(canvas.width);
    this.raster = null;
    this.canvas.style.visibility = "hidden";
  }

  /** @param {string} name  of what the theme sets */
  style(name) {
    return getComputedStyle(this.canvas).getPropertyValue(name).trim();
  }

  /**
   * Paint the points in view, as what suits their number. Returns the images whose faces are
   * not here yet.
   * @param {Points} points
   * @param {Shades} shades
   * @param {Uint32Array} palette
   * @param {Viewport} port
   * @param {Thumbnails | null} thumbs
   * @returns {number[]}
   */
  paint(points, shades, palette, port, thumbs) {
    const { width, height } = this.canvas;
    if (!this.raster || !this.picture) {
      this.picture = this.context.createImageData(width, height);
      this.raster = new Raster(width, height, new Uint32Array(this.picture.data.buffer));
    }
    if (this.visible.length < points.num) this.visible = new Int32Array(points.num);
    const [topLeft, bottomRight] = [
      port.toMap(-8, -8),
      port.toMap(port.width + 8, port.height + 8),
    ];
    const num = points.look(topLeft, bottomRight, this.visible);
    const scene = {
      xs: points.xs,
      ys: points.ys,
      levels: shades.levels,
      palette,
      isDim: shades.hasDim ? (/** @type {number} */ row) => shades.isDim(row) : null,
      visible: this.visible,
      num,
      projection: port.projection(width, height, this.ratio),
    };
    this.raster.words.fill(toWord(colourOf(this.style("--st-background-color"))));
    const cell = Math.round(CELL * this.ratio);
    const isCrowded = num > MAX_DISCS && this.raster.isCrowded(scene, 2 * cell);
    const area = (port.width * port.height) / Math.max(1, num); // for a point
    if (isCrowded) this.raster.paintDensity(scene, cell);
    else this.raster.paintDiscs(scene, this.ratio * clamp(0.19 * Math.sqrt(area), 0.8, 4.5));
    this.context.putImageData(this.picture, 0, 0);
    const isFaces = num <= MAX_FACES;
    this.side = isFaces ? sideOf(area) : 0;
    this.canvas.style.visibility = "";
    this.canvas.dataset.mode = isCrowded ? "density" : isFaces ? "faces" : "points";
    this.canvas.dataset.points = String(points.num);
    return isFaces ? this.paintFaces(points, shades, palette, port, thumbs, num) : [];
  }

  /**
   * @param {Points} points
   * @param {Shades} shades
   * @param {Uint32Array} palette
   * @param {Viewport} port
   * @param {Thumbnails | null} thumbs
   * @param {number} num
   * @returns {number[]}
   */
  paintFaces(points, shades, palette, port, thumbs, num) {
    const { context, side, ratio } = this;
    /** @type {number[]} */
    const missing = [];
    context.save();
    context.scale(ratio, ratio);
    context.imageSmoothingQuality = "high";
    context.lineWidth = 2;
    for (const row of this.visible.subarray(0, num)) {
      const image = points.images[row];
      const place = port.toScreen(points.xs[row], points.ys[row]);
      const [left, top] = place.map((middle) => middle - side / 2);
      context.globalAlpha = shades.isDim(row) ? 0.2 : 1;
      if (thumbs?.draw(context, image, left, top, side)) {
        context.strokeStyle = toText(palette[shades.levels[row]]);
        context.strokeRect(left, top, side, side);
      } else missing.push(image);
    }
    context.restore();
    return missing;
  }

  /**
   * The marks, wiped, in the colours of the theme.
   * @returns {Marks}
   */
  wipedMarks() {
    const context = contextOf(this.marks);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.marks.width, this.marks.height);
    return new Marks(context, {
      ink: this.style("--st-text-color"),
      paper: this.style("--st-background-color"),
      accent: this.style("--st-primary-color"),
      font: this.style("--st-font"),
    });
  }
}

/**
 * Of a face that has so much room, in steps: it must not flicker while one pans.
 * @param {number} area  pixels
 */
function sideOf(area) {
  return clamp(8 * Math.floor((0.75 * Math.sqrt(area)) / 8), 24, 64);
}
