// @ts-check
// Numbers: kept within bounds, and written.

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 * @returns {number}
 */
export function clamp(value, low, high) {
  return Math.max(low, Math.min(value, high));
}

/**
 * A number in three digits.
 * @param {number} value
 * @returns {string}
 */
export function short(value) {
  return String(Number(value.toPrecision(3)));
}
