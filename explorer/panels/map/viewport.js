// @ts-check
// What part of the map is on the screen. Coordinates: of the map, or [x, y] in pixels of the screen.

import { clamp } from "../../components/numbers.js";

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {import("./geometry.js").Place} Place */
/** @typedef {{ x: number, y: number, scale: number }} View  the middle, and pixels a unit of the map */

const MARGIN = 38; // pixels around all of the points: half of the largest face has room
const LEAST = 40; // pixels that they are given

export class Viewport {
  constructor() {
    this.width = 0; // pixels
    this.height = 0;
    /** @type {Bounds} */
    this.bounds = { left: 0, right: 0, bottom: 0, top: 0 }; // of the points
    /** @type {View | null} */
    this.kept = null; // null until the points are first shown
  }

  /** @returns {View} */
  get view() {
    this.kept ??= this.fitting();
    return this.kept;
  }

  fit() {
    this.kept = this.fitting();
  }

  /** @returns {View} */
  fitting() {
    const { left, right, bottom, top } = this.bounds;
    const across = Math.max(LEAST, this.width - 2 * MARGIN) / (right - left || 1);
    const up = Math.max(LEAST, this.height - 2 * MARGIN) / (top - bottom || 1);
    return { x: (left + right) / 2, y: (bottom + top) / 2, scale: Math.min(across, up) };
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {Place}
   */
  toScreen(x, y) {
    const { view } = this;
    return [
      (x - view.x) * view.scale + this.width / 2,
      this.height / 2 - (y - view.y) * view.scale,
    ];
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {Place}
   */
  toMap(x, y) {
    const { view } = this;
    return [
      view.x + (x - this.width / 2) / view.scale,
      view.y - (y - this.height / 2) / view.scale,
    ];
  }

  /**
   * @param {number} right  pixels that the map goes to the right
   * @param {number} down
   */
  pan(right, down) {
    const { x, y, scale } = this.view;
    this.kept = { x: x - right / scale, y: y + down / scale, scale };
  }

  /**
   * Zoom around a place of the screen, which stays where it is.
   * @param {number} factor
   * @param {number} x
   * @param {number} y
   */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const fitting = this.fitting().scale;
    const scale = clamp(this.view.scale * factor, fitting / 3, fitting * 3000);
    const [mapX, mapY] = this.toMap(x, y);
    this.kept = {
      x: mapX - (x - this.width / 2) / scale,
      y: mapY + (y - this.height / 2) / scale,
      scale,
    };
  }

  /**
   * Bring a place of the map into the middle, unless it is on the screen.
   * @param {number} mapX
   * @param {number} mapY
   */
  bringIn(mapX, mapY) {
    const [x, y] = this.toScreen(mapX, mapY);
    if (x >= 0 && y >= 0 && x <= this.width && y <= this.height) return;
    this.kept = { ...this.view, x: mapX, y: mapY };
  }

  /**
   * What a place on the map is on a canvas of `ratio` pixels a pixel of the screen:
   * x * scale + across, up - y * scale.
   * @param {number} canvasWidth
   * @param {number} canvasHeight
   * @param {number} ratio
   */
  projection(canvasWidth, canvasHeight, ratio) {
    const scale = this.view.scale * ratio;
    return {
      scale,
      across: canvasWidth / 2 - this.view.x * scale,
      up: canvasHeight / 2 + this.view.y * scale,
    };
  }
}
