// @ts-check
// Sliders and a face. On release of a slider the point is committed to the page, so that Python, the
// link and every other panel agree with the picture.
//
// Longer than 250 lines because all that a hand can do changes one point and its history; what needs neither
// stands in rows.js, directions.js and history.js.

import { buttonOf, find, follow, make } from "../../components/elements.js";
import { INFO, LivePicture } from "../../components/live_picture.js";
import { mounted } from "../../components/mount.js";
import { paint } from "../../components/pictures.js";
import { along, bringAll, distances, fromPrior, moved, placesOf, shift } from "./directions.js";
import { History } from "./history.js";
import { makeRow, placesAsked, placesByKey, showLock, showPictures, showPlaces } from "./rows.js";

/** @typedef {import("../../components/decoder.js").Point} Point */
/** @typedef {import("../../components/decoder.js").PathPosition} PathPosition */
/** @typedef {import("../../components/mount.js").Send} Send */
/** @typedef {import("./directions.js").Direction} Direction */
/** @typedef {import("./rows.js").Row} Row */
/** @typedef {{ point: Point, pins: Point[] }} Snapshot */

/**
 * `Drag` of dials.py: where a hand or the page has set the sliders.
 * @typedef {object} Drag
 * @property {number[]} z  [D]
 * @property {number[][]} pins
 * @property {number} version
 * @property {number | null} number
 */

/**
 * @typedef {object} Data
 * @property {string} path  of the decode socket
 * @property {Direction[]} directions
 * @property {Record<"more" | "inactive", string>} folds  what their headings say
 * @property {string} inactive_note
 * @property {Drag} drag
 * @property {number} step  of the weights
 * @property {string} face  the address of the decoded z
 * @property {Record<string, number[][]>} samples  points to draw from beside the prior
 * @property {string} link
 */

const STRIP = 7; // pictures under a slider
const STRIP_DELAY = 150; // milliseconds
const PIN = 72; // pixels a side
const MAX_PINS = 6;
const PRIOR = "the prior";
const FITTED = ["the flow", "the mixture"]; // the best first
const PARTS = `
  <section class="left">
    <div class="frame">
      <canvas class="picture face" role="img" aria-label="Face" tabindex="0"></canvas>${INFO}
    </div>
    <p class="hint">Drag on the face: <select class="across" aria-label="Across"></select>
      across<span class="upwards">, <select class="up" aria-label="Up"></select> up</span>.</p>
    <div class="bar">
      <button data-do="random" title="A new point; locked sliders stay">Random</button>
      <button data-do="reset" title="To the middle of the prior; locked sliders stay">Reset all</button>
      <button data-do="undo" title="Ctrl+Z">Undo</button>
      <button data-do="redo" title="Ctrl+Shift+Z">Redo</button>
      <button data-do="pin" title="Keep this face to compare with, up to ${MAX_PINS}">Pin</button>
    </div>
    <div class="bar small">
      <label>Random from <select class="source" aria-label="Random from"></select></label>
      <label class="together" hidden><input type="checkbox"> move pinned faces too</label>
    </div>
    <div class="pins"></div>
  </section>
  <section class="right"><div class="sliders"></div>
    <details class="more"><summary></summary><div class="sliders"></div></details>
    <details class="inactive"><summary></summary><p class="note"></p><div class="sliders"></div></details>
  </section>`;

