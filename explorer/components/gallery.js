// @ts-check
// A grid of images to click: buttons on one sheet of thumbnails, badges A, B, C in order.

import { buttonOf, make } from "./elements.js";
import { mounted } from "./mount.js";

/** @typedef {import("./mount.js").Send} Send */

/**
 * @typedef {object} Data
 * @property {string} sheet  the address of all thumbnails
 * @property {number} columns  of the sheet
 * @property {number[]} images
 * @property {string[]} titles
 * @property {string[][]} captions  lines on each image, or none at all
 * @property {number[]} picked  by the page
 * @property {number} turn  changes where the page sets what is picked; otherwise clicks are the truth
 * @property {number} max  images picked
 * @property {boolean} badges
 * @property {number} tile  pixels a side, at least
 * @property {string} label
 */

/** @type {Map<string, { turn: number, picked: number[] }>} */
const memory = new Map(); // by key: clicks outlive a new mount of the same turn
const LETTERS = "ABCDEFGHIJ";

class Gallery {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = make("div", "grid");
    this.root.setAttribute("role", "group");
    parent.appendChild(this.root);
    /** @type {Data | null} */
    this.data = null;
    /** @type {Send} */
    this.send = () => {};
    this.key = "";
    /** @type {number[]} */
    this.picked = [];
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.root.addEventListener("click", (event) => this.pick(buttonOf(event)));
    this.root.addEventListener("keydown", (event) => this.walk(event));
  }

  /**
   * @param {Data} data
   * @param {Send} send
   * @param {string} key
   */
  update(data, send, key) {
    const before = this.data;
    this.data = data;
    this.send = send;
    this.key = key;
    if (before?.turn !== data.turn) {
      const kept = memory.get(key);
      this.picked = kept && kept.turn === data.turn ? kept.picked : [...data.picked];
    }
    this.picked = this.picked.slice(-data.max);
    this.root.setAttribute("aria-label", data.label);
    this.root.style.setProperty("--tile", `${data.tile}px`);
    if (before?.sheet !== data.sheet) {
      this.buttons = data.images.map((image, i) => tileOf(data, image, i));
      this.root.replaceChildren(...this.buttons);
    }
    this.paint(data);
  }

  end() {}

  /** @param {HTMLButtonElement | null} button */
  pick(button) {
    if (!button || !this.data) return;
    const image = Number(button.dataset.image);
    this.picked = this.picked.includes(image)
      ? this.picked.filter((other) => other !== image)
      : [...this.picked, image].slice(-this.data.max);
    this.paint(this.data);
    this.send("picked", this.picked);
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const button = buttonOf(event);
    if (step && button) this.buttons[this.buttons.indexOf(button) + step]?.focus();
  }

  /** @param {Data} data */
  paint({ turn, badges, captions }) {
    memory.set(this.key, { turn, picked: this.picked });
    for (const [i, button] of this.buttons.entries()) {
      const place = this.picked.indexOf(Number(button.dataset.image));
      button.setAttribute("aria-pressed", String(place >= 0));
      button.replaceChildren(
        ...(place >= 0 && badges ? [make("span", "badge", LETTERS[place])] : []),
        ...(captions.length ? [captionOf(captions[i])] : []),
      );
    }
  }
}

/**
 * @param {Data} data
 * @param {number} image
 * @param {number} i  its place on the sheet
 */
function tileOf({ sheet, columns, images, titles }, image, i) {
  const rows = Math.ceil(images.length / columns);
  const at = (/** @type {number} */ place, /** @type {number} */ count) =>
    `${count > 1 ? (100 * place) / (count - 1) : 0}%`;
  const button = make("button");
  button.type = "button";
  button.dataset.image = String(image);
  button.setAttribute("aria-label", `Image ${image}`);
  button.title = titles[i];
  button.style.backgroundImage = `url(${sheet})`;
  button.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
  const [column, row] = [i % columns, Math.floor(i / columns)];
  button.style.backgroundPosition = `${at(column, columns)} ${at(row, rows)}`;
  return button;
}

/** @param {string[]} lines */
function captionOf(lines) {
  const caption = make("span", "caption");
  caption.append(...lines.map((line) => make("span", "", line)));
  return caption;
}

export default mounted(Gallery);
