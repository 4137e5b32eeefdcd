// @ts-check
// The strip of the path's pictures, which the page draws above the player: to scrub along it, too.

import { clamp } from "../../components/numbers.js";

const PICTURES = ".st-key-path_strip img[alt^='Path ']";

/**
 * Whether an event happened on a picture of the strip.
 * @param {Event} event
 * @returns {boolean}
 */
export function isOnStrip(event) {
  return event.target instanceof Element && event.target.closest(PICTURES) !== null;
}

/**
 * Where on the path a pointer is that moves along the strip: 0 at the first picture, 1 at the last.
 * @param {PointerEvent} event
 * @returns {number}
 */
export function stripPosition(event) {
  const pictures = [...document.querySelectorAll(PICTURES)];
  const boxes = pictures.map((picture) => picture.getBoundingClientRect());
  const away = (/** @type {DOMRect} */ box) =>
    Math.hypot(
      Math.max(box.left - event.clientX, 0, event.clientX - box.right),
      Math.max(box.top - event.clientY, 0, event.clientY - box.bottom),
    );
  const nearest = boxes.reduce((best, box, i) => (away(box) < away(boxes[best]) ? i : best), 0);
  const box = boxes[nearest];
  const aside = clamp((event.clientX - box.left) / box.width - 0.5, -0.5, 0.5);
  return (nearest + aside) / Math.max(1, boxes.length - 1);
}
