// A point of a path, large, and where on the path it is. While a hand moves or the path plays,
// points go through the decode socket; on release the place is committed to the page.
//
// A path is given as points [S, D], `fine` of them a leg, from key to key; `closing` leads from the
// last key back to the first. Places are counted in legs: 0 is the first key, 1 the second.

import { Decoder, paint, speedWords } from "../../components/decoder.js";

const mounts = new WeakMap();
const LEG_SECONDS = 1.2; // at speed 1
const KEPT_TIMES = 200;
const STRIP = ".st-key-path_strip img[alt^='Path ']";

export default function show(component) {
  let mount = mounts.get(component.parentElement);
  if (!mount) {
    mount = new PathView(component.parentElement);
    mounts.set(component.parentElement, mount);
  }
  mount.update(component.data, component.setStateValue);
  return () => mount.rest();
}

class PathView {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "path";
    this.root.innerHTML = `
      <canvas class="large" role="img" aria-label="Point of the path"></canvas>
      <input type="range" min="0" max="1" step="0.001" aria-label="Position">
      <div class="keys" aria-hidden="true"></div>
      <div class="bar">
        <button aria-label="Play the path" aria-pressed="false">▶ Play</button>
        <select aria-label="Loop"><option value="back">there and back</option>
          <option value="around">around</option></select>
        <select aria-label="Easing"><option value="even">evenly</option>
          <option value="ease">eased</option></select>
        <select aria-label="Speed"><option value="0.5">½×</option><option value="1">1×</option>
          <option value="2">2×</option></select>
      </div>
      <p class="speed" aria-live="off"></p>`;
    parent.appendChild(this.root);
    this.find = (selector) => this.root.querySelector(selector);
    this.canvas = this.find("canvas");
    this.input = this.find("input");
    this.frames = 0;
    this.serial = 0;
    this.times = [];
    this.path = "page";
    this.place = 0; // in legs
    this.decoder = new Decoder((path) => this.changePath(path));
    this.input.addEventListener("input", () => this.scrub(Number(this.input.value)));
    this.input.addEventListener("change", () => this.commit());
    this.find("button").addEventListener("click", () => this.play(!this.timer));
    this.root.addEventListener("change", (event) => {
      if (event.target.tagName === "SELECT") this.changePace();
    });
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
    // The strip of the page, above: to scrub along it, too.
    this.onPress = (event) => this.grabStrip(event);
    this.onDragStart = (event) => stripPicture(event) && event.preventDefault();
    document.addEventListener("pointerdown", this.onPress);
    document.addEventListener("dragstart", this.onDragStart);
    this.observer = new ResizeObserver(() => this.paint(this.image));
    this.observer.observe(this.canvas);
  }

  // ---- what the page says

  update(data, send) {
    this.send = send;
    this.data = data;
    const isFirst = this.version === undefined;
    const isNew = this.version !== data.version;
    if (isNew) {
      this.version = data.version;
      this.points = pointsOf(data.points, data.latent_dim);
      this.closing = pointsOf(data.closing, data.latent_dim);
      this.legs = (this.points.length - 1) / data.fine;
      this.buildKeys(data.letters);
    }
    if (isFirst) {
      this.find('[aria-label="Loop"]').value = data.place.way;
      this.find('[aria-label="Easing"]').value = data.place.ease ? "ease" : "even";
      this.find('[aria-label="Speed"]').value = String(data.place.speed);
    }
    if (isFirst || (isNew && !this.timer && !this.isHeld)) this.place = data.place.position * this.legs;
    this.place = Math.min(this.place, this.legs + (this.timer ? 1 : 0));
    this.showPlace();
    this.decoder.open(data.path);
    if (isNew || !this.image || (this.path === "page" && data.place.number === this.sent)) {
      this.paintAddress(data.picture);
    }
    if (data.place.number === this.sent) this.sent = null;
    this.canvas.dataset.taken = data.place.number;
    if (isNew || this.step !== data.step) this.ask();
    this.step = data.step;
  }

  rest() {
    setTimeout(() => {
      if (this.root.isConnected) return;
      this.decoder.close();
      this.observer.disconnect();
      cancelAnimationFrame(this.timer);
      document.removeEventListener("pointerdown", this.onPress);
      document.removeEventListener("dragstart", this.onDragStart);
    }, 1000);
  }

  changePath(path) {
    this.path = path;
    this.times = [];
    this.showSpeed();
    if (path === "socket") this.ask();
  }

  buildKeys(letters) {
    this.find(".keys").replaceChildren(
      ...letters.map((letter) => {
        const mark = document.createElement("span");
        mark.textContent = letter;
        return mark;
      }),
    );
  }

  // ---- hands

  scrub(position, since = performance.now()) {
    if (this.timer) this.play(false, false);
    this.isHeld = true;
    this.place = clamp(position, 0, 1) * this.legs;
    this.showPlace();
    this.ask(since);
  }

  // Drag with `positionOf(event)` until the hand lets go.
  follow(event, target, positionOf) {
    if (event.button !== 0) return;
    event.preventDefault();
    const move = (moved) => this.scrub(positionOf(moved));
    const end = () => {
      target.removeEventListener("pointermove", move);
      target.removeEventListener("pointerup", end);
      target.removeEventListener("pointercancel", end);
      this.commit();
    };
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", end);
    target.addEventListener("pointercancel", end);
  }

  grab(event) {
    this.canvas.setPointerCapture(event.pointerId);
    const [x, from] = [event.clientX, this.position];
    this.follow(event, this.canvas, (moved) => from + (moved.clientX - x) / this.canvas.clientWidth);
  }

  grabStrip(event) {
    if (!stripPicture(event)) return;
    this.scrub(stripPosition(event));
    this.follow(event, document, stripPosition);
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

  publish() {
    this.serial = Math.max(this.serial + 1, Date.now());
    this.sent = this.serial;
    this.canvas.dataset.sent = this.sent;
    this.send("place", {
      position: this.position,
      way: this.find('[aria-label="Loop"]').value,
      ease: this.isEased,
      speed: this.speed,
      number: this.serial,
    });
  }

  // ---- play

  get isEased() {
    return this.find('[aria-label="Easing"]').value === "ease";
  }

  get speed() {
    return Number(this.find('[aria-label="Speed"]').value);
  }

  get position() {
    return this.place <= this.legs
      ? this.place / this.legs
      : 1 - (this.place - this.legs); // on the closing leg
  }

  play(isOn, isTold = true) {
    const wasOn = Boolean(this.timer);
    cancelAnimationFrame(this.timer);
    this.timer = 0;
    const button = this.find("button");
    button.setAttribute("aria-pressed", String(isOn));
    button.textContent = isOn ? "❚❚ Hold" : "▶ Play";
    if (!isOn) {
      this.place = this.position * this.legs;
      if (wasOn && isTold) this.publish();
      return;
    }
    const begin = performance.now();
    const leg = Math.floor(this.place);
    const from = this.isEased ? leg + unsmooth(this.place - leg) : this.place;
    const tick = (now) => {
      const passed = (Math.max(0, now - begin) / 1000 / LEG_SECONDS) * this.speed;
      this.place = this.placeAt(from + passed);
      this.showPlace();
      this.ask();
      this.timer = requestAnimationFrame(tick);
    };
    this.timer = requestAnimationFrame(tick);
  }

  // Where the player is after this many legs.
  placeAt(gone) {
    const isAround = this.find('[aria-label="Loop"]').value === "around";
    const round = isAround ? this.legs + 1 : 2 * this.legs;
    let place = gone % round;
    if (!isAround && place > this.legs) place = round - place;
    const leg = Math.floor(place);
    return this.isEased ? leg + smooth(place - leg) : place;
  }

  pointAt(place) {
    const isClosing = place > this.legs;
    const points = isClosing ? this.closing : this.points;
    const at = clamp((isClosing ? place - this.legs : place) * this.data.fine, 0, points.length - 1);
    const before = Math.min(Math.floor(at), points.length - 2);
    const part = at - before;
    return points[before].map((value, j) => value + part * (points[before + 1][j] - value));
  }

  // ---- pictures

  ask(since = null) {
    if (!this.points) return;
    if (!this.decoder.isOpen) {
      // No socket: the page decodes, one request at a time.
      if ((since !== null || this.timer) && !this.sent) this.publish();
      return;
    }
    const asked = (this.asked = (this.asked || 0) + 1);
    this.canvas.dataset.asked = asked;
    this.decoder.ask("face", [this.pointAt(this.place)], ([image]) => {
      this.paint(image);
      this.canvas.dataset.shown = asked;
      if (since !== null) this.time(performance.now() - since);
    });
  }

  paint(image) {
    if (!image) return;
    this.image = image;
    paint(this.canvas, image, this.canvas.clientWidth || 320);
    this.frames += 1;
    this.canvas.dataset.frame = this.frames;
  }

  // The page's own picture: at first, and where there is no socket.
  paintAddress(address) {
    const picture = new Image();
    picture.onload = () => {
      if (this.decoder.isOpen && this.image) return;
      const { width, height } = picture;
      const sheet = new OffscreenCanvas(width, height).getContext("2d");
      sheet.drawImage(picture, 0, 0);
      this.paint(sheet.getImageData(0, 0, width, height));
    };
    picture.src = address;
  }

  // ---- words

  showPlace() {
    this.input.value = this.position;
    this.input.style.setProperty("--part", `${100 * this.position}%`);
    this.input.setAttribute("aria-valuetext", `${Math.round(100 * this.position)} percent`);
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

function stripPicture(event) {
  return event.target instanceof Element && event.target.closest(STRIP);
}

// Where on the path a pointer is that moves along the strip.
function stripPosition(event) {
  const boxes = [...document.querySelectorAll(STRIP)].map((one) => one.getBoundingClientRect());
  const away = (box) => Math.hypot(
    Math.max(box.left - event.clientX, 0, event.clientX - box.right),
    Math.max(box.top - event.clientY, 0, event.clientY - box.bottom),
  );
  const nearest = boxes.reduce((best, box, i) => (away(box) < away(boxes[best]) ? i : best), 0);
  const box = boxes[nearest];
  const aside = clamp((event.clientX - box.left) / box.width - 0.5, -0.5, 0.5);
  return (nearest + aside) / Math.max(1, boxes.length - 1);
}

function pointsOf(text, latentDim) {
  const numbers = new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  return Array.from({ length: numbers.length / latentDim }, (_, i) =>
    numbers.subarray(i * latentDim, (i + 1) * latentDim));
}

function clamp(value, low, high) {
  return value < low ? low : value > high ? high : value;
}

function smooth(part) {
  return part * part * (3 - 2 * part);
}

function unsmooth(value) {
  return 0.5 - Math.sin(Math.asin(1 - 2 * value) / 3);
}
