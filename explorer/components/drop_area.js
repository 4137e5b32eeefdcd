// @ts-check
// Where images, a zip file or a whole folder are dropped or chosen. All files go in one request,
// which the browser reads from their disk as it sends, and in further ones where a connection is
// lost. It goes on when the area is closed, and the page learns of it when the area is open again.

import { chosen, head, progress, walk } from "./dropped_files.js";
import { make } from "./elements.js";
import { mounted } from "./mount.js";
import { post } from "./posting.js";
import { send } from "./resumed_sending.js";

/** @typedef {import("./dropped_files.js").Found} Found */
/** @typedef {import("./mount.js").Send} Send */

/**
 * @typedef {object} Data
 * @property {string} token  by which the server knows its own page
 */

/** What is sent now and what became of it: one set at a time, whichever area it was dropped on. */
class Sending {
  constructor() {
    /** @type {AbortController | null} */
    this.canceller = null; // null: nothing is sent
    this.text = "";
    this.part = 0;
    this.problem = "";
    /** @type {[string, number] | null} */
    this.arrived = null; // of which the page has not been told
    this.changed = () => {};
  }

  /**
   * @param {() => Promise<Found[]>} read
   * @param {string} token
   */
  async send(read, token) {
    if (this.canceller) return;
    this.canceller = new AbortController();
    this.tell("Reading the names of the files ...", 0);
    try {
      this.arrived = [await this.sent(await read(), token, this.canceller.signal), Date.now()];
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.canceller = null;
    this.changed();
  }

  /**
   * @param {Found[]} found
   * @param {string} token
   * @param {AbortSignal} signal
   * @returns {Promise<string>}  the name of the set that it has become
   */
  async sent(found, token, signal) {
    const sizes = found.map(({ file }) => file.size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const sent = (/** @type {number} */ bytes) =>
      this.tell(`Sending: ${progress(sizes, bytes)}`, total ? bytes / total : 1);
    sent(0);
    const own = { "X-Page-Token": token };
    return send(head(found), new Blob(found.map(({ file }) => file)), {
      post: (path, body, headers, told) => post(path, body, { ...headers, ...own }, signal, told),
      forget: (headers) => {
        const unended = new AbortController().signal;
        post("live/uploads/forgotten", "", { ...headers, ...own }, unended).catch(() => {});
      },
      wait: (seconds) => pause(seconds, signal),
      sent,
      lost: () => this.tell("The connection was lost: trying to go on ...", this.part),
    });
  }

  /**
   * @param {string} text
   * @param {number} part
   */
  tell(text, part) {
    [this.text, this.part, this.problem] = [text, part, ""];
    this.changed();
  }
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal  which ends it
 * @returns {Promise<void>}
 */
function pause(seconds, signal) {
  return new Promise((done, failed) => {
    setTimeout(done, 1000 * seconds);
    signal.addEventListener("abort", () => failed(new Error("")));
  });
}

const sending = new Sending();

class DropArea {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = make("div", "area");
    this.files = input("Drop images or a zip");
    this.folder = input("Drop a folder");
    this.folder.webkitdirectory = true;
    this.ways = make("div", "ways");
    this.ways.append(
      make("p", "", "Drag images, a zip or a folder here"),
      button("Choose files", () => this.files.click()),
      button("Choose a folder", () => this.folder.click()),
    );
    this.bar = make("progress");
    this.bar.max = 1;
    this.text = make("p");
    this.text.setAttribute("role", "status");
    this.going = make("div", "going");
    this.going.append(
      this.text,
      this.bar,
      button("Cancel", () => sending.canceller?.abort()),
    );
    this.problem = make("p", "problem");
    this.problem.setAttribute("role", "alert");
    this.root.append(this.files, this.folder, this.ways, this.going, this.problem);
    parent.appendChild(this.root);
    this.token = "";
    /** @type {Send} */
    this.send = () => {};
    for (const chooser of [this.files, this.folder]) {
      chooser.addEventListener("change", () => {
        const found = chosen(chooser.files ?? []);
        chooser.value = ""; // so that the same can be chosen again
        sending.send(async () => found, this.token);
      });
    }
    this.root.addEventListener("dragover", (event) => this.over(event, true));
    this.root.addEventListener("dragleave", (event) => this.over(event, false));
    this.root.addEventListener("drop", (event) => this.drop(event));
  }

  /**
   * @param {Data} data
   * @param {Send} send
   */
  update({ token }, send) {
    this.token = token;
    this.send = send;
    sending.changed = () => this.paint();
    this.paint();
  }

  end() {}

  /**
   * @param {DragEvent} event
   * @param {boolean} isOver
   */
  over(event, isOver) {
    event.preventDefault();
    this.root.classList.toggle("over", isOver);
  }

  /** @param {DragEvent} event */
  drop(event) {
    this.over(event, false);
    // What was dropped is there only until this function returns.
    const items = [...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry());
    const whole = entries.filter((entry) => entry !== null);
    const loose = items.filter((_, i) => !entries[i]).map((item) => item.getAsFile());
    const files = chosen(loose.filter((file) => file !== null));
    sending.send(async () => [...(await walk(whole)), ...files], this.token);
  }

  paint() {
    const isGoing = sending.canceller !== null;
    this.ways.hidden = isGoing;
    this.going.hidden = !isGoing;
    this.text.textContent = sending.text;
    this.bar.value = sending.part;
    this.problem.textContent = sending.problem;
    if (sending.arrived && this.root.isConnected) {
      this.send("arrived", sending.arrived);
      sending.arrived = null;
    }
  }
}

/** @param {string} label */
function input(label) {
  const made = make("input");
  made.type = "file";
  made.multiple = true;
  made.tabIndex = -1; // the button beside it is what a hand reaches
  made.setAttribute("aria-label", label);
  return made;
}

/**
 * @param {string} text
 * @param {() => void} press
 */
function button(text, press) {
  const made = make("button", "", text);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

export default mounted(DropArea);
