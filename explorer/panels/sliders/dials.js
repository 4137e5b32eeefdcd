// Sliders and a face. While a hand moves, points go through the decode socket and pictures come
// back; on release the point is committed to the page, so that Python, the link and every other
// panel agree with the picture.
//
// point: Float32Array [D]. A direction is {label, note, axis: number | [D], centre, unit, reach}.

import { Decoder, paint, speedWords, toCanvas } from "../../components/decoder.js";

const mounts = new WeakMap();
const STRIP = 7; // pictures under a slider
const KEPT_TIMES = 200;
const LOCK = `<svg viewBox="0 0 16 16" width="12" height="12" fill="none" stroke="currentColor"
  stroke-width="1.6"><rect x="3" y="7" width="10" height="7" rx="1.5"/>
  <path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/></svg>`;

export default function show(component) {
  let mount = mounts.get(component.parentElement);
  if (!mount) {
    mount = new Dials(component.parentElement);
    mounts.set(component.parentElement, mount);
  }
  mount.update(component.data, component.setStateValue);
  return () => mount.rest();
}

// ------------------------------------------------------------------------------ the panel

class Dials {
  constructor(parent) {
    this.root = element("div", "dials");
    this.root.innerHTML = `
      <section class="left">
        <canvas class="face" role="img" aria-label="Face" tabindex="0"></canvas>
        <p class="hint">Drag on the face: <select class="across" aria-label="Across"></select>
          across, <select class="up" aria-label="Up"></select> up.</p>
        <div class="bar">
          <button data-do="random" title="A new point; locked sliders stay">Random</button>
          <button data-do="reset" title="All sliders to 0; locked ones stay">Reset all</button>
          <button data-do="undo" title="Ctrl+Z">Undo</button>
          <button data-do="redo" title="Ctrl+Shift+Z">Redo</button>
          <button data-do="pin" title="Keep this face to compare with, up to 6">Pin</button>
        </div>
        <div class="bar small">
          <label>Random from <select class="source" aria-label="Random from">
            </select></label>
          <label class="together" hidden><input type="checkbox"> move pinned faces too</label>
        </div>
        <div class="pins"></div>
        <p class="speed" aria-live="off"></p>
      </section>
      <section class="right"><div class="sliders"></div>
        <details class="more"><summary></summary><div class="sliders"></div></details>
        <details class="inactive"><summary></summary><p></p><div class="sliders"></div></details>
      </section>`;
    const room = element("div", "room"); // what the width is asked of
    room.appendChild(this.root);
    parent.appendChild(room);
    this.find = (selector) => this.root.querySelector(selector);
    this.canvas = this.find("canvas.face");
    this.frames = 0;
    this.times = [];
    this.locked = new Set();
    this.undo = [];
    this.redo = [];
    this.pins = [];
    this.path = "page";
    this.decoder = new Decoder((path) => this.changePath(path));
    this.root.addEventListener("click", (event) => this.click(event));
    this.root.addEventListener("keydown", (event) => this.keyDown(event));
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
    this.observer = new ResizeObserver(() => this.paintFace(this.image));
    this.observer.observe(this.canvas);
  }

  // ---- what the page says

  update(data, send) {
    this.send = send;
    this.data = data;
    const layout = JSON.stringify(data.directions.map((d) => [d.label, d.note, d.place]));
    if (this.layout !== layout) {
      this.layout = layout;
      this.build();
    }
    const { drag } = data;
    const isNew = this.version !== drag.version;
    if (isNew) {
      if (this.point && this.version !== undefined && this.run === data.path) this.remember();
      else this.forget();
      this.version = drag.version;
      this.run = data.path;
      this.point = Float32Array.from(drag.z);
      this.pins = drag.pins.map((z) => Float32Array.from(z));
      this.buildPins();
    }
    this.buildSources();
    this.showPlaces();
    this.decoder.open(data.path);
    if (isNew || !this.image || (this.path === "page" && drag.number === this.sent)) {
      this.paintAddress(data.face, isNew);
    }
    if (drag.number === this.sent) this.sent = null;
    this.canvas.dataset.taken = drag.number;
    if (isNew || this.step !== data.step) this.ask();
    this.step = data.step;
    if (data.link && location.search !== `?${data.link}`) {
      history.replaceState(history.state, "", `?${data.link}`);
    }
    this.askStrips();
  }

