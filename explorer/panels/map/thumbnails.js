// @ts-check
// What the map fetches from the server: columns of numbers, and sheets of thumbnails.

const KEPT_BLOCKS = 8;
const KEPT_TILES = 4000;
const BATCH = 48; // thumbnails in one request
const MAX_FLIGHTS = 2; // requests at once
const TRIED_AGAIN = 5000; // milliseconds after a request that failed

/** @type {Map<string, Promise<ArrayBuffer>>} */
const blocks = new Map(); // by address, the newest last

/**
 * The bytes at an address, fetched once.
 * @param {string} address
 * @returns {Promise<ArrayBuffer>}
 */
export function fetched(address) {
  let block = blocks.get(address);
  blocks.delete(address);
  if (!block) {
    block = get(address).then((answer) => answer.arrayBuffer());
    block.catch(() => blocks.delete(address));
  }
  blocks.set(address, block);
  for (const oldest of blocks.keys()) {
    if (blocks.size <= KEPT_BLOCKS) break;
    blocks.delete(oldest);
  }
  return block;
}

/** @param {string} address */
async function get(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 200));
  return answer;
}

/** @typedef {{ sheet: ImageBitmap, x: number, y: number, side: number }} Tile */

export class Thumbnails {
  /**
   * @param {string} address  to which the images are added, with commas between them
   * @param {number} perRow  tiles, at most
   * @param {() => void} onLoad
   */
  constructor(address, perRow, onLoad) {
    this.address = address;
    this.perRow = perRow;
    this.onLoad = onLoad;
    /** @type {Map<number, Tile>} */
    this.tiles = new Map(); // by image
    /** @type {Set<number>} */
    this.asked = new Set(); // images on their way
    this.flights = 0;
  }

  /**
   * Ask for all of `images` that are neither here nor on their way, in sheets.
   * @param {number[]} images
   */
  ask(images) {
    const missing = images.filter((image) => !this.isKnown(image));
    for (let i = 0; i < missing.length && this.flights < MAX_FLIGHTS; i += BATCH) {
      this.load(missing.slice(i, i + BATCH));
    }
  }

  /**
   * Ask for one image at once: it waits for no others.
   * @param {number} image
   */
  hurry(image) {
    if (!this.isKnown(image)) this.load([image]);
  }

  /** @param {number} image */
  isKnown(image) {
    return this.tiles.has(image) || this.asked.has(image);
  }

  /** @param {number[]} images */
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
      for (const oldest of this.tiles.keys()) {
        if (this.tiles.size <= KEPT_TILES) break;
        this.tiles.delete(oldest);
      }
    } catch {
      // The point stays a point; it may be asked for again later.
      setTimeout(() => {
        for (const image of images) this.asked.delete(image);
      }, TRIED_AGAIN);
    }
    this.flights -= 1;
    this.onLoad();
  }

  /**
   * Draw a thumbnail, where it is here. Returns whether it is.
   * @param {CanvasRenderingContext2D} context
   * @param {number} image
   * @param {number} x
   * @param {number} y
   * @param {number} side
   * @returns {boolean}
   */
  draw(context, image, x, y, side) {
    const tile = this.tiles.get(image);
    if (tile) context.drawImage(tile.sheet, tile.x, tile.y, tile.side, tile.side, x, y, side, side);
    return Boolean(tile);
  }
}
