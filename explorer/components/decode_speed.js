// @ts-check
// How fast pictures come, in words.

const WAYS = { socket: "by socket", page: "by page runs (no socket)" };
const FEWEST = 5; // times, to be spoken of

/**
 * @param {number[]} times  from hand to picture, in milliseconds
 * @param {keyof typeof WAYS} way
 * @returns {string}
 */
export function speedWords(times, way) {
  if (times.length < FEWEST) return WAYS[way];
  const sorted = [...times].sort((a, b) => a - b);
  const at = (/** @type {number} */ part) =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(0);
  return `hand to picture p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ${WAYS[way]}`;
}
