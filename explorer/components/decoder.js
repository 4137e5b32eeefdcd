// @ts-check
// The decode socket as the scripts of the page use it: points in, pictures out.

import { NOT_LET_THROUGH, refusal, socketAddress } from "./connection.js";
import { NewestWins } from "./newest_wins.js";
import { toImages } from "./pictures.js";

/** @typedef {Float32Array} Point  of the latent space, [D] */
/** @typedef {"socket" | "page"} PathPosition  how pictures come: "page", by runs of the page, without a socket */
/** @typedef {{ points: Point[], done: (images: ImageData[]) => void }} Request */

const REFUSED = 4400; // by the server, for good
const FIRST_PAUSE = 250; // milliseconds before it is tried again
const LONGEST_PAUSE = 5000;
const MOST_TRIES = 3; // of a socket that never answers, while the server answers everything else

/** Why no socket comes through, once that is known; then none is tried again. */
let hindrance = "";

export class Decoder {
  /** @param {(way: PathPosition, hindrance: string) => void} onWay */
  constructor(onWay) {
    this.onWay = onWay;
    this.number = 0;
    /** @type {NewestWins<Request>} */
    this.requests = new NewestWins("face");
    /** @type {{ number: number, done: Request["done"] } | null} */
    this.flight = null;
    this.pause = FIRST_PAUSE;
    this.tries = 0; // since it answered last
    /** @type {WebSocket | null} */
    this.socket = null;
    this.path = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {string} path  of the socket, beside the page; nothing happens where it is open already */
  open(path) {
    if (this.path === path && this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    this.close();
    this.path = path;
    if (hindrance) {
      this.onWay("page", hindrance);
      return;
    }
    const socket = new WebSocket(socketAddress(path));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.pause = FIRST_PAUSE;
      this.onWay("socket", "");
      this.next();
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.land();
      this.onWay("page", "");
      if (event.code !== REFUSED) this.tryAgain(socket);
    };
  }

  /** @param {WebSocket} lost */
  async tryAgain(lost) {
    const why = await refusal();
    if (why !== null) this.tries += 1;
    if (why || this.tries === MOST_TRIES) hindrance = why || NOT_LET_THROUGH;
    if (this.socket !== lost) return;
    if (hindrance) {
      this.onWay("page", hindrance);
      return;
    }
    this.timer = setTimeout(() => this.open(this.path), this.pause);
    this.pause = Math.min(LONGEST_PAUSE, 2 * this.pause);
  }

  close() {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    this.land();
    if (socket) socket.close();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /**
   * @param {string} what  requests for the same thing replace each other; "face" goes first
   * @param {Point[]} points
   * @param {Request["done"]} done
   */
  ask(what, points, done) {
    this.requests.put(what, { points, done });
    this.next();
  }

  next() {
    if (!this.socket || !this.isOpen) return;
    const request = this.requests.take();
    if (!request) return;
    this.number += 1;
    this.flight = { number: this.number, done: request.done };
    this.socket.send(toMessage(this.number, request.points));
  }

  /** @param {ArrayBuffer} reply */
  receive(reply) {
    this.tries = 0;
    const header = new DataView(reply);
    const flight = this.land();
    if (flight && header.getUint32(0, true) === flight.number) {
      const shape = [8, 10, 12, 14].map((place) => header.getUint16(place, true));
      flight.done(toImages(new Uint8Array(reply, 16), shape));
    }
    this.next();
  }

  /** Nothing is under way any more. Returns what was. */
  land() {
    const { flight } = this;
    this.flight = null;
    this.requests.done();
    return flight;
  }
}

/**
 * @param {number} number
 * @param {Point[]} points
 * @returns {ArrayBuffer}
 */
function toMessage(number, points) {
  const size = points[0].length;
  const message = new ArrayBuffer(8 + 4 * size * points.length);
  const header = new DataView(message);
  header.setUint32(0, number, true);
  header.setUint32(4, points.length, true);
  points.forEach((point, i) => {
    new Float32Array(message, 8 + 4 * size * i, size).set(point);
  });
  return message;
}