  rest() {
    // A tab was closed or drawn anew: no socket may be left behind.
    setTimeout(() => {
      if (!this.root.isConnected) {
        this.decoder.close();
        this.observer.disconnect();
      }
    }, 1000);
  }

  changePath(path) {
    this.path = path;
    this.times = [];
    this.showSpeed();
    if (path === "socket") {
      this.ask();
      this.askStrips();
    }
  }

  // ---- building

  build() {
    const places = { first: ".right > .sliders", more: ".more .sliders", inactive: ".inactive .sliders" };
    const lists = Object.fromEntries(
      Object.entries(places).map(([name, where]) => [name, this.find(where)]),
    );
    for (const list of Object.values(lists)) list.replaceChildren();
    this.rows = this.data.directions.map((direction, i) => {
      const row = element("div", "row");
      const id = `dial-${i}`;
      row.innerHTML = `
        <div class="head"><label for="${id}"></label><small></small><output></output>
          <button class="mini" data-zero="${i}" title="To 0" aria-label="Reset">↺</button>
          <button class="mini lock" data-lock="${i}" aria-pressed="false" title="Lock: random and reset leave it">${LOCK}</button>
        </div>
        <input id="${id}" type="range" step="0.05">
        <canvas class="strip" aria-hidden="true"></canvas>`;
      const input = row.querySelector("input");
      input.min = -direction.reach;
      input.max = direction.reach;
      input.setAttribute("aria-label", direction.label);
      row.querySelector("label").textContent = direction.label;
      row.querySelector("small").textContent = direction.note;
      row.querySelector('[aria-label="Reset"]').setAttribute("aria-label", `Reset ${direction.label}`);
      row.querySelector(".lock").setAttribute("aria-label", `Lock ${direction.label}`);
      input.addEventListener("input", () => this.drag(i, Number(input.value)));
      input.addEventListener("change", () => this.commit());
      lists[direction.place].append(row);
      return { row, input, output: row.querySelector("output"), strip: row.querySelector(".strip") };
    });
    this.locked.clear();
    for (const [name, text] of Object.entries(this.data.folds)) {
      const fold = this.find(`.${name}`);
      fold.hidden = !lists[name].children.length;
      fold.querySelector("summary").textContent = text;
      fold.ontoggle = () => this.askStrips();
    }
    this.find(".inactive p").textContent = this.data.inactive_note;
    for (const [name, chosen] of [[".across", 0], [".up", 1]]) {
      const select = this.find(name);
      select.replaceChildren(
        ...this.data.directions.map((direction, i) => new Option(direction.label, i)),
      );
      select.value = Math.min(chosen, this.data.directions.length - 1);
    }
    this.strips = new Map();
  }

  buildSources() {
    const select = this.find(".source");
    const names = ["the prior", ...Object.keys(this.data.samples)];
    if (names.join() === [...select.options].map((option) => option.value).join()) return;
    const chosen = select.value;
    select.replaceChildren(...names.map((name) => new Option(name, name)));
    const first = names.includes("the mixture") ? "the mixture" : names[0];
    select.value = names.includes(chosen) ? chosen : first;
  }

  buildPins() {
    const list = this.find(".pins");
    list.replaceChildren(
      ...this.pins.map((_, i) => {
        const pin = element("div", "pin");
        pin.innerHTML = `<canvas role="img" aria-label="Pin ${i + 1}"></canvas>
          <button class="mini" data-show="${i}" aria-label="Show pin ${i + 1}">show</button>
          <button class="mini" data-unpin="${i}" aria-label="Unpin ${i + 1}">×</button>`;
        return pin;
      }),
    );
    this.find(".together").hidden = !this.pins.length;
  }

  // ---- geometry

  placeOf(i, point = this.point) {
    const { axis, centre, unit } = this.data.directions[i];
    if (typeof axis === "number") return (point[axis] - centre) / unit;
    return (axis.reduce((sum, value, j) => sum + value * point[j], 0) - centre) / unit;
  }

  // The point, and with `together` the pinned ones, moved along direction i.
  shift(i, distance) {
    const { axis, unit } = this.data.directions[i];
    for (const point of this.moving()) {
      if (typeof axis === "number") point[axis] += distance * unit;
      else axis.forEach((value, j) => (point[j] += distance * unit * value));
    }
  }

