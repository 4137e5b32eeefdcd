// A map of images on a canvas. Columns of coordinates and colours, and sheets of thumbnails, come
// from the server once; panning, zooming, pointing at and colouring ask nobody. What a click or a
// lasso chooses goes to the page.
//
// A row is a place in the columns. Coordinates: of the map, or [x, y] in pixels of the screen.

const mounts = new WeakMap();
const columns = new Map(); // address -> promise of an ArrayBuffer, the newest last
const memory = new Map(); // address of the points -> {view, group}
const REACH = 14; // pixels from a point that still mean it
const CARD = 96; // pixels a side, of the face that is pointed at
const MAX_FACES = 250; // in view, to be drawn as faces
const CROWD = 20; // points in a cell that are a density
const CELL = 2; // pixels a side, of a density
const BATCH = 48; // thumbnails in one request
const KEPT_TILES = 4000;
const UNKNOWN = 255;

export default function show(component) {
  let mount = mounts.get(component.parentElement);
  if (!mount) {
    mount = new MapView(component.parentElement);
    mounts.set(component.parentElement, mount);
  }
  mount.update(component.data, component.setStateValue);
  return () => mount.rest();
}

// ------------------------------------------------------------------------------ what is fetched

function fetched(address) {
  let block = columns.get(address);
  columns.delete(address);
  if (!block) {
    block = get(address).then((answer) => answer.arrayBuffer());
    block.catch(() => columns.delete(address));
  }
  columns.set(address, block);
  if (columns.size > 8) columns.delete(columns.keys().next().value);
  return block;
}

async function get(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 200));
  return answer;
}

class Thumbnails {
  constructor(address, perRow, onLoad) {
    Object.assign(this, { address, perRow, onLoad });
    this.tiles = new Map(); // image -> {sheet, x, y, side}
    this.asked = new Set();
    this.flights = 0;
  }

  // All of `images` that are not here nor on their way, in sheets, at most two of them at once.
  ask(images) {
    const missing = images.filter((image) => !this.tiles.has(image) && !this.asked.has(image));
    for (let i = 0; i < missing.length && this.flights < 2; i += BATCH) {
      this.load(missing.slice(i, i + BATCH));
    }
  }

  async load(images) {
    for (const image of images) this.asked.add(image);
    this.flights += 1;
    try {
      const answer = await get(this.address + images.join(","));
      const sheet = await createImageBitmap(await answer.blob());
      const perRow = Math.min(images.length, this.perRow);
      const side = sheet.width / perRow;
      images.forEach((image, i) => {
        const [x, y] = [i % perRow, Math.floor(i / perRow)];
        this.tiles.set(image, { sheet, x: x * side, y: y * side, side });
        this.asked.delete(image);
      });
      for (const image of this.tiles.keys()) {
        if (this.tiles.size <= KEPT_TILES) break;
        this.tiles.delete(image);
      }
    } catch {
      // The point stays a point; it may be asked for again later.
      setTimeout(() => images.forEach((image) => this.asked.delete(image)), 5000);
    }
    this.flights -= 1;
    this.onLoad();
  }

  draw(context, image, x, y, side) {
    const tile = this.tiles.get(image);
    if (tile) context.drawImage(tile.sheet, tile.x, tile.y, tile.side, tile.side, x, y, side, side);
    return Boolean(tile);
  }
}

// ------------------------------------------------------------------------------ which point is near

class Grid {
  constructor(xs, ys, bounds) {
    Object.assign(this, { xs, ys, bounds });
    const side = Math.max(1, Math.ceil(Math.sqrt(xs.length / 3)));
    this.side = side;
    this.width = (bounds.right - bounds.left) / side || 1;
    this.height = (bounds.top - bounds.bottom) / side || 1;
    const cells = new Int32Array(xs.length);
    this.start = new Int32Array(side * side + 1);
    for (let row = 0; row < xs.length; row++) {
      cells[row] = this.row(ys[row]) * side + this.column(xs[row]);
      this.start[cells[row] + 1] += 1;
    }
    for (let i = 0; i < side * side; i++) this.start[i + 1] += this.start[i];
    const next = this.start.slice();
    this.order = new Int32Array(xs.length);
    for (let row = 0; row < xs.length; row++) this.order[next[cells[row]]++] = row;
  }

  column(x) {
    return clamp(Math.floor((x - this.bounds.left) / this.width), 0, this.side - 1);
  }

  row(y) {
    return clamp(Math.floor((y - this.bounds.bottom) / this.height), 0, this.side - 1);
  }

