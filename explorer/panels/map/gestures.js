// @ts-check
// Gestures on the map: wheel, mouse, fingers and keys, as what they mean.

import { clamp } from "../../components/numbers.js";

/** @typedef {import("./geometry.js").Place} Place */

/**
 * What a hand may do; places are pixels of the screen.
 * @typedef {object} Meanings
 * @property {() => boolean} isReady
 * @property {() => boolean} isLasso  whether a drag is a lasso, also without Shift
 * @property {(right: number, down: number) => void} pan
 * @property {(factor: number, x?: number, y?: number) => void} zoom
 * @property {() => void} fit
 * @property {(x: number, y: number) => void} point  at what is there
 * @property {() => void} pointMiddle
 * @property {() => void} pointNowhere
 * @property {(x: number, y: number) => void} click
 * @property {(corners: Place[] | null) => void} drawLasso  as it is drawn; null once it is not
 * @property {(corners: Place[]) => void} closeLasso
 * @property {() => void} choose  what is in the middle
 * @property {() => void} letGo
 */

const DRAG = 4; // pixels that a click may move
const STEP = 48; // pixels of an arrow key
const LINE = 33; // pixels of a wheel that counts in lines

/** @type {Record<string, Place>} */
const WAYS = {
  ArrowLeft: [STEP, 0],
  ArrowRight: [-STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

export class Gestures {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Meanings} meanings
   */
  constructor(canvas, meanings) {
    this.canvas = canvas;
    this.meanings = meanings;
    /** @type {Map<number, Place>} */
    this.pointers = new Map(); // that press, and where
    /** @type {Place} */
    this.from = [0, 0];
    this.isDrag = false;
    this.isMoving = false;
    /** @type {Place[] | null} */
    this.lasso = null;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", (event) => this.release(event));
    canvas.addEventListener("pointerleave", () => meanings.pointNowhere());
    canvas.addEventListener("dblclick", () => meanings.fit());
    canvas.addEventListener("keydown", (event) => this.keyDown(event));
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (!this.meanings.isReady()) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
    this.meanings.zoom(Math.exp(clamp(-pixels, -300, 300) / 400), event.offsetX, event.offsetY);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0 || !this.meanings.isReady()) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.from = [event.offsetX, event.offsetY];
    this.pointers.set(event.pointerId, this.from);
    this.isDrag = this.pointers.size > 1;
    const isLasso = event.shiftKey || this.meanings.isLasso();
    this.lasso = isLasso && !this.isDrag ? [this.from] : null;
  }

  /** @param {PointerEvent} event */
  move(event) {
    const [x, y] = [event.offsetX, event.offsetY];
    const last = this.pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType !== "touch") this.meanings.point(x, y);
      return;
    }
    if (Math.hypot(x - this.from[0], y - this.from[1]) > DRAG) this.isDrag = true;
    if (!this.isDrag) return;
    this.meanings.pointNowhere();
    if (this.lasso) {
      this.lasso.push([x, y]);
      this.meanings.drawLasso(this.lasso);
      return;
    }
    const other = [...this.pointers].find(([id]) => id !== event.pointerId);
    if (other) this.pinch([x, y], last, other[1]);
    else {
      const begin = this.isMoving ? last : this.from;
      this.isMoving = true;
      this.meanings.pan(x - begin[0], y - begin[1]);
    }
    this.pointers.set(event.pointerId, [x, y]);
  }

  /**
   * @param {Place} now  of the finger that moves
   * @param {Place} last
   * @param {Place} other
   */
  pinch([x, y], last, [ox, oy]) {
    const before = Math.max(1, Math.hypot(last[0] - ox, last[1] - oy));
    this.meanings.zoom(Math.hypot(x - ox, y - oy) / before, (x + ox) / 2, (y + oy) / 2);
    this.meanings.pan((x - last[0]) / 2, (y - last[1]) / 2);
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.isMoving = false;
    const { lasso } = this;
    this.lasso = null;
    if (lasso) this.meanings.drawLasso(null);
    if (event.type === "pointercancel") return;
    if (lasso && this.isDrag) this.meanings.closeLasso(lasso);
    else if (!this.isDrag) this.meanings.click(event.offsetX, event.offsetY);
  }

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    const { meanings } = this;
    const { key } = event;
    if (!meanings.isReady() || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[key];
    if (way) meanings.pan(...way);
    else if (key === "+" || key === "=") meanings.zoom(1.25);
    else if (key === "-") meanings.zoom(1 / 1.25);
    else if (key === "0" || key === "Home") meanings.fit();
    else if (key === "Escape") meanings.letGo();
    else if (key === "Enter") meanings.choose();
    else return;
    event.preventDefault();
    if (way || "+=-".includes(key)) meanings.pointMiddle();
  }
}