  moving() {
    const together = this.find(".together input").checked;
    return together ? [this.point, ...this.pins] : [this.point];
  }

  // ---- hands

  drag(i, place) {
    if (!this.before) this.before = this.snapshot();
    this.shift(i, place - this.placeOf(i));
    this.showPlaces(i);
    this.ask(performance.now());
  }

  grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.before = this.snapshot();
    let [x, y] = [event.clientX, event.clientY];
    const pixels = this.canvas.clientWidth / 6; // for one sigma
    const move = (moved) => {
      this.shift(Number(this.find(".across").value), (moved.clientX - x) / pixels);
      this.shift(Number(this.find(".up").value), (y - moved.clientY) / pixels);
      [x, y] = [moved.clientX, moved.clientY];
      this.showPlaces();
      this.ask(performance.now());
    };
    const end = () => {
      this.canvas.removeEventListener("pointermove", move);
      this.canvas.removeEventListener("pointerup", end);
      this.canvas.removeEventListener("pointercancel", end);
      this.commit();
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { do: action, zero, lock, show, unpin } = button.dataset;
    if (lock !== undefined) return this.lock(Number(lock), button);
    this.before = this.snapshot();
    if (action === "undo") return this.travel(this.undo, this.redo);
    if (action === "redo") return this.travel(this.redo, this.undo);
    if (action === "random") this.random();
    if (action === "reset") this.reset();
    if (action === "pin") this.pins = [...this.pins, this.point.slice()].slice(-6);
    if (zero !== undefined) this.shift(Number(zero), -this.placeOf(Number(zero)));
    if (show !== undefined) this.point = this.pins[Number(show)].slice();
    if (unpin !== undefined) this.pins = this.pins.filter((_, i) => i !== Number(unpin));
    if (action === "pin" || unpin !== undefined) this.buildPins();
    this.showPlaces();
    this.ask();
    this.commit();
  }