  // The nearest row within `reach`, or -1. Rings of cells are looked through from the inside out.
  nearest(x, y, reach) {
    const [column, row] = [this.column(x), this.row(y)];
    const step = Math.min(this.width, this.height);
    const outside = Math.max(
      this.bounds.left - x, x - this.bounds.right, this.bounds.bottom - y, y - this.bounds.top, 0,
    );
    if (outside > reach) return -1;
    let [best, least] = [-1, reach * reach];
    for (let ring = 0; ring < this.side; ring++) {
      const inner = (ring - 1) * step;
      if (ring > 1 && inner * inner > least) break;
      for (let j = row - ring; j <= row + ring; j++) {
        if (j < 0 || j >= this.side) continue;
        const isEdge = Math.abs(j - row) === ring;
        for (let i = column - ring; i <= column + ring; i += isEdge ? 1 : 2 * ring || 1) {
          if (i < 0 || i >= this.side) continue;
          for (let k = this.start[j * this.side + i]; k < this.start[j * this.side + i + 1]; k++) {
            const at = this.order[k];
            const distance = (this.xs[at] - x) ** 2 + (this.ys[at] - y) ** 2;
            if (distance <= least) [best, least] = [at, distance];
          }
        }
      }
    }
    return best;
  }
}

// ------------------------------------------------------------------------------ the map

