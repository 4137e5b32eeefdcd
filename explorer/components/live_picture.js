// @ts-check
// A large picture that follows a hand: what Sliders and the player of a path have in common. While
// the hand moves, points go through the decode socket and pictures come back; where there is no
// socket, the page decodes what the hand has let go of.
//
// The canvas says how far it is: `data-frame`, pictures painted; `data-asked` and `data-shown`, the
// newest picture asked for and shown; `data-sent` and `data-taken`, the newest act of a hand sent to
// the page and applied by it; `data-path`, "socket" or "page".

import { speedWords } from "./decode_speed.js";
import { Decoder } from "./decoder.js";
import { find, make } from "./elements.js";
import { fetchPicture, paint } from "./pictures.js";

/** @typedef {import("./decoder.js").Point} Point */
/** @typedef {import("./decoder.js").PathPosition} PathPosition */
/** @typedef {import("./mount.js").Send} Send */

const KEPT_TIMES = 200;

// What a click, the focus or the pointer brings out: how fast pictures come, and which way.
export const INFO = `<span class="info"><button type="button" aria-expanded="false"
  aria-label="How pictures come">i</button><span class="speed" role="tooltip"></span></span>`;

export class LivePicture {
  /**
   * @param {HTMLElement} parent
   * @param {string} className
   * @param {string} html  with a canvas of class "picture" and INFO in a "frame"
   */
  constructor(parent, className, html) {
    this.root = make("div", className);
    this.root.innerHTML = html;
    parent.appendChild(this.root);
    this.canvas = find(this.root, "canvas.picture", HTMLCanvasElement);
    /** @type {Send} */
    this.send = () => {};
    /** @type {ImageData | null} */
    this.image = null;
    this.frames = 0;
    this.asked = 0;
    this.serial = 0;
    /** @type {number | null} */
    this.sent = null; // the act that the page has not applied yet
    /** @type {number | null} */
    this.step = null; // of the weights
    /** @type {number[]} */
    this.times = []; // from hand to picture, in milliseconds
    /** @type {PathPosition} */
    this.path = "page";
    this.decoder = new Decoder((way, hindrance) => this.changeWay(way, hindrance));
    this.observer = new ResizeObserver(() => this.image && this.show(this.image));
    this.observer.observe(this.canvas);
    this.speedWords = find(this.root, ".info .speed", HTMLElement);
    this.hindrance = make("p", "hindrance");
    this.hindrance.role = "status";
    find(this.root, ".frame", HTMLElement).after(this.hindrance);
    this.listenToInfo(find(this.root, ".info button", HTMLButtonElement));
  }

  // ---- what a panel says of its own

  /**
   * The points to be decoded now, the large picture's first; none as long as there are none.
   * @returns {Point[]}
   */
  wanted() {
    return [];
  }

  /**
   * Show the pictures of `wanted` beside the first.
   * @param {ImageData[]} _others
   */
  showOthers(_others) {}

  /** Tell the page what the hand has done. */
  publish() {}

  // ---- what the page says

  /**
   * @param {{ path: string, step: number, number: number | null, address: string }} told
   * @param {boolean} isNew  whether the page has set another point
   */
  receive({ path, step, number, address }, isNew) {
    this.decoder.open(path);
    if (isNew || !this.image || (this.path === "page" && number === this.sent)) {
      fetchPicture(address, (image) => {
        if (!this.decoder.isOpen || !this.image) this.show(image);
      });
    }
    if (number === this.sent) this.sent = null;
    this.canvas.dataset.taken = String(number);
    if (isNew || this.step !== step) this.ask();
    this.step = step;
  }

  end() {
    this.decoder.close();
    this.observer.disconnect();
  }

  /**
   * @param {PathPosition} way
   * @param {string} hindrance  what keeps a socket from being opened for good, in words; else ""
   */
  changeWay(way, hindrance) {
    this.path = way;
    this.hindrance.textContent = hindrance && `Pictures come more slowly: ${hindrance}`;
    this.times = [];
    this.showSpeed();
    if (way === "socket") this.ask();
  }

  // ---- what is said to the page

  /**
   * @param {string} name
   * @param {object} act  of the hand
   */
  tell(name, act) {
    this.serial = Math.max(this.serial + 1, Date.now());
    this.sent = this.serial;
    this.canvas.dataset.sent = String(this.sent);
    this.send(name, { ...act, number: this.serial });
  }

  // ---- pictures

  /**
   * Ask for the picture of where the hand is.
   * @param {number | null} [since]  when the hand moved
   * @param {boolean} [isMoving]
   */
  ask(since = null, isMoving = since !== null) {
    const points = this.wanted();
    if (!points.length) return;
    if (!this.decoder.isOpen) {
      // No socket: the page decodes, one request at a time.
      if (isMoving && !this.sent) this.publish();
      return;
    }
    this.asked += 1;
    const { asked } = this;
    this.canvas.dataset.asked = String(asked);
    this.decoder.ask("face", points, ([image, ...others]) => {
      this.show(image);
      this.showOthers(others);
      this.canvas.dataset.shown = String(asked);
      if (since !== null) this.time(performance.now() - since);
    });
  }

  /** @param {ImageData} image */
  show(image) {
    this.image = image;
    paint(this.canvas, image, this.canvas.clientWidth || 384);
    this.frames += 1;
    this.canvas.dataset.frame = String(this.frames);
  }

  // ---- words

  /** @param {number} milliseconds */
  time(milliseconds) {
    this.times = [...this.times, milliseconds].slice(-KEPT_TIMES);
    this.showSpeed();
  }

  showSpeed() {
    this.canvas.dataset.path = this.path;
    this.speedWords.textContent = speedWords(this.times, this.path);
  }

  /** @param {HTMLButtonElement} button */
  listenToInfo(button) {
    const open = (/** @type {boolean} */ isOpen) => {
      button.setAttribute("aria-expanded", String(isOpen));
    };
    button.addEventListener("click", () => open(button.ariaExpanded !== "true"));
    button.addEventListener("blur", () => open(false));
    button.addEventListener("keydown", (event) => {
      if (event.key === "Escape") button.blur();
    });
  }
}