  keyDown(event) {
    const isZ = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey);
    if (isZ) {
      event.preventDefault();
      this.before = this.snapshot();
      const [from, to] = event.shiftKey ? [this.redo, this.undo] : [this.undo, this.redo];
      this.travel(from, to);
    } else if (/^[0-9]$/.test(event.key) && event.target.type === "range") {
      const i = this.rows.findIndex((row) => row.input === event.target);
      const { reach } = this.data.directions[i];
      this.drag(i, reach * (Number(event.key) / 4.5 - 1));
      this.showPlaces();
      this.commit();
    }
  }

  lock(i, button) {
    this.locked.has(i) ? this.locked.delete(i) : this.locked.add(i);
    button.setAttribute("aria-pressed", String(this.locked.has(i)));
  }

  random() {
    const points = this.data.samples[this.find(".source").value];
    const target = points
      ? Float32Array.from(points[Math.floor(Math.random() * points.length)])
      : Float32Array.from(this.point, normal);
    this.jump(target);
  }

  reset() {
    this.jump(new Float32Array(this.point.length));
  }

  // To another point, but locked directions keep their place.
  jump(target) {
    const places = [...this.locked].map((i) => [i, this.placeOf(i)]);
    this.point = target;
    const together = this.find(".together input");
    const wasTogether = together.checked;
    together.checked = false;
    for (const [i, place] of places) this.shift(i, place - this.placeOf(i));
    together.checked = wasTogether;
  }

  // ---- memory

  snapshot() {
    return { point: this.point.slice(), pins: this.pins.map((pin) => pin.slice()) };
  }

  forget() {
    this.undo = [];
    this.redo = [];
    this.pins = [];
    this.buildPins();
  }

  remember() {
    this.undo.push(this.snapshot());
    this.undo = this.undo.slice(-100);
    this.redo = [];
  }

  commit() {
    if (this.before) {
      this.undo.push(this.before);
      this.undo = this.undo.slice(-100);
      this.redo = [];
      this.before = null;
    }
    this.publish();
  }

  travel(from, to) {
    const there = from.pop();
    this.before = null;
    if (!there) return;
    to.push(this.snapshot());
    this.point = there.point;
    this.pins = there.pins;
    this.buildPins();
    this.showPlaces();
    this.ask();
    this.publish();
  }

  publish() {
    this.serial = Math.max((this.serial || 0) + 1, Date.now());
    this.sent = this.serial;
    this.canvas.dataset.sent = this.sent;
    this.send("drag", {
      z: [...this.point],
      pins: this.pins.map((pin) => [...pin]),
      version: this.version,
      number: this.serial,
    });
    this.showButtons();
    this.askStrips();
  }

  // ---- pictures

  ask(since = null) {
    if (!this.point) return;
    if (!this.decoder.isOpen) {
      // No socket: the page decodes, one request at a time.
      if (since !== null && !this.sent) this.publish();
      return;
    }
    this.since = since ?? this.since;
    const points = [this.point.slice(), ...this.pins.map((pin) => pin.slice())];
    const asked = (this.asked = (this.asked || 0) + 1);
    this.canvas.dataset.asked = asked;
    this.decoder.ask("face", points, (images) => {
      this.paintFace(images[0]);
      this.root.querySelectorAll(".pin canvas").forEach((canvas, i) => {
        if (images[i + 1]) paint(canvas, images[i + 1], 72);
      });
      this.canvas.dataset.shown = asked;
      if (since !== null) this.time(performance.now() - since);
    });
  }

  paintFace(image) {
    if (!image) return;
    this.image = image;
    paint(this.canvas, image, this.canvas.clientWidth || 384);
    this.frames += 1;
    this.canvas.dataset.frame = this.frames;
  }

  // Paint the page's own picture: at first, and where there is no socket.
  paintAddress(address, isNew) {
    const picture = new Image();
    picture.onload = () => {
      if (isNew && this.decoder.isOpen && this.image) return;
      const { width, height } = picture;
      const sheet = new OffscreenCanvas(width, height).getContext("2d");
      sheet.drawImage(picture, 0, 0);
      this.paintFace(sheet.getImageData(0, 0, width, height));
    };
    picture.src = address;
  }

  askStrips() {
    clearTimeout(this.stripTimer);
    if (!this.decoder.isOpen || !this.point) return;
    this.stripTimer = setTimeout(() => {
      this.rows.forEach(({ strip }, i) => {
        if (!strip.offsetParent) return;
        const { axis, unit, reach } = this.data.directions[i];
        const here = this.placeOf(i);
        const key = [...this.point].map((value) => value.toFixed(2)).join() + this.step;
        const points = Array.from({ length: STRIP }, (_, k) => {
          const point = this.point.slice();
          const distance = (reach * ((2 * k) / (STRIP - 1) - 1) - here) * unit;
          if (typeof axis === "number") point[axis] += distance;
          else axis.forEach((value, j) => (point[j] += distance * value));
          return point;
        });
        if (this.strips.get(i) === key) return;
        this.decoder.ask(`strip ${i}`, points, (images) => {
          this.strips.set(i, key);
          paintStrip(strip, images);
        });
      });
    }, 150);
  }

  // ---- words

  showPlaces(moved = null) {
    this.rows.forEach(({ input, output }, i) => {
      const place = this.placeOf(i);
      if (i !== moved) input.value = place;
      output.textContent = place.toFixed(2);
      const { reach } = this.data.directions[i];
      input.style.setProperty("--part", `${(100 * (place + reach)) / (2 * reach)}%`);
    });
    this.showButtons();
  }

  showButtons() {
    this.find('[data-do="undo"]').disabled = !this.undo.length;
    this.find('[data-do="redo"]').disabled = !this.redo.length;
  }

  time(milliseconds) {
    this.times.push(milliseconds);
    this.times = this.times.slice(-KEPT_TIMES);
    this.showSpeed();
  }

  showSpeed() {
    this.canvas.dataset.path = this.path;
    this.find(".speed").textContent = speedWords(this.times, this.path);
  }
}

function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

function element(tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

function paintStrip(canvas, images) {
  const [width, height] = [images[0].width, images[0].height];
  const scale = Math.min(1, 48 / height);
  canvas.width = Math.round(width * scale) * images.length;
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  const side = canvas.width / images.length;
  images.forEach((image, i) => {
    context.drawImage(toCanvas(image), i * side, 0, side, canvas.height);
  });
}
