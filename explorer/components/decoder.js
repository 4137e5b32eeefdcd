// The decode socket as the scripts of the page use it: points in, pictures out, and how to paint one.
//
// point: Float32Array [D]. An image is an ImageData.

const REFUSED = 4400;

export class Decoder {
  // One request in flight; of those that wait, the newest wins.
  constructor(onState) {
    this.onState = onState;
    this.number = 0;
    this.waiting = new Map(); // what for -> {points, done}
    this.flight = null;
    this.pause = 250;
  }

  open(path) {
    if (this.path === path && this.socket && this.socket.readyState <= 1) return;
    this.close();
    this.path = path;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${path}`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.pause = 250;
      this.onState("socket");
      this.next();
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.flight = null;
      this.onState("page");
      if (event.code === REFUSED) return;
      this.timer = setTimeout(() => this.open(path), this.pause);
      this.pause = Math.min(5000, 2 * this.pause);
    };
  }

  close() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.flight = null;
    if (socket) socket.close();
  }

  get isOpen() {
    return Boolean(this.socket) && this.socket.readyState === 1;
  }

  // `what`: requests for the same thing replace each other; "face" goes first.
  ask(what, points, done) {
    this.waiting.set(what, { points, done });
    this.next();
  }

  next() {
    if (this.flight || !this.isOpen || !this.waiting.size) return;
    const what = this.waiting.has("face") ? "face" : this.waiting.keys().next().value;
    const { points, done } = this.waiting.get(what);
    this.waiting.delete(what);
    const size = points[0].length;
    const message = new ArrayBuffer(8 + 4 * size * points.length);
    const header = new DataView(message);
    this.number += 1;
    header.setUint32(0, this.number, true);
    header.setUint32(4, points.length, true);
    points.forEach((point, i) => new Float32Array(message, 8 + 4 * size * i, size).set(point));
    this.flight = { number: this.number, done };
    this.socket.send(message);
  }

  receive(reply) {
    const header = new DataView(reply);
    const flight = this.flight;
    this.flight = null;
    if (flight && header.getUint32(0, true) === flight.number) {
      const shape = [8, 10, 12, 14].map((place) => header.getUint16(place, true));
      flight.done(toImages(new Uint8Array(reply, 16), shape));
    }
    this.next();
  }
}

export function toImages(bytes, [num, height, width, channels]) {
  const images = [];
  const size = height * width;
  for (let i = 0; i < num; i++) {
    const image = new ImageData(width, height);
    const words = new Uint32Array(image.data.buffer);
    let from = i * size * channels;
    for (let j = 0; j < size; j++, from += channels) {
      const red = bytes[from];
      words[j] = channels === 3
        ? 0xff000000 | (bytes[from + 2] << 16) | (bytes[from + 1] << 8) | red
        : 0xff000000 | (red << 16) | (red << 8) | red;
    }
    images.push(image);
  }
  return images;
}

export function paint(canvas, image, side) {
  const size = Math.round(side * (window.devicePixelRatio || 1));
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(toCanvas(image), 0, 0, size, size);
}

let scratch = null;
export function toCanvas(image) {
  if (!scratch || scratch.width !== image.width || scratch.height !== image.height) {
    scratch = new OffscreenCanvas(image.width, image.height);
  }
  scratch.getContext("2d").putImageData(image, 0, 0);
  return scratch;
}

// What a panel says of its speed. `times`: from hand to picture, in milliseconds; `path`: "socket",
// or "page" where there is none.
export function speedWords(times, path) {
  const names = { socket: "by socket", page: "by page runs (no socket)" };
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  const speed = sorted.length > 4
    ? `hand to picture p50 ${at(0.5).toFixed(0)} ms, p95 ${at(0.95).toFixed(0)} ms, `
    : "";
  return speed + names[path];
}
