// @ts-check
// The card beside a point that is pointed at: its face, its number, and what its colour says.

import { contextOf, find } from "../../components/elements.js";
import { clamp } from "../../components/numbers.js";

/** @typedef {import("./geometry.js").Place} Place */
/** @typedef {import("./thumbnails.js").Thumbnails} Thumbnails */

const SIDE = 96; // pixels, of the face
const APART = 18; // pixels from the point

export class Card {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.face = find(root, "canvas", HTMLCanvasElement);
    this.name = find(root, "b", HTMLElement);
    this.words = find(root, "span", HTMLElement);
  }

  hide() {
    this.root.hidden = true;
  }

  /**
   * @param {number} image
   * @param {string} words
   * @param {Thumbnails | null} thumbs
   * @param {number} ratio  pixels of a canvas a pixel of the screen
   */
  show(image, words, thumbs, ratio) {
    this.root.hidden = false;
    this.name.textContent = `Image ${image}`;
    this.words.textContent = words;
    this.face.width = this.face.height = Math.round(SIDE * ratio);
    const context = contextOf(this.face);
    context.imageSmoothingQuality = "high";
    const isThere = thumbs?.draw(context, image, 0, 0, this.face.width);
    this.root.dataset.image = String(image);
    this.root.dataset.face = isThere ? String(image) : "";
  }

  /**
   * Put the card beside a place, on the side where there is room.
   * @param {Place} place
   * @param {number} side  of the face that is drawn there
   * @param {{ width: number, height: number }} room
   */
  put([x, y], side, room) {
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const apart = APART + side / 2;
    const left = x + apart + width > room.width ? x - apart - width : x + apart;
    const top = clamp(y - height / 2, 4, Math.max(4, room.height - height - 4));
    this.root.style.transform = `translate(${Math.max(4, left)}px, ${top}px)`;
  }
}
