// @ts-check
// The training animation: a sheet of faces for each preview, played with soft changes between them.

import { contextOf, find, make } from "../../components/elements.js";
import { mounted } from "../../components/mount.js";

/**
 * @typedef {object} Header  of a frame, before its bytes have come
 * @property {string} id
 * @property {number} step
 * @property {string} label
 * @property {number} columns  faces in a row
 * @property {number} side  pixels of a face
 * @property {number} num_bytes
 */

/** @typedef {Header & { image: ImageBitmap }} Frame */

const PER_SECOND = 8; // frames, at speed 1
const HOLD = 1.4; // seconds that the end stays
const LONGEST_TICK = 0.1; // seconds
const GAP = 0.06; // between faces, of a face
const RADIUS = 0.09; // of a corner, of a face
const ICONS = { play: "M4 2v16l13-8z", pause: "M4 2h4v16H4zM12 2h4v16h-4z" };
const PARTS = `
  <canvas role="img" aria-label="Training animation"></canvas>
  <div class="bar">
    <button type="button"><svg viewBox="0 0 20 20" aria-hidden="true"><path/></svg></button>
    <input type="range" min="0" step="1" aria-label="Frame">
    <output></output>
    <select aria-label="Speed">
      <option value="0.25">0.25x</option><option value="0.5">0.5x</option>
      <option value="1" selected>1x</option><option value="2">2x</option>
      <option value="4">4x</option>
    </select>
  </div>`;

