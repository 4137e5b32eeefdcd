// @ts-check
// A button that downloads what lies at an address, which may be large: the browser saves it as it comes.

import { make } from "./elements.js";
import { mounted } from "./mount.js";

/**
 * @typedef {object} Data
 * @property {string} label
 * @property {string} help
 * @property {string} address  beside the page
 */

class Download {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = make("div", "download");
    this.button = make("button");
    this.button.type = "button";
    this.refused = make("p");
    this.refused.setAttribute("role", "alert");
    this.root.append(this.button, this.refused);
    parent.appendChild(this.root);
    this.address = "";
    this.button.addEventListener("click", () => this.save());
  }

  /** @param {Data} data */
  update({ label, help, address }) {
    this.button.textContent = label;
    this.button.title = help;
    if (this.address !== address) this.refused.textContent = "";
    this.address = address;
  }

  end() {}

  async save() {
    const address = new URL(this.address, document.baseURI);
    const asked = await fetch(address, { method: "HEAD" });
    this.refused.textContent = asked.ok ? "" : await (await fetch(address)).text();
    if (!asked.ok) return;
    const link = make("a");
    link.href = address.href;
    link.download = "";
    link.click();
  }
}

export default mounted(Download);
