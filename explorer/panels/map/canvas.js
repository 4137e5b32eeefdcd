// @ts-check
// A map of images on a canvas. Columns of coordinates and colours, and sheets of thumbnails, come
// from the server once; panning, zooming, pointing at and colouring ask nobody. What a click or a
// lasso chooses goes to the page.
//
// A row is a place in the columns. Coordinates: of the map, or [x, y] in pixels of the screen.
//
// The canvas says how it is: `data-mode`, what points are drawn as; `data-points`, how many there
// are; `data-hovered` and `data-selected`, images; `data-sent` and `data-taken`, the newest act of a
// hand sent to the page and applied by it; `data-settled`, whether all is drawn that is to be.
//
// Longer than 250 lines because the page, the hands and what is drawn meet here, and nowhere else; each of them
// has a module of its own.

import { buttonOf, find, make } from "../../components/elements.js";
import { mounted } from "../../components/mount.js";
import { Card } from "./card.js";
import { Gestures } from "./gestures.js";
import { Layers } from "./layers.js";
import { drawLegend, pointOut, valueWords } from "./legend.js";
import { Points } from "./points.js";
import { Shades } from "./shades.js";
import { fetched, Thumbnails } from "./thumbnails.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("../../components/mount.js").Send} Send */
/** @typedef {import("./colours.js").Legend} Legend */
/** @typedef {import("./geometry.js").Place} Place */
/** @typedef {import("./marks.js").Marks} Marks */
/** @typedef {import("./marks.js").Trail} Trail */
/** @typedef {{ index: number | null, point: Place | null, is_group?: boolean }} Selected */

/**
 * @typedef {object} Data
 * @property {string} points  an address, as the next two
 * @property {string} colours
 * @property {string} thumbs
 * @property {number} columns  tiles a row of a sheet of thumbnails
 * @property {Legend} legend
 * @property {Selected} selected
 * @property {number} number  of the newest act of a hand that `selected` comes from
 * @property {{ index: number, axes: [number, number], angle: number } | null} ellipse
 * @property {number} max_group  images of a group that are named
 * @property {Trail | null} trail
 */

/** @typedef {{ view: Viewport["kept"], group: Uint8Array | null }} Kept */

/** @type {Map<string, Kept>} */
const memory = new Map(); // by address of the points
const REMEMBERED = 32;
const REACH = 14; // pixels from a point that still mean it
const DOUBLE_CLICK = 250; // milliseconds
const FACES_DELAY = 60; // milliseconds of rest before faces are asked for
const PARTS = `
  <div class="ground">
    <canvas class="points" role="application" aria-label="Map" tabindex="0"
      aria-describedby="map-keys"></canvas>
    <canvas class="marks" aria-hidden="true"></canvas>
    <div class="tools">
      <button type="button" data-do="lasso" aria-pressed="false"
        title="Draw around points; or hold Shift">Lasso</button>
      <button type="button" data-do="in" aria-label="Zoom in" title="Zoom in (+)">+</button>
      <button type="button" data-do="out" aria-label="Zoom out" title="Zoom out (-)">−</button>
      <button type="button" data-do="fit" title="Show all (0, or double click)">Fit</button>
    </div>
    <div class="card" hidden><canvas></canvas><b></b><span></span></div>
    <p class="message" role="status"></p>
  </div>
  <div class="legend"></div>
  <p class="keys" id="map-keys">Wheel zooms, drag pans, Shift and drag lassos. With keys: arrows,
    + and −, 0 for all, Enter for the point in the middle, Escape to let go.</p>`;