class Dials extends LivePicture {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    const room = make("div", "room"); // what the width is asked of
    parent.appendChild(room);
    super(room, "dials", PARTS);
    /** @type {Data | null} */
    this.data = null;
    this.layout = "";
    this.run = "";
    /** @type {number | null} */
    this.version = null;
    /** @type {Point} */
    this.point = new Float32Array();
    /** @type {Point[]} */
    this.pins = [];
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Set<number>} */
    this.locked = new Set();
    /** @type {History<Snapshot>} */
    this.history = new History();
    /** @type {Snapshot | null} */
    this.before = null; // the hand came
    /** @type {Map<number, string>} */
    this.strips = new Map(); // row -> what its pictures were made of
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.stripTimer = undefined;
    // Rows that come into sight get their pictures then.
    this.sight = new IntersectionObserver(() => this.askStrips());
    this.across = find(this.root, ".across", HTMLSelectElement);
    this.up = find(this.root, ".up", HTMLSelectElement);
    this.source = find(this.root, ".source", HTMLSelectElement);
    this.together = find(this.root, ".together input", HTMLInputElement);
    this.root.addEventListener("click", (event) => this.click(buttonOf(event)));
    this.root.addEventListener("keydown", (event) => this.keyDown(event));
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
  }

  // ---- what the page says

  /**
   * @param {Data} data
   * @param {Send} send
   */
  update(data, send) {
    this.send = send;
    this.data = data;
    const { directions, drag, path, step, face } = data;
    const layout = JSON.stringify(
      directions.map((d) => [
        d.label,
        d.place,
        d.group,
        d.reach,
        d.choices.map(({ label }) => label),
      ]),
    );
    // What a hand holds stays until it lets go: then the page is told, and answers.
    if (this.layout !== layout && (!this.before || this.run !== path)) {
      this.layout = layout;
      this.build(data);
    }
    if (this.layout === layout) {
      this.rows.forEach((row, i) => {
        row.direction = directions[i];
        find(row.row, "small", HTMLElement).textContent = directions[i].note;
      });
    }
    const isSame = this.run === path && this.version !== null;
    const isForgotten = isSame && drag.version < Number(this.version); // by a new server
    const isNew = this.version !== drag.version && !isForgotten;
    if (isNew) {
      if (isSame) this.history.keep(this.snapshot());
      else this.history.forget();
      this.version = drag.version;
      this.run = path;
      this.point = Float32Array.from(drag.z);
      this.pins = drag.pins.map((z) => Float32Array.from(z));
      this.buildPins();
    }
    if (isForgotten) {
      this.version = drag.version;
      this.publish();
    }
    this.buildSources(Object.keys(data.samples));
    this.showPlaces();
    this.receive({ path, step, number: drag.number, address: face }, isNew);
    if (data.link && location.search !== `?${data.link}`) {
      history.replaceState(history.state, "", `?${data.link}`);
    }
    this.askStrips();
  }

  /** @override @param {PathPosition} way @param {string} hindrance */
  changeWay(way, hindrance) {
    super.changeWay(way, hindrance);
    if (way === "socket") this.askStrips();
  }

  // ---- building

  /** @param {Data} data */
  build({ directions, folds, inactive_note }) {
    const lists = {
      first: find(this.root, ".right > .sliders", HTMLElement),
      more: find(this.root, ".more .sliders", HTMLElement),
      inactive: find(this.root, ".inactive .sliders", HTMLElement),
    };
    for (const list of Object.values(lists)) list.replaceChildren();
    this.sight.disconnect();
    let group = "";
    this.rows = directions.map((direction, i) => {
      const row = makeRow(direction, i);
      row.input?.addEventListener("input", () => this.drag(i, placesAsked(row)));
      row.input?.addEventListener("change", () => this.commit());
      row.input?.addEventListener("pointerdown", (event) => this.awaitRelease(event));
      if (direction.group !== group && direction.group) {
        lists[direction.place].append(make("h4", "group", direction.group));
      }
      group = direction.group;
      lists[direction.place].append(row.row);
      this.sight.observe(row.row);
      return row;
    });
    this.locked.clear();
    for (const name of /** @type {const} */ (["more", "inactive"])) {
      const fold = find(this.root, `.${name}`, HTMLDetailsElement);
      fold.hidden = !lists[name].children.length;
      find(fold, "summary", HTMLElement).textContent = folds[name];
      fold.ontoggle = () => this.askStrips();
    }
    find(this.root, ".inactive .note", HTMLElement).textContent = inactive_note;
    const numbers = directions.flatMap(({ kind }, i) => (kind === "number" ? [i] : []));
    [this.across, this.up].forEach((select, which) => {
      select.replaceChildren(...numbers.map((i) => new Option(directions[i].label, String(i))));
      select.value = String(numbers[Math.min(which, numbers.length - 1)]);
    });
    find(this.root, ".hint", HTMLElement).hidden = !numbers.length;
    this.strips.clear();
  }

  /** @param {string[]} samples  their names */
  buildSources(samples) {
    const names = [PRIOR, ...samples];
    if (names.join() === [...this.source.options].map((option) => option.value).join()) return;
    const chosen = this.source.value;
    this.source.replaceChildren(...names.map((name) => new Option(name, name)));
    const first = FITTED.find((name) => names.includes(name)) ?? PRIOR;
    this.source.value = names.includes(chosen) ? chosen : first;
  }

  buildPins() {
    find(this.root, ".pins", HTMLElement).replaceChildren(
      ...this.pins.map((_, i) => {
        const pin = make("div", "pin");
        pin.innerHTML = `<canvas role="img" aria-label="Pin ${i + 1}"></canvas>
          <button class="mini" data-show="${i}" aria-label="Show pin ${i + 1}">show</button>
          <button class="mini" data-unpin="${i}" aria-label="Unpin ${i + 1}">×</button>`;
        return pin;
      }),
    );
    find(this.root, ".together", HTMLElement).hidden = !this.pins.length;
  }

  // ---- geometry

  /**
   * The point, and with `together` the pinned ones, moved along direction i.
   * @param {number} i
   * @param {number[]} by  distances
   */
  shift(i, by) {
    const moving = this.together.checked ? [this.point, ...this.pins] : [this.point];
    for (const point of moving) shift(this.rows[i].direction, point, by);
  }

  /**
   * The same, to where the point has these places. Pinned ones go as far along a slider or around a circle,
   * and to the same choice.
   * @param {number} i
   * @param {number[]} places
   */
  bring(i, places) {
    const { direction } = this.rows[i];
    const before = placesOf(direction, this.point);
    shift(direction, this.point, distances(direction, this.point, places));
    if (!this.together.checked) return;
    for (const pin of this.pins) {
      const wanted = moved(direction, placesOf(direction, pin), before, places);
      shift(direction, pin, distances(direction, pin, wanted));
    }
  }

  // ---- hands

  /**
   * @param {number} i
   * @param {number[]} places
   */
  drag(i, places) {
    this.before ??= this.snapshot();
    this.bring(i, places);
    this.showPlaces(i);
    this.ask(performance.now());
  }

  /**
   * A slider that the hand brings back to where it was lets go without a word.
   * @param {PointerEvent} pressed
   */
  awaitRelease({ pointerId, currentTarget }) {
    const slider = /** @type {HTMLInputElement} */ (currentTarget);
    const { value } = slider;
    const over = new AbortController();
    const release = (/** @type {PointerEvent} */ end) => {
      if (end.pointerId !== pointerId) return; // another finger
      over.abort();
      setTimeout(() => {
        if (!this.before) return; // `change` came
        if (slider.value === value) this.travel(this.before);
        else this.commit();
      });
    };
    addEventListener("pointerup", release, { signal: over.signal });
    addEventListener("pointercancel", release, { signal: over.signal });
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (event.button !== 0 || !this.across.options.length) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.before = this.snapshot();
    let [x, y] = [event.clientX, event.clientY];
    const pixels = this.canvas.clientWidth / 6; // for one sigma
    const move = (/** @type {PointerEvent} */ moved) => {
      this.shift(Number(this.across.value), [(moved.clientX - x) / pixels]);
      this.shift(Number(this.up.value), [(y - moved.clientY) / pixels]);
      [x, y] = [moved.clientX, moved.clientY];
      this.showPlaces();
      this.ask(performance.now());
    };
    follow(event, this.canvas, move, ({ type }) => {
      if (type === "pointerup") this.commit();
      else this.travel(this.before); // the finger scrolls
    });
  }

  /** @param {HTMLButtonElement | null} button */
  click(button) {
    const { do: action, zero, lock, choose, show, unpin } = button?.dataset ?? {};
    if (lock !== undefined) this.lock(Number(lock));
    else if (choose !== undefined) this.choose(choose);
    else if (zero !== undefined) this.zero(Number(zero));
    else if (action === "undo") this.travel(this.history.undo(this.snapshot()));
    else if (action === "redo") this.travel(this.history.redo(this.snapshot()));
    else if (action === "random") this.change(() => this.jump(this.random()));
    else if (action === "reset") this.change(() => this.jump(new Float32Array(this.point.length)));
    else if (show !== undefined) {
      this.change(() => {
        this.point = this.pins[Number(show)].slice();
      });
    } else if (action === "pin") this.pin([...this.pins, this.point.slice()].slice(-MAX_PINS));
    else if (unpin !== undefined) this.pin(this.pins.filter((_, i) => i !== Number(unpin)));
  }

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    const i = this.rows.findIndex(({ input, choices }) =>
      [input, ...choices].some((control) => control === event.target),
    );
    if (key === "z" && (event.ctrlKey || event.metaKey)) {
      const now = this.snapshot();
      this.travel(event.shiftKey ? this.history.redo(now) : this.history.undo(now));
      event.preventDefault();
      return;
    }
    if (i < 0 || hasModifier) return;
    const { direction } = this.rows[i];
    const places = placesByKey(this.rows[i], key);
    const isToZero = key === "r" || key === "Delete" || key === "Backspace";
    if (key === "l") this.lock(i);
    else if (isToZero && direction.kind === "number") this.zero(i);
    else if (places) {
      this.drag(i, places);
      this.showPlaces();
      this.commit();
    } else return;
    event.preventDefault();
  }

  /** @param {number} i */
  lock(i) {
    if (!this.locked.delete(i)) this.locked.add(i);
    showLock(this.rows[i], this.locked.has(i));
  }

  /** @param {number} i */
  zero(i) {
    this.change(() => this.bring(i, [0]));
  }

  /** @param {string} which  numbers of a row and of its choice */
  choose(which) {
    const [i, k] = which.split(" ").map(Number);
    this.change(() => this.bring(i, this.rows[i].direction.choices[k].places));
  }

  /** @param {Point[]} pins */
  pin(pins) {
    this.change(() => {
      this.pins = pins;
      this.buildPins();
    });
  }

  random() {
    const points = this.data?.samples[this.source.value];
    if (!points) return fromPrior(this.point.length);
    return Float32Array.from(points[Math.floor(Math.random() * points.length)]);
  }

  /**
   * To another point, but locked directions keep their place.
   * @param {Point} target
   */
  jump(target) {
    const kept = [...this.locked].map((i) => {
      const { direction } = this.rows[i];
      return { direction, places: placesOf(direction, this.point) };
    });
    this.point = target;
    bringAll(this.point, kept);
  }

  // ---- memory

  /** @returns {Snapshot} */
  snapshot() {
    return { point: this.point.slice(), pins: this.pins.map((pin) => pin.slice()) };
  }

  /** @param {() => void} act  of a hand that does not hold on */
  change(act) {
    this.before = this.snapshot();
    act();
    this.showPlaces();
    this.ask();
    this.commit();
  }

  commit() {
    if (this.before) this.history.keep(this.before);
    this.before = null;
    this.publish();
  }

  /** @param {Snapshot | null} there */
  travel(there) {
    this.before = null;
    if (!there) return;
    this.point = there.point;
    this.pins = there.pins;
    this.buildPins();
    this.showPlaces();
    this.ask();
    this.publish();
  }

  /** @override */
  publish() {
    const pins = this.pins.map((pin) => [...pin]);
    this.tell("drag", { z: [...this.point], pins, version: this.version });
    this.showButtons();
    this.askStrips();
  }

  // ---- pictures

  /** @override */
  wanted() {
    if (!this.point.length) return [];
    return [this.point.slice(), ...this.pins.map((pin) => pin.slice())];
  }

  /** @override @param {ImageData[]} pins */
  showOthers(pins) {
    this.root.querySelectorAll(".pin canvas").forEach((canvas, i) => {
      if (canvas instanceof HTMLCanvasElement && pins[i]) paint(canvas, pins[i], PIN);
    });
  }

  askStrips() {
    clearTimeout(this.stripTimer);
    if (!this.decoder.isOpen || !this.point.length) return;
    this.stripTimer = setTimeout(() => {
      const key = [...this.point].map((value) => value.toFixed(2)).join() + this.step;
      this.rows.forEach((row, i) => {
        if (!isInSight(row.row) || this.strips.get(i) === key) return;
        this.decoder.ask(`strip ${i}`, along(row.direction, this.point, STRIP), (images) => {
          if (this.rows[i] !== row) return; // others stand there now
          this.strips.set(i, key);
          showPictures(row, images);
        });
      });
    }, STRIP_DELAY);
  }

  // ---- words

  /** @param {number | null} moved  the row that a hand holds */
  showPlaces(moved = null) {
    this.rows.forEach((row, i) => {
      showPlaces(row, placesOf(row.direction, this.point), i === moved);
    });
    this.showButtons();
  }

  showButtons() {
    find(this.root, '[data-do="undo"]', HTMLButtonElement).disabled = !this.history.canUndo;
    find(this.root, '[data-do="redo"]', HTMLButtonElement).disabled = !this.history.canRedo;
  }
}

/** @param {HTMLElement} element */
function isInSight(element) {
  const { top, bottom, height } = element.getBoundingClientRect();
  return height > 0 && bottom > 0 && top < innerHeight;
}

export default mounted(Dials);