class Player {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = make("div", "player");
    this.root.innerHTML = PARTS;
    parent.appendChild(this.root);
    this.canvas = find(this.root, "canvas", HTMLCanvasElement);
    this.button = find(this.root, "button", HTMLButtonElement);
    this.icon = find(this.root, "path", SVGPathElement);
    this.range = find(this.root, "input", HTMLInputElement);
    this.output = find(this.root, "output", HTMLOutputElement);
    this.speed = find(this.root, "select", HTMLSelectElement);
    /** @type {Frame[]} */
    this.frames = [];
    this.at = 0; // in frames
    this.isPlaying = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.held = 0; // seconds at the end
    this.last = 0; // tick, in milliseconds
    this.request = 0;
    this.painted = 0;
    this.shown = ""; // what the canvas was painted for
    this.mix = make("canvas");
    this.button.addEventListener("click", () => {
      const isAtEnd = this.at >= this.frames.length - 1;
      this.play(!this.isPlaying, !this.isPlaying && isAtEnd ? 0 : this.at);
    });
    this.range.addEventListener("input", () => this.play(false, Number(this.range.value)));
    this.observer = new ResizeObserver(() => {
      this.shown = "";
      this.wake();
    });
    this.observer.observe(this.canvas);
    this.showButton();
  }

  /** @param {Uint8Array<ArrayBuffer>} data  the frames, as `payload` of frames.py writes them */
  async update(data) {
    const known = new Map(this.frames.map((frame) => [frame.id, frame]));
    const frames = await framesOf(data, known);
    const isSame = this.frames.length && frames.length && this.frames[0].id === frames[0].id;
    const now = isSame ? this.frames[Math.floor(this.at)] : null;
    const same = frames.findIndex(({ id }) => id === now?.id);
    const index = same < 0 ? frames.findLastIndex(({ step }) => now && step <= now.step) : same;
    const part = isSame ? this.at % 1 : 0;
    this.at = index < 0 ? 0 : Math.min(frames.length - 1, index + part);
    this.frames = frames;
    this.range.max = String(Math.max(0, frames.length - 1));
    this.shown = "";
    this.wake();
  }

  rest() {
    cancelAnimationFrame(this.request);
    this.request = 0;
  }

  end() {
    this.observer.disconnect();
  }

  /**
   * @param {boolean} isPlaying
   * @param {number} at
   */
  play(isPlaying, at) {
    this.isPlaying = isPlaying;
    this.at = at;
    this.showButton();
    this.wake();
  }

  showButton() {
    this.icon.setAttribute("d", this.isPlaying ? ICONS.pause : ICONS.play);
    this.button.setAttribute("aria-label", this.isPlaying ? "Pause animation" : "Play animation");
    this.button.title = this.isPlaying ? "Pause" : "Play";
  }

  wake() {
    if (this.request) return;
    this.last = 0;
    this.request = requestAnimationFrame((now) => this.tick(now));
  }

  /** @param {number} now */
  tick(now) {
    this.request = 0;
    const end = this.frames.length - 1;
    if (end < 0) return;
    const seconds = this.last ? Math.min(LONGEST_TICK, (now - this.last) / 1000) : 0;
    this.last = now;
    const isMoving = this.isPlaying && end > 0;
    if (isMoving && this.at < end) {
      this.at = Math.min(end, this.at + seconds * PER_SECOND * Number(this.speed.value));
      this.held = 0;
    } else if (isMoving) {
      this.held += seconds;
      if (this.held > HOLD) {
        this.at = 0;
        this.held = 0;
      }
    }
    this.paint();
    if (isMoving) this.request = requestAnimationFrame((then) => this.tick(then));
  }

  paint() {
    const width = Math.round(this.canvas.clientWidth * Math.min(2, window.devicePixelRatio || 1));
    const key = `${width} ${this.at.toFixed(3)}`;
    if (!width || key === this.shown) return;
    this.shown = key;
    const frame = this.frames[Math.floor(this.at)];
    this.mixAt(this.at);
    this.paintCells(width, frame);
    this.output.textContent = frame.label;
    this.range.value = String(Math.floor(this.at));
    this.range.setAttribute("aria-valuetext", frame.label);
    this.painted += 1;
    Object.assign(this.canvas.dataset, {
      step: frame.step,
      frames: this.frames.length,
      frame: this.painted,
    });
  }

  /**
   * Mix the two frames beside a place.
   * @param {number} at
   */
  mixAt(at) {
    const index = Math.floor(at);
    const { image } = this.frames[index];
    const next = this.frames[Math.min(index + 1, this.frames.length - 1)];
    if (this.mix.width !== image.width || this.mix.height !== image.height) {
      Object.assign(this.mix, { width: image.width, height: image.height });
    }
    const context = contextOf(this.mix);
    context.globalAlpha = 1;
    context.drawImage(image, 0, 0);
    context.globalAlpha = at - index;
    if (context.globalAlpha > 0) context.drawImage(next.image, 0, 0);
  }

  /**
   * Paint each face of the mix into a cell with round corners.
   * @param {number} width
   * @param {Frame} frame
   */
  paintCells(width, { columns, side, image }) {
    const rows = image.height / side;
    const cell = width / (columns + (columns - 1) * GAP);
    const pitch = cell * (1 + GAP);
    const height = Math.round(cell * (rows + (rows - 1) * GAP));
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
    }
    const places = Array.from({ length: rows * columns }, (_, i) => [
      i % columns,
      Math.floor(i / columns),
    ]);
    const context = contextOf(this.canvas);
    context.clearRect(0, 0, width, height);
    context.save();
    context.beginPath();
    for (const [x, y] of places) {
      context.roundRect(x * pitch, y * pitch, cell, cell, cell * RADIUS);
    }
    context.clip();
    context.imageSmoothingQuality = "high";
    for (const [x, y] of places) {
      const [fromX, fromY, toX, toY] = [x * side, y * side, x * pitch, y * pitch];
      context.drawImage(this.mix, fromX, fromY, side, side, toX, toY, cell, cell);
    }
    context.restore();
  }
}

/**
 * The frames of a message: those that are known already are not decoded again.
 * @param {Uint8Array<ArrayBuffer>} data
 * @param {Map<string, Frame>} known  by id
 * @returns {Promise<Frame[]>}
 */
function framesOf(data, known) {
  const size = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
  /** @type {Header[]} */
  const headers = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + size)));
  let start = 4 + size;
  return Promise.all(
    headers.map(async (header) => {
      const bytes = data.slice(start, start + header.num_bytes);
      start += header.num_bytes;
      const old = known.get(header.id);
      if (old) return old;
      const image = await createImageBitmap(new Blob([bytes], { type: "image/webp" }));
      return { ...header, image };
    }),
  );
}

export default mounted(Player);