class MapView {
  constructor(parent) {
    this.root = element("div", "map");
    this.root.innerHTML = `
      <div class="ground">
        <canvas class="points" role="application" aria-label="Map" tabindex="0"
          aria-describedby="map-keys"></canvas>
        <canvas class="marks" aria-hidden="true"></canvas>
        <div class="tools">
          <button data-do="lasso" aria-pressed="false" title="Draw around points; or hold Shift">Lasso</button>
          <button data-do="in" aria-label="Zoom in" title="Zoom in (+)">+</button>
          <button data-do="out" aria-label="Zoom out" title="Zoom out (-)">−</button>
          <button data-do="fit" title="Show all (0, or double click)">Fit</button>
        </div>
        <div class="card" hidden><canvas></canvas><b></b><span></span></div>
        <p class="message" role="status"></p>
      </div>
      <div class="legend"></div>
      <p class="keys" id="map-keys">Wheel zooms, drag pans, Shift and drag lassos. With keys: arrows,
        + and −, 0 for all, Enter for the point in the middle, Escape to let go.</p>`;
    if (!this.root.querySelector("canvas").getContext("2d", { alpha: false })) {
      throw new Error("This browser has no canvas.");
    }
    parent.appendChild(this.root);
    this.find = (selector) => this.root.querySelector(selector);
    this.ground = this.find(".ground");
    this.canvas = this.find("canvas.points");
    this.marks = this.find("canvas.marks");
    this.card = this.find(".card");
    this.num = 0;
    this.hovered = -1;
    this.reach = REACH;
    this.side = 0; // of the faces that are drawn, in pixels
    this.serial = 0;
    this.selected = { index: null, point: null };
    this.group = null; // Uint8Array by row, of the lasso
    this.only = null; // the level that the legend points out
    this.pointers = new Map();
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.release(event));
    this.canvas.addEventListener("pointercancel", (event) => this.release(event));
    this.canvas.addEventListener("pointerleave", () => this.hover(-1));
    this.canvas.addEventListener("dblclick", () => this.doubleClick());
    this.canvas.addEventListener("keydown", (event) => this.keyDown(event));
    this.root.addEventListener("click", (event) => this.pressButton(event.target.closest("button")));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.ground);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.onScheme = () => setTimeout(() => this.redraw(), 300);
    this.scheme.addEventListener("change", this.onScheme);
  }

  // ---- what the page says

  update(data, send) {
    const before = this.data || {};
    this.data = data;
    this.send = send;
    this.canvas.dataset.taken = data.number;
    if (before.thumbs !== data.thumbs) {
      this.thumbs = new Thumbnails(data.thumbs, data.columns, () => {
        this.redraw();
        this.showCard();
      });
    }
    if (data.number >= this.serial) {
      const isNews = this.selected.index !== data.selected.index;
      this.selected = data.selected;
      if (!data.selected.is_group) this.group = null;
      if (isNews && before.points === data.points) this.bringIntoView(data.selected.index);
    }
    if (before.points !== data.points) this.load(data);
    else if (before.colours !== data.colours) this.loadColours(data);
    this.redraw();
  }

  async load(data) {
    if (this.place) memory.set(this.place, { view: this.view, group: this.group });
    this.num = 0;
    this.say("Loading the points ...");
    try {
      const [points] = await Promise.all([fetched(data.points), fetched(data.colours)]);
      if (this.data.points !== data.points) return;
      const num = points.byteLength / 12;
      this.xs = new Float32Array(points, 0, num);
      this.ys = new Float32Array(points, 4 * num, num);
      this.images = new Uint32Array(points, 8 * num, num);
      this.num = num;
      this.bounds = boundsOf(this.xs, this.ys);
      this.grid = new Grid(this.xs, this.ys, this.bounds);
      this.rowOf = null;
      this.visible = new Int32Array(num);
      this.levels = new Uint8Array(num);
      this.hovered = -1;
      this.place = data.points;
      const kept = memory.get(this.place);
      this.view = kept && kept.view;
      this.group = this.selected.is_group && kept ? kept.group : null;
      if (memory.size > 32) memory.delete(memory.keys().next().value);
      await this.loadColours(this.data);
      this.say(num ? "" : "There are no points.");
    } catch (error) {
      if (this.data.points !== data.points) return;
      for (const canvas of [this.canvas, this.marks]) canvas.width = canvas.width; // wipes it
      this.buffer = null;
      this.canvas.style.visibility = "hidden"; // an opaque canvas is black when it is wiped
      this.say(`The points did not come: ${error.message}`);
    }
  }

  async loadColours(data) {
    try {
      const block = await fetched(data.colours);
      if (this.data.colours !== data.colours || this.place !== data.points) return;
      const hasValues = block.byteLength > this.num;
      this.values = hasValues ? new Float32Array(block, 0, this.num) : null;
      this.levels = new Uint8Array(block, hasValues ? 4 * this.num : 0, this.num);
      this.only = null;
      this.palette = paletteOf(data.legend);
      this.buildLegend(data.legend);
      this.showCard();
      this.redraw();
    } catch (error) {
      this.say(`The colours did not come: ${error.message}`);
    }
  }

  rest() {
    // A panel was closed or drawn anew.
    if (this.place) memory.set(this.place, { view: this.view, group: this.group });
    setTimeout(() => {
      if (this.root.isConnected) return;
      this.observer.disconnect();
      this.scheme.removeEventListener("change", this.onScheme);
    }, 1000);
  }

  say(text) {
    this.find(".message").textContent = text;
  }

  buildLegend({ title, entries, stops, low, high }) {
    const legend = this.find(".legend");
    const name = element("b", "");
    name.textContent = title;
    legend.replaceChildren(name);
    if (!entries.length) {
      const bar = element("i", "scale");
      bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
      legend.append(short(low), bar, short(high));
      return;
    }
    for (const [level, text, colour] of entries) {
      const button = element("button", "entry");
      button.dataset.level = level;
      button.setAttribute("aria-pressed", "false");
      button.title = `Point out ${text}`;
      const dot = element("i", "dot");
      dot.style.background = colour;
      button.append(dot, text);
      legend.append(button);
    }
  }

  // ---- geometry

  resize() {
    const { clientWidth: width, clientHeight: height } = this.ground;
    const ratio = window.devicePixelRatio || 1;
    if (!width || !height) return;
    Object.assign(this, { width, height, ratio });
    for (const canvas of [this.canvas, this.marks]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.buffer = null;
    this.draw(); // at once: a canvas that has been sized is empty
  }

  fit() {
    const { left, right, bottom, top } = this.bounds;
    this.view = {
      x: (left + right) / 2,
      y: (bottom + top) / 2,
      scale: this.fittingScale(),
    };
  }

  fittingScale() {
    const { left, right, bottom, top } = this.bounds;
    const room = 24;
    const across = Math.max(40, this.width - 2 * room) / (right - left || 1);
    const up = Math.max(40, this.height - 2 * room) / (top - bottom || 1);
    return Math.min(across, up);
  }

  toScreen(x, y) {
    const { view } = this;
    return [(x - view.x) * view.scale + this.width / 2, this.height / 2 - (y - view.y) * view.scale];
  }

  toMap(x, y) {
    const { view } = this;
    return [view.x + (x - this.width / 2) / view.scale, view.y - (y - this.height / 2) / view.scale];
  }

  pan(right, down) {
    this.view = {
      ...this.view,
      x: this.view.x - right / this.view.scale,
      y: this.view.y + down / this.view.scale,
    };
    this.redraw();
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const fitting = this.fittingScale();
    const scale = clamp(this.view.scale * factor, fitting / 3, fitting * 3000);
    const [before] = [this.toMap(x, y)];
    this.view = {
      x: before[0] - (x - this.width / 2) / scale,
      y: before[1] + (y - this.height / 2) / scale,
      scale,
    };
    this.redraw();
  }

  bringIntoView(image) {
    const row = this.rowOfImage(image);
    if (row < 0 || !this.view) return;
    const [x, y] = this.toScreen(this.xs[row], this.ys[row]);
    if (x >= 0 && y >= 0 && x <= this.width && y <= this.height) return;
    this.view = { ...this.view, x: this.xs[row], y: this.ys[row] };
  }

  rowOfImage(image) {
    if (image === null || !this.num) return -1;
    if (!this.rowOf) {
      this.rowOf = new Map();
      for (let row = 0; row < this.num; row++) this.rowOf.set(this.images[row], row);
    }
    return this.rowOf.get(image) ?? -1;
  }

  nearest(x, y) {
    if (!this.num || !this.view) return -1;
    return this.grid.nearest(...this.toMap(x, y), this.reach / this.view.scale);
  }

  // ---- hands

  wheel(event) {
    if (!this.view || !this.num) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 33 : 1;
    this.zoom(Math.exp(clamp(-event.deltaY * lines, -300, 300) / 400), event.offsetX, event.offsetY);
  }

  press(event) {
    if (event.button !== 0 || !this.num) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.isDrag = this.pointers.size > 1;
    const isLasso = event.shiftKey || this.find('[data-do="lasso"]').ariaPressed === "true";
    this.lasso = isLasso && !this.isDrag ? [[event.offsetX, event.offsetY]] : null;
    this.from = [event.offsetX, event.offsetY];
  }

  move(event) {
    const [x, y] = [event.offsetX, event.offsetY];
    const last = this.pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType !== "touch") this.hover(this.nearest(x, y));
      return;
    }
    if (Math.hypot(x - this.from[0], y - this.from[1]) > 4) this.isDrag = true;
    if (!this.isDrag) return;
    this.hover(-1);
    if (this.lasso) {
      this.lasso.push([x, y]);
      this.redrawMarks();
      return;
    }
    const other = [...this.pointers].find(([id]) => id !== event.pointerId);
    if (other) {
      const [[, [ox, oy]]] = [other];
      const factor = Math.hypot(x - ox, y - oy) / Math.max(1, Math.hypot(last[0] - ox, last[1] - oy));
      this.zoom(factor, (x + ox) / 2, (y + oy) / 2);
      this.pan((x - last[0]) / 2, (y - last[1]) / 2);
    } else {
      const begin = this.isMoving ? last : this.from;
      this.isMoving = true;
      this.pan(x - begin[0], y - begin[1]);
    }
    this.pointers.set(event.pointerId, [x, y]);
  }

  release(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.isMoving = false;
    const lasso = this.lasso;
    this.lasso = null;
    if (event.type === "pointercancel") return this.redrawMarks();
    if (lasso && this.isDrag) this.closeLasso(lasso);
    else if (!this.isDrag) this.click(event.offsetX, event.offsetY);
  }

  click(x, y) {
    clearTimeout(this.groundTimer);
    const row = this.nearest(x, y);
    if (row >= 0) return this.pick(row);
    const point = this.toMap(x, y);
    // A double click shows all: its first half must not decode.
    this.groundTimer = setTimeout(() => {
      this.choose({ index: null, point });
      this.publish("picked", { point });
    }, 250);
  }

  doubleClick() {
    clearTimeout(this.groundTimer);
    if (!this.num) return;
    this.fit();
    this.redraw();
  }

  pick(row) {
    this.choose({ index: this.images[row], point: null });
    this.publish("picked", { index: this.images[row] });
  }

  choose(selected) {
    this.selected = selected;
    if (this.group) this.redraw();
    this.group = null;
    this.redrawMarks();
  }

  closeLasso(corners) {
    const lasso = corners.map(([x, y]) => this.toMap(x, y));
    const area = boundsOf(lasso.map(([x]) => x), lasso.map(([, y]) => y));
    const group = new Uint8Array(this.num);
    const rows = [];
    for (let row = 0; row < this.num; row++) {
      const [x, y] = [this.xs[row], this.ys[row]];
      if (x < area.left || x > area.right || y < area.bottom || y > area.top) continue;
      if (!isInside(lasso, x, y)) continue;
      group[row] = 1;
      rows.push(row);
    }
    this.setLasso(false);
    if (!rows.length) return this.redrawMarks();
    if (rows.length === 1) return this.pick(rows[0]);
    this.selected = { index: null, point: null };
    this.group = group;
    this.redraw();
    const step = Math.max(1, rows.length / this.data.max_group);
    const num = Math.min(rows.length, this.data.max_group);
    const some = Array.from({ length: num }, (_, i) => this.images[rows[Math.floor(i * step)]]);
    this.publish("group", { indices: some, count: rows.length });
  }

  publish(name, act) {
    this.serial = Math.max(this.serial + 1, Date.now());
    this.canvas.dataset.sent = this.serial;
    this.send(name, { ...act, number: this.serial });
  }

  setLasso(isOn) {
    this.find('[data-do="lasso"]').setAttribute("aria-pressed", String(isOn));
    this.canvas.classList.toggle("lassoing", isOn);
  }

  pressButton(button) {
    if (!button || !this.num) return;
    const { do: action, level } = button.dataset;
    if (action === "lasso") this.setLasso(button.ariaPressed !== "true");
    if (action === "in") this.zoom(1.6);
    if (action === "out") this.zoom(1 / 1.6);
    if (action === "fit") this.doubleClick();
    if (level !== undefined) {
      this.only = this.only === Number(level) ? null : Number(level);
      for (const other of this.root.querySelectorAll(".entry")) {
        other.setAttribute("aria-pressed", String(Number(other.dataset.level) === this.only));
      }
      this.redraw();
    }
  }

  keyDown(event) {
    if (!this.num || !this.view || event.ctrlKey || event.metaKey || event.altKey) return;
    const ways = { ArrowLeft: [48, 0], ArrowRight: [-48, 0], ArrowUp: [0, 48], ArrowDown: [0, -48] };
    const middle = [this.width / 2, this.height / 2];
    if (event.key in ways) this.pan(...ways[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(1 / 1.25);
    else if (event.key === "0" || event.key === "Home") this.doubleClick();
    else if (event.key === "Escape") {
      this.choose({ index: null, point: null });
      this.publish("picked", {});
    } else if (event.key === "Enter") {
      const row = this.grid.nearest(...this.toMap(...middle), this.width / this.view.scale);
      if (row >= 0) this.pick(row);
    } else return;
    event.preventDefault();
    if (event.key in ways || "+=-".includes(event.key)) this.hover(this.nearest(...middle));
  }

  // ---- pointing at

  hover(row) {
    if (row === this.hovered) return;
    this.hovered = row;
    this.redrawMarks();
    this.showCard();
    if (row >= 0 && !this.thumbs.tiles.has(this.images[row])) {
      // The face that is pointed at waits for no others.
      if (!this.thumbs.asked.has(this.images[row])) this.thumbs.load([this.images[row]]);
    }
  }

  showCard() {
    const row = this.hovered;
    this.card.hidden = row < 0;
    if (row < 0 || row >= this.num || !this.view) return;
    const image = this.images[row];
    const [x, y] = this.toScreen(this.xs[row], this.ys[row]);
    const [bold, text] = this.card.querySelectorAll("b, span");
    bold.textContent = `Image ${image}`;
    text.textContent = `${this.data.legend.title}: ${this.valueOf(row)}`;
    const picture = this.card.querySelector("canvas");
    const side = Math.round(CARD * this.ratio);
    picture.width = picture.height = side;
    const context = picture.getContext("2d");
    context.imageSmoothingQuality = "high";
    const isThere = this.thumbs.draw(context, image, 0, 0, side);
    this.card.dataset.image = image;
    this.card.dataset.face = isThere ? image : "";
    const { offsetWidth: width, offsetHeight: height } = this.card;
    const apart = 18 + this.side / 2;
    const left = x + apart + width > this.width ? x - apart - width : x + apart;
    const top = clamp(y - height / 2, 4, Math.max(4, this.height - height - 4));
    this.card.style.transform = `translate(${Math.max(4, left)}px, ${top}px)`;
  }

  valueOf(row) {
    const level = this.levels[row];
    if (this.values) return level === UNKNOWN ? "unknown" : short(this.values[row]);
    const entry = this.data.legend.entries.find(([other]) => other === level);
    return entry ? entry[1] : "unknown";
  }

  // ---- drawing

  redraw() {
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  redrawMarks() {
    this.markFrame ||= requestAnimationFrame(() => this.drawMarks());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.width || !this.num || !this.palette) return;
    if (!this.view) this.fit();
    const context = this.canvas.getContext("2d", { alpha: false });
    const { width, height } = this.canvas;
    if (!this.buffer) {
      this.picture = context.createImageData(width, height);
      this.buffer = new Uint32Array(this.picture.data.buffer);
    }
    this.buffer.fill(toWord(colourOf(this.style("--st-background-color", "#ffffff"))));
    const num = this.look();
    const isCrowded = num > 3000 && this.isCrowded(num);
    if (isCrowded) this.drawDensity(num);
    else this.drawPoints(num);
    context.putImageData(this.picture, 0, 0);
    const isFaces = num <= MAX_FACES;
    this.side = isFaces ? this.sideOf(num) : 0;
    this.reach = Math.max(REACH, 0.6 * this.side);
    if (isFaces) this.drawFaces(context, num);
    this.canvas.style.visibility = "";
    this.canvas.dataset.mode = isCrowded ? "density" : isFaces ? "faces" : "points";
    this.canvas.dataset.points = this.num;
    this.drawMarks();
    this.showCard();
  }

  style(name, otherwise) {
    return getComputedStyle(this.root).getPropertyValue(name).trim() || otherwise;
  }

  // What a place on the map is on the canvas: x * scale + across, up - y * scale.
  projection() {
    const scale = this.view.scale * this.ratio;
    return {
      scale,
      across: this.canvas.width / 2 - this.view.x * scale,
      up: this.canvas.height / 2 + this.view.y * scale,
    };
  }

  // Fills `visible` with the rows in view. Returns how many they are.
  look() {
    const { xs, ys, visible } = this;
    const [left, top] = this.toMap(-8, -8);
    const [right, bottom] = this.toMap(this.width + 8, this.height + 8);
    let num = 0;
    for (let row = 0; row < this.num; row++) {
      const [x, y] = [xs[row], ys[row]];
      if (x >= left && x <= right && y >= bottom && y <= top) visible[num++] = row;
    }
    return num;
  }

  // The cell of a density that each row in view lies in. Returns {counts, wide, cell}.
  cells(num, cell) {
    const { scale, across, up } = this.projection();
    const wide = Math.ceil(this.canvas.width / cell) + 1;
    const high = Math.ceil(this.canvas.height / cell) + 1;
    const counts = new Uint32Array(wide * high);
    if (!this.cellOf || this.cellOf.length < this.num) this.cellOf = new Int32Array(this.num);
    const { xs, ys, visible, cellOf } = this;
    for (let i = 0; i < num; i++) {
      const row = visible[i];
      const x = ((xs[row] * scale + across) / cell) | 0;
      const y = ((up - ys[row] * scale) / cell) | 0;
      const at = clamp(y, 0, high - 1) * wide + clamp(x, 0, wide - 1);
      cellOf[i] = at;
      counts[at] += 1;
    }
    return { counts, wide, high };
  }

  // Whether a good part of the points in view lie more than CROWD to a cell.
  isCrowded(num) {
    const { counts } = this.cells(num, Math.round(2 * CELL * this.ratio));
    let crowded = 0;
    for (let i = 0; i < counts.length; i++) if (counts[i] > CROWD) crowded += counts[i];
    return crowded > num / 4;
  }

  isDim(row) {
    return (this.group && !this.group[row]) || (this.only !== null && this.levels[row] !== this.only);
  }

  get hasDim() {
    return Boolean(this.group) || this.only !== null;
  }

  // Each cell has the mean colour of its points, the stronger the more they are.
  drawDensity(num) {
    const cell = Math.round(CELL * this.ratio);
    const { counts, wide, high } = this.cells(num, cell);
    const sums = new Float32Array(4 * counts.length);
    const { visible, cellOf, levels, palette, hasDim } = this;
    let most = 1;
    for (let i = 0; i < num; i++) {
      const row = visible[i];
      const colour = palette[levels[row]];
      const weight = hasDim && this.isDim(row) ? 0.04 : 1;
      const at = 4 * cellOf[i];
      sums[at] += weight * (colour & 255);
      sums[at + 1] += weight * ((colour >> 8) & 255);
      sums[at + 2] += weight * ((colour >> 16) & 255);
      sums[at + 3] += weight;
    }
    for (let i = 3; i < sums.length; i += 4) if (sums[i] > most) most = sums[i];
    const { width, height } = this.canvas;
    const full = Math.log1p(most);
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < wide; x++) {
        const at = 4 * (y * wide + x);
        const weight = sums[at + 3];
        if (!weight) continue;
        const part = Math.log1p(weight) / full;
        const alpha = Math.round(256 * Math.min(1, weight) * (0.3 + 0.7 * part));
        const colour = (sums[at] / weight) | ((sums[at + 1] / weight) << 8)
          | ((sums[at + 2] / weight) << 16);
        const right = Math.min(width, (x + 1) * cell);
        const bottom = Math.min(height, (y + 1) * cell);
        for (let v = y * cell; v < bottom; v++) {
          for (let u = x * cell; u < right; u++) this.blend(v * width + u, colour, alpha);
        }
      }
    }
  }

  blend(at, colour, alpha) {
    const under = this.buffer[at];
    const [red, green, blue] = [under & 255, (under >> 8) & 255, (under >> 16) & 255];
    this.buffer[at] = 0xff000000
      | (red + ((((colour & 255) - red) * alpha) >> 8))
      | ((green + (((((colour >> 8) & 255) - green) * alpha) >> 8)) << 8)
      | ((blue + (((((colour >> 16) & 255) - blue) * alpha) >> 8)) << 16);
  }

  drawPoints(num) {
    const { scale, across, up } = this.projection();
    const { xs, ys, visible, levels, palette, hasDim } = this;
    const { width, height } = this.canvas;
    const disc = discOf(this.ratio * clamp(120 / Math.sqrt(num), 0.8, 4.5));
    const draw = (dim) => {
      const mask = disc.alpha.map((alpha) => (dim ? 0.15 : 0.9) * alpha);
      for (let i = 0; i < num; i++) {
        const row = visible[i];
        if (hasDim && Boolean(this.isDim(row)) !== dim) continue;
        const x = Math.round(xs[row] * scale + across) - disc.middle;
        const y = Math.round(up - ys[row] * scale) - disc.middle;
        const colour = palette[levels[row]];
        const isWhole = x >= 0 && y >= 0 && x + disc.side <= width && y + disc.side <= height;
        for (let v = 0, k = 0; v < disc.side; v++) {
          for (let u = 0; u < disc.side; u++, k++) {
            const alpha = mask[k];
            if (!alpha) continue;
            if (!isWhole && (x + u < 0 || y + v < 0 || x + u >= width || y + v >= height)) continue;
            this.blend((y + v) * width + x + u, colour, alpha);
          }
        }
      }
    };
    if (hasDim) draw(true);
    draw(false);
  }

  // Of a face, where so many are to be seen, in steps: it must not flicker while one pans.
  sideOf(num) {
    const area = (this.width * this.height) / Math.max(1, num);
    return clamp(8 * Math.floor((0.75 * Math.sqrt(area)) / 8), 24, 64);
  }

  drawFaces(context, num) {
    const { side } = this;
    const missing = [];
    context.save();
    context.scale(this.ratio, this.ratio);
    context.imageSmoothingQuality = "high";
    context.lineWidth = 2;
    for (let i = 0; i < num; i++) {
      const row = this.visible[i];
      const image = this.images[row];
      const [x, y] = this.toScreen(this.xs[row], this.ys[row]);
      context.globalAlpha = this.isDim(row) ? 0.2 : 1;
      if (this.thumbs.draw(context, image, x - side / 2, y - side / 2, side)) {
        context.strokeStyle = toText(this.palette[this.levels[row]]);
        context.strokeRect(x - side / 2, y - side / 2, side, side);
      } else missing.push(image);
    }
    context.restore();
    clearTimeout(this.faceTimer);
    if (missing.length) this.faceTimer = setTimeout(() => this.thumbs.ask(missing), 60);
  }

  // A ring around a point, or a frame around its face.
  trace(context, row, radius) {
    const [x, y] = this.toScreen(this.xs[row], this.ys[row]);
    const half = this.side / 2 + 1;
    context.beginPath();
    if (this.side && this.thumbs.draw(context, this.images[row], x - half, y - half, 2 * half)) {
      context.rect(x - half, y - half, 2 * half, 2 * half);
    } else context.arc(x, y, radius, 0, 2 * Math.PI);
  }

  drawMarks() {
    cancelAnimationFrame(this.markFrame);
    this.markFrame = 0;
    if (!this.view || !this.num) return;
    const context = this.marks.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    const ink = this.style("--st-text-color", "#000000");
    const paper = this.style("--st-background-color", "#ffffff");
    const accent = this.style("--st-primary-color", "#6d4aff");
    const stroke = (colour) => {
      for (const [width, style] of [[4.5, paper], [2, colour]]) {
        context.lineWidth = width;
        context.strokeStyle = style;
        context.stroke();
      }
    };
    if (this.data.trail) this.drawTrail(context, this.data.trail, ink, paper, accent);
    const row = this.rowOfImage(this.selected.index);
    const { ellipse } = this.data;
    if (row >= 0) {
      const [x, y] = this.toScreen(this.xs[row], this.ys[row]);
      if (ellipse && ellipse.index === this.selected.index) {
        const [along, aside] = ellipse.axes.map((length) => length * this.view.scale);
        for (const sigmas of [1, 2]) {
          context.beginPath();
          context.ellipse(x, y, sigmas * along, sigmas * aside, -ellipse.angle, 0, 2 * Math.PI);
          context.setLineDash(sigmas === 2 ? [5, 4] : []);
          context.globalAlpha = 0.12;
          context.fillStyle = accent;
          context.fill();
          context.globalAlpha = 0.9;
          stroke(accent);
        }
        context.setLineDash([]);
        context.globalAlpha = 1;
      }
      this.trace(context, row, 8);
      stroke(ink);
    }
    if (this.selected.point) {
      const [x, y] = this.toScreen(...this.selected.point);
      context.beginPath();
      for (const [u, v] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + 3 * u, y + 3 * v);
        context.lineTo(x + 11 * u, y + 11 * v);
      }
      stroke(accent);
    }
    if (this.hovered >= 0) {
      this.trace(context, this.hovered, 7);
      stroke(accent);
    }
    if (this.lasso && this.lasso.length > 1) {
      context.beginPath();
      this.lasso.forEach(([x, y]) => context.lineTo(x, y));
      context.closePath();
      context.globalAlpha = 0.12;
      context.fillStyle = accent;
      context.fill();
      context.globalAlpha = 1;
      stroke(accent);
    }
    this.canvas.dataset.hovered = this.hovered < 0 ? "" : this.images[this.hovered];
    this.canvas.dataset.selected = this.selected.index ?? "";
    this.canvas.dataset.trail = this.data.trail ? this.data.trail.line.length : "";
  }

  // A path: a line with a tick a step and a letter at each of its keys; dashed, the way back.
  drawTrail(context, { line, back, letters }, ink, paper, accent) {
    const places = line.map(([x, y]) => this.toScreen(x, y));
    const stroke = (points, widths) => {
      context.beginPath();
      points.forEach(([x, y]) => context.lineTo(x, y));
      for (const [width, colour] of widths) {
        context.lineWidth = width;
        context.strokeStyle = colour;
        context.stroke();
      }
    };
    context.save();
    context.lineJoin = "round";
    stroke(places, [[7, paper], [3, accent]]);
    context.strokeStyle = accent;
    context.fillStyle = paper;
    context.lineWidth = 1.5;
    for (const [x, y] of places) {
      context.beginPath();
      context.arc(x, y, 3, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    context.setLineDash([5, 4]);
    stroke(back.map(([x, y]) => this.toScreen(x, y)), [[2, ink]]);
    context.setLineDash([]);
    context.font = `700 12px ${this.style("--st-font", "sans-serif")}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    [...letters].forEach((letter, i) => {
      const [x, y] = places[Math.round((i * (places.length - 1)) / (letters.length - 1))];
      context.beginPath();
      context.arc(x, y, 11, 0, 2 * Math.PI);
      context.fillStyle = accent;
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = paper;
      context.stroke();
      context.fillStyle = paper;
      context.fillText(letter, x, y + 1);
    });
    context.restore();
  }
}

// ------------------------------------------------------------------------------ small parts

function element(tag, name) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  return made;
}

function clamp(value, low, high) {
  return value < low ? low : value > high ? high : value;
}

function short(value) {
  return String(Number(value.toPrecision(3)));
}

function boundsOf(xs, ys) {
  const bounds = { left: Infinity, right: -Infinity, bottom: Infinity, top: -Infinity };
  for (let row = 0; row < xs.length; row++) {
    if (xs[row] < bounds.left) bounds.left = xs[row];
    if (xs[row] > bounds.right) bounds.right = xs[row];
    if (ys[row] < bounds.bottom) bounds.bottom = ys[row];
    if (ys[row] > bounds.top) bounds.top = ys[row];
  }
  return bounds;
}

// Whether a point lies inside corners, by the number of sides to its right.
function isInside(corners, x, y) {
  let inside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [[ax, ay], [bx, by]] = [corners[i], corners[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

// A disc with a soft edge: how much of each pixel it covers, of 256.
function discOf(radius) {
  const middle = Math.ceil(radius);
  const side = 2 * middle + 1;
  const alpha = new Uint16Array(side * side);
  for (let v = 0; v < side; v++) {
    for (let u = 0; u < side; u++) {
      const part = radius + 0.5 - Math.hypot(u - middle, v - middle);
      alpha[v * side + u] = Math.round(256 * clamp(part, 0, 1));
    }
  }
  return { side, middle, alpha };
}

// A colour of the page, "#rrggbb" or "rgb(...)", as [red, green, blue].
function colourOf(text) {
  if (/^#[0-9a-f]{6}$/i.test(text)) return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

function toWord([red, green, blue]) {
  return (0xff000000 | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

function toText(word) {
  return `rgb(${word & 255}, ${(word >> 8) & 255}, ${(word >> 16) & 255})`;
}

// The colour of each level as a word of an image.
function paletteOf({ entries, stops, unknown }) {
  const palette = new Uint32Array(256).fill(toWord(colourOf(unknown)));
  for (const [level, , colour] of entries) palette[level] = toWord(colourOf(colour));
  if (entries.length) return palette;
  const colours = stops.map(colourOf);
  for (let level = 0; level < UNKNOWN; level++) {
    const place = (level / (UNKNOWN - 1)) * (colours.length - 1);
    const from = Math.min(Math.floor(place), colours.length - 2);
    const part = place - from;
    palette[level] = toWord(colours[from].map((c, i) => c + part * (colours[from + 1][i] - c)));
  }
  return palette;
}
