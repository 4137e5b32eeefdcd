// @ts-check
// A point of a path, large, and where on the path it is: scrubbed by hand, or played. On release the
// place is committed to the page.

import { find, follow, make } from "../../components/elements.js";
import { INFO, LivePicture } from "../../components/live_picture.js";
import { mounted } from "../../components/mount.js";
import { clamp } from "../../components/numbers.js";
import { PathPosition, pointsOf } from "./path_position.js";
import { isOnStrip, stripPosition } from "./strip.js";

/** @typedef {import("../../components/mount.js").Send} Send */

/**
 * `Tour` of Python, with a number: where on the path one stands, and how it is played.
 * @typedef {object} Place
 * @property {number} position  in [0, 1]
 * @property {"back" | "around"} way
 * @property {boolean} ease
 * @property {number} speed
 * @property {number | null} number
 */

/**
 * @typedef {object} Data
 * @property {string} path  of the decode socket
 * @property {string} points  of the path, in base 64
 * @property {string} closing
 * @property {number} latent_dim
 * @property {number} fine  points a leg
 * @property {string[]} letters  of the keys
 * @property {Place} place
 * @property {string} version  of the points
 * @property {number} step  of the weights
 * @property {string} picture  the address of the decoded point
 */

const LEG_SECONDS = 1.2; // at speed 1
const PARTS = `
  <div class="frame">
    <canvas class="picture" role="img" aria-label="Point of the path"></canvas>${INFO}
  </div>
  <input type="range" min="0" max="1" step="0.001" aria-label="Position">
  <div class="keys" aria-hidden="true"></div>
  <div class="bar">
    <button type="button" class="play" aria-label="Play the path" aria-pressed="false">▶ Play</button>
    <select aria-label="Loop"><option value="back">there and back</option>
      <option value="around">around</option></select>
    <select aria-label="Easing"><option value="even">evenly</option>
      <option value="ease">eased</option></select>
    <select aria-label="Speed"><option value="0.5">½×</option><option value="1">1×</option>
      <option value="2">2×</option></select>
  </div>`;

class Player extends LivePicture {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    super(parent, "path", PARTS);
    this.version = "";
    this.way = new PathPosition([], [], 1);
    this.place = 0; // in legs
    this.isHeld = false;
    this.timer = 0;
    this.input = find(this.root, "input", HTMLInputElement);
    this.button = find(this.root, ".play", HTMLButtonElement);
    this.loop = find(this.root, '[aria-label="Loop"]', HTMLSelectElement);
    this.easing = find(this.root, '[aria-label="Easing"]', HTMLSelectElement);
    this.pace = find(this.root, '[aria-label="Speed"]', HTMLSelectElement);
    this.input.addEventListener("input", () => this.scrub(Number(this.input.value)));
    this.input.addEventListener("change", () => this.commit());
    this.button.addEventListener("click", () => this.play(!this.timer));
    for (const select of [this.loop, this.easing, this.pace]) {
      select.addEventListener("change", () => this.changePace());
    }
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
    this.over = new AbortController();
    const { signal } = this.over;
    document.addEventListener("pointerdown", (event) => this.grabStrip(event), { signal });
    const keep = (/** @type {Event} */ event) => isOnStrip(event) && event.preventDefault();
    document.addEventListener("dragstart", keep, { signal });
  }

  // ---- what the page says

  /**
   * @param {Data} data
   * @param {Send} send
   */
  update(data, send) {
    this.send = send;
    const { place, path, step, picture, latent_dim } = data;
    const isFirst = !this.version;
    const isNew = this.version !== data.version;
    if (isNew) {
      this.version = data.version;
      const [points, closing] = [data.points, data.closing].map((some) =>
        pointsOf(some, latent_dim),
      );
      this.way = new PathPosition(points, closing, data.fine);
      const marks = data.letters.map((letter) => make("span", "", letter));
      find(this.root, ".keys", HTMLElement).replaceChildren(...marks);
    }
    if (isFirst) {
      this.loop.value = place.way;
      this.easing.value = place.ease ? "ease" : "even";
      this.pace.value = String(place.speed);
    }
    const { legs } = this.way;
    if (isFirst || (isNew && !this.timer && !this.isHeld)) this.place = place.position * legs;
    this.place = Math.min(this.place, legs + (this.timer ? 1 : 0));
    this.showPlace();
    this.receive({ path, step, number: place.number, address: picture }, isNew);
  }

  /** @override */
  end() {
    super.end();
    cancelAnimationFrame(this.timer);
    this.over.abort();
  }

  // ---- hands

  /** @param {number} position */
  scrub(position) {
    if (this.timer) this.play(false, false);
    this.isHeld = true;
    this.place = clamp(position, 0, 1) * this.way.legs;
    this.showPlace();
    this.ask(performance.now());
  }

  /** @param {PointerEvent} event */
  grab(event) {
    this.canvas.setPointerCapture(event.pointerId);
    const [x, from] = [event.clientX, this.position];
    const move = (/** @type {PointerEvent} */ moved) =>
      this.scrub(from + (moved.clientX - x) / this.canvas.clientWidth);
    follow(event, this.canvas, move, () => this.commit());
  }

  /** @param {PointerEvent} event */
  grabStrip(event) {
    if (event.button !== 0 || !isOnStrip(event)) return;
    this.scrub(stripPosition(event));
    follow(
      event,
      document,
      (moved) => this.scrub(stripPosition(moved)),
      () => this.commit(),
    );
  }

  commit() {
    this.isHeld = false;
    this.publish();
  }

  changePace() {
    // The hand that plays goes on from where it is.
    if (this.timer) this.play(true);
    this.publish();
  }

  /** @override */
  publish() {
    const { position, isEased: ease, speed } = this;
    this.tell("place", { position, way: this.loop.value, ease, speed });
  }

  // ---- play

  get isEased() {
    return this.easing.value === "ease";
  }

  get speed() {
    return Number(this.pace.value);
  }

  get position() {
    return this.way.positionOf(this.place);
  }

  /**
   * @param {boolean} isOn
   * @param {boolean} isTold  to the page, where it comes to rest
   */
  play(isOn, isTold = true) {
    const wasOn = Boolean(this.timer);
    cancelAnimationFrame(this.timer);
    this.timer = 0;
    this.button.setAttribute("aria-pressed", String(isOn));
    this.button.textContent = isOn ? "❚❚ Hold" : "▶ Play";
    if (!isOn) {
      this.place = this.position * this.way.legs;
      if (wasOn && isTold) this.publish();
      return;
    }
    const begin = performance.now();
    const from = this.way.goneAt(this.place, this.isEased);
    const tick = (/** @type {number} */ now) => {
      const gone = from + (Math.max(0, now - begin) / 1000 / LEG_SECONDS) * this.speed;
      this.place = this.way.placeAfter(gone, this.loop.value === "around", this.isEased);
      this.showPlace();
      this.ask(null, true);
      this.timer = requestAnimationFrame(tick);
    };
    this.timer = requestAnimationFrame(tick);
  }

  // ---- pictures

  /** @override */
  wanted() {
    return this.version ? [this.way.pointAt(this.place)] : [];
  }

  // ---- words

  showPlace() {
    this.input.value = String(this.position);
    this.input.style.setProperty("--part", `${100 * this.position}%`);
    this.input.setAttribute("aria-valuetext", `${Math.round(100 * this.position)} percent`);
  }
}

export default mounted(Player);