class MapView {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = make("div", "map");
    this.root.innerHTML = PARTS;
    this.ground = find(this.root, ".ground", HTMLElement);
    this.canvas = find(this.root, "canvas.points", HTMLCanvasElement);
    this.layers = new Layers(this.canvas, find(this.root, "canvas.marks", HTMLCanvasElement));
    this.card = new Card(find(this.root, ".card", HTMLElement));
    this.legend = find(this.root, ".legend", HTMLElement);
    this.lassoButton = find(this.root, '[data-do="lasso"]', HTMLButtonElement);
    parent.appendChild(this.root);
    /** @type {Data | null} */
    this.data = null;
    /** @type {Send} */
    this.send = () => {};
    this.serial = 0;
    /** @type {Points | null} */
    this.points = null;
    this.place = ""; // the address that the points are from
    this.port = new Viewport();
    this.shades = new Shades();
    /** @type {Thumbnails | null} */
    this.thumbs = null;
    this.hovered = -1; // a row
    /** @type {Selected} */
    this.selected = { index: null, point: null };
    /** @type {Place[] | null} */
    this.lasso = null; // while it is drawn
    this.frame = 0;
    this.markFrame = 0;
    /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
    this.timers = {};
    this.hands = this.listen();
    this.root.addEventListener("click", (event) => this.pressButton(buttonOf(event)));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.ground);
    this.over = new AbortController();
    const onScheme = () => setTimeout(() => this.redraw(), 300);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", onScheme, { signal: this.over.signal });
  }

  // ---- what the page says

  /**
   * @param {Data} data
   * @param {Send} send
   */
  update(data, send) {
    const before = this.data;
    this.data = data;
    this.send = send;
    this.canvas.dataset.taken = String(data.number);
    if (before?.thumbs !== data.thumbs) {
      this.thumbs = new Thumbnails(data.thumbs, data.columns, () => {
        this.redraw();
        this.showCard();
      });
    }
    if (data.number >= this.serial) {
      const isNews = this.selected.index !== data.selected.index;
      this.selected = data.selected;
      if (!data.selected.is_group) this.shades.group = null;
      if (isNews && before?.points === data.points) this.bringIntoView(data.selected.index);
    }
    if (before?.points !== data.points) this.load(data);
    else if (before.colours !== data.colours) this.loadColours(data);
    this.redraw();
  }

  /** @param {Data} data */
  async load(data) {
    this.remember();
    this.points = null;
    this.say("Loading the points ...");
    try {
      const [block] = await Promise.all([fetched(data.points), fetched(data.colours)]);
      if (this.data?.points !== data.points) return;
      this.points = new Points(block);
      this.shades.levels = new Uint8Array(this.points.num);
      this.hovered = -1;
      this.place = data.points;
      const kept = memory.get(this.place);
      this.port.bounds = this.points.bounds;
      this.port.kept = kept?.view ?? null;
      this.shades.group = (this.selected.is_group && kept?.group) || null;
      await this.loadColours(this.data);
      this.say(this.points.num ? "" : "There are no points.");
    } catch (error) {
      if (this.data?.points !== data.points) return;
      this.layers.wipe();
      this.say(`The points failed to load: ${wordsOf(error)}`);
    }
  }

  /** @param {Data} data */
  async loadColours(data) {
    try {
      const block = await fetched(data.colours);
      if (this.data?.colours !== data.colours || this.place !== data.points || !this.points) return;
      this.shades.read(block, this.points.num, data.legend);
      drawLegend(this.legend, data.legend);
      this.showCard();
      this.redraw();
    } catch (error) {
      this.say(`The colours failed to load: ${wordsOf(error)}`);
    }
  }

  /** @returns {void} */
  rest() {
    this.remember();
  }

  end() {
    this.observer.disconnect();
    this.over.abort();
  }

  remember() {
    if (this.place) memory.set(this.place, { view: this.port.kept, group: this.shades.group });
    for (const oldest of memory.keys()) {
      if (memory.size <= REMEMBERED) break;
      memory.delete(oldest);
    }
  }

  /** @param {string} text */
  say(text) {
    find(this.root, ".message", HTMLElement).textContent = text;
  }

  // ---- what hands do

  listen() {
    const { port } = this;
    return new Gestures(this.canvas, {
      isReady: () => this.num > 0 && port.width > 0,
      isLasso: () => this.lassoButton.ariaPressed === "true",
      pan: (right, down) => {
        port.pan(right, down);
        this.redraw();
      },
      zoom: (factor, x, y) => {
        port.zoom(factor, x, y);
        this.redraw();
      },
      fit: () => this.fit(),
      point: (x, y) => this.hover(this.nearest(x, y)),
      pointMiddle: () => this.hover(this.nearest(port.width / 2, port.height / 2)),
      pointNowhere: () => this.hover(-1),
      click: (x, y) => this.click(x, y),
      drawLasso: (corners) => {
        this.lasso = corners;
        this.redrawMarks();
      },
      closeLasso: (corners) => this.closeLasso(corners),
      choose: () => {
        const row = this.nearest(port.width / 2, port.height / 2, port.width);
        if (row >= 0) this.pick(row);
      },
      letGo: () => {
        this.choose({ index: null, point: null });
        this.publish("picked", {});
      },
    });
  }

  /** @param {HTMLButtonElement | null} button */
  pressButton(button) {
    if (!button || !this.num) return;
    const { do: action, level } = button.dataset;
    if (action === "lasso") this.setLasso(button.ariaPressed !== "true");
    if (action === "in" || action === "out") {
      this.port.zoom(action === "in" ? 1.6 : 1 / 1.6);
      this.redraw();
    }
    if (action === "fit") this.fit();
    if (level !== undefined) {
      const { only } = this.shades;
      this.shades.only = only === Number(level) ? null : Number(level);
      pointOut(this.legend, this.shades.only);
      this.redraw();
    }
  }

  fit() {
    clearTimeout(this.timers.ground);
    if (!this.num) return;
    this.port.fit();
    this.redraw();
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  click(x, y) {
    clearTimeout(this.timers.ground);
    const row = this.nearest(x, y);
    if (row >= 0) return this.pick(row);
    const point = this.port.toMap(x, y);
    // A double click shows all: its first half must not decode.
    this.timers.ground = setTimeout(() => {
      this.choose({ index: null, point });
      this.publish("picked", { point });
    }, DOUBLE_CLICK);
  }

  /** @param {number} row */
  pick(row) {
    const index = this.imageOf(row);
    this.choose({ index, point: null });
    this.publish("picked", { index });
  }

  /** @param {Selected} selected */
  choose(selected) {
    this.selected = selected;
    if (this.shades.group) this.redraw();
    this.shades.group = null;
    this.redrawMarks();
  }

  /** @param {Place[]} corners */
  closeLasso(corners) {
    this.setLasso(false);
    if (!this.points || !this.data) return;
    const outline = corners.map(([x, y]) => this.port.toMap(x, y));
    const rows = this.points.inside(outline);
    if (!rows.length) return;
    if (rows.length === 1) return this.pick(rows[0]);
    this.selected = { index: null, point: null };
    const group = new Uint8Array(this.num);
    for (const row of rows) group[row] = 1;
    this.shades.group = group;
    this.redraw();
    const { max_group } = this.data;
    const step = Math.max(1, rows.length / max_group);
    const indices = Array.from({ length: Math.min(rows.length, max_group) }, (_, i) =>
      this.imageOf(rows[Math.floor(i * step)]),
    );
    const isSampled = rows.length > max_group;
    this.publish("group", { indices, count: rows.length, outline: isSampled ? outline : [] });
  }

  /**
   * @param {string} name
   * @param {object} act
   */
  publish(name, act) {
    this.serial = Math.max(this.serial + 1, Date.now());
    this.canvas.dataset.sent = String(this.serial);
    this.send(name, { ...act, number: this.serial });
  }

  /** @param {boolean} isOn */
  setLasso(isOn) {
    this.lassoButton.setAttribute("aria-pressed", String(isOn));
    this.canvas.classList.toggle("lassoing", isOn);
  }

  // ---- rows

  get num() {
    return this.points?.num ?? 0;
  }

  /** @param {number} row */
  imageOf(row) {
    return this.points?.images[row] ?? -1;
  }

  /**
   * Where a row is on the screen.
   * @param {number} row
   */
  screenOf(row) {
    return this.port.toScreen(this.points?.xs[row] ?? 0, this.points?.ys[row] ?? 0);
  }

  /** How many pixels from a point still mean it. */
  get reach() {
    return Math.max(REACH, 0.6 * this.layers.side);
  }

  /**
   * The row that a place of the screen means, or -1.
   * @param {number} x
   * @param {number} y
   * @param {number} reach  pixels
   */
  nearest(x, y, reach = this.reach) {
    if (!this.points?.num || !this.port.width) return -1;
    return this.points.grid.nearest(...this.port.toMap(x, y), reach / this.port.view.scale);
  }

  /** @param {number | null} image */
  bringIntoView(image) {
    const row = this.points?.rowOf(image) ?? -1;
    if (row >= 0 && this.points && this.port.kept) {
      this.port.bringIn(this.points.xs[row], this.points.ys[row]);
    }
  }

  // ---- pointing at

  /** @param {number} row */
  hover(row) {
    if (row === this.hovered) return;
    this.hovered = row;
    this.redrawMarks();
    this.showCard();
    if (row >= 0) this.thumbs?.hurry(this.imageOf(row));
  }

  showCard() {
    const row = this.hovered;
    if (row < 0) this.card.hide();
    if (row < 0 || row >= this.num || !this.data) return;
    const { legend } = this.data;
    const value = valueWords(legend, this.shades.levels[row], this.shades.values?.[row]);
    const words = `${legend.title}: ${value}`;
    this.card.show(this.imageOf(row), words, this.thumbs, this.layers.ratio);
    this.card.put(this.screenOf(row), this.layers.side, this.port);
  }

  // ---- drawing

  resize() {
    const { clientWidth: width, clientHeight: height } = this.ground;
    if (!width || !height) return;
    Object.assign(this.port, { width, height });
    this.layers.resize(width, height);
    this.draw(); // at once: a canvas that has been sized is empty
  }

  redraw() {
    this.canvas.dataset.settled = "false";
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  redrawMarks() {
    this.markFrame ||= requestAnimationFrame(() => this.drawMarks());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { points, shades, port, thumbs } = this;
    if (!port.width || !points?.num || !shades.palette) return;
    const missing = this.layers.paint(points, shades, shades.palette, port, thumbs);
    clearTimeout(this.timers.faces);
    if (missing.length) this.timers.faces = setTimeout(() => thumbs?.ask(missing), FACES_DELAY);
    this.canvas.dataset.settled = String(!missing.length);
    this.drawMarks();
    this.showCard();
  }

  drawMarks() {
    cancelAnimationFrame(this.markFrame);
    this.markFrame = 0;
    const { points, data, port, selected, hovered } = this;
    if (!port.width || !points?.num || !data) return;
    const marks = this.layers.wipedMarks();
    const { ink, accent } = marks.theme;
    const { ellipse, trail } = data;
    if (trail) {
      const [line, back] = [trail.line, trail.back].map((places) =>
        places.map(([x, y]) => port.toScreen(x, y)),
      );
      marks.trail({ line, back, letters: trail.letters });
    }
    const row = points.rowOf(selected.index);
    if (row >= 0) {
      if (ellipse && ellipse.index === selected.index) {
        const [along, aside] = ellipse.axes.map((length) => length * port.view.scale);
        marks.ellipse(this.screenOf(row), [along, aside], ellipse.angle);
      }
      this.trace(marks, row, 8, ink);
    }
    if (selected.point) marks.cross(port.toScreen(...selected.point));
    if (hovered >= 0) this.trace(marks, hovered, 7, accent);
    if (this.lasso && this.lasso.length > 1) marks.lasso(this.lasso);
    this.canvas.dataset.hovered = hovered < 0 ? "" : String(this.imageOf(hovered));
    this.canvas.dataset.selected = String(selected.index ?? "");
    this.canvas.dataset.trail = trail ? String(trail.line.length) : "";
  }

  /**
   * A ring around a point, or its face once more, in front of the others, with a frame.
   * @param {Marks} marks
   * @param {number} row
   * @param {number} radius
   * @param {string} colour
   */
  trace(marks, row, radius, colour) {
    const place = this.screenOf(row);
    const side = this.layers.side + 2;
    const [left, top] = place.map((middle) => middle - side / 2);
    const isFace =
      this.layers.side > 0 && this.thumbs?.draw(marks.context, this.imageOf(row), left, top, side);
    if (isFace) marks.frame(place, side, colour);
    else marks.ring(place, radius, colour);
  }
}

/** @param {unknown} error */
function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}

export default mounted(MapView);
