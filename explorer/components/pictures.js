// @ts-check
// Decoded pictures: from the bytes of the decode socket onto a canvas.

import { contextOf } from "./elements.js";

const GAP = 2; // pixels between pictures side by side

/**
 * @param {Uint8Array} bytes  [num, height, width, channels]
 * @param {number[]} shape
 * @returns {ImageData[]}
 */
export function toImages(bytes, [num, height, width, channels]) {
  const images = [];
  const size = height * width;
  for (let i = 0; i < num; i++) {
    const image = new ImageData(width, height);
    const words = new Uint32Array(image.data.buffer);
    let from = i * size * channels;
    for (let j = 0; j < size; j++, from += channels) {
      const red = bytes[from];
      words[j] =
        channels === 3
          ? 0xff000000 | (bytes[from + 2] << 16) | (bytes[from + 1] << 8) | red
          : 0xff000000 | (red << 16) | (red << 8) | red;
    }
    images.push(image);
  }
  return images;
}

/**
 * Paint a picture so that it fills a canvas of `side` pixels of the page.
 * @param {HTMLCanvasElement} canvas
 * @param {ImageData} image
 * @param {number} side
 */
export function paint(canvas, image, side) {
  const size = Math.round(side * (window.devicePixelRatio || 1));
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = contextOf(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(toCanvas(image), 0, 0, size, size);
}

/**
 * Paint a square of each picture, side by side.
 * @param {HTMLCanvasElement} canvas
 * @param {ImageData[]} images
 * @param {number} height  in pixels
 * @param {{ left: number, top: number, side: number }} square
 */
export function paintRow(canvas, images, height, { left, top, side }) {
  canvas.width = height * images.length;
  canvas.height = height;
  const context = contextOf(canvas);
  context.imageSmoothingQuality = "high";
  images.forEach((image, i) => {
    const width = height - GAP;
    context.drawImage(toCanvas(image), left, top, side, side, i * height, 0, width, height);
  });
}

/**
 * The picture at an address, once it is here.
 * @param {string} address
 * @param {(image: ImageData) => void} done
 */
export function fetchPicture(address, done) {
  const picture = new Image();
  picture.onload = () => {
    const { width, height } = picture;
    const context = sheetOf(width, height);
    context.clearRect(0, 0, width, height);
    context.drawImage(picture, 0, 0);
    done(context.getImageData(0, 0, width, height));
  };
  picture.src = address;
}

/** @type {OffscreenCanvas | null} */
let scratch = null;

/**
 * @param {number} width
 * @param {number} height
 * @returns {OffscreenCanvasRenderingContext2D}
 */
function sheetOf(width, height) {
  if (!scratch || scratch.width !== width || scratch.height !== height) {
    scratch = new OffscreenCanvas(width, height);
  }
  const context = scratch.getContext("2d");
  if (!context) throw new Error("This browser has no canvas.");
  return context;
}

/** @param {ImageData} image */
function toCanvas(image) {
  const context = sheetOf(image.width, image.height);
  context.putImageData(image, 0, 0);
  return context.canvas;
}
