// @ts-check
// Sends what was dropped, and goes on by itself where a lost connection ended.

const WAITS = [1, 2, 4, 8, 15, 30]; // seconds before each new try that brings nothing further

/** That the connection was lost: what was being sent may be sent on. */
export class LostError extends Error {}

/**
 * @typedef {object} Ways
 * @property {(path: string, body: Blob | string, headers: Record<string, string>,
 *   told?: (bytes: number) => void) => Promise<string>} post  throws a LostError, or another for good
 * @property {(headers: Record<string, string>) => void} forget  lets go what the server has
 * @property {(seconds: number) => Promise<void>} wait
 * @property {(bytes: number) => void} sent  is told how many bytes of the files are there
 * @property {() => void} lost  is told that the connection is tried again
 */

/**
 * Send the files to the server. Returns the name of the set that they have become there.
 * @param {string} announced  the line with their names and sizes
 * @param {Blob} files  one after the other
 * @param {Ways} ways
 * @returns {Promise<string>}
 */
export async function send(announced, files, { post, forget, wait, sent, lost }) {
  const headers = { "X-Upload-Set": word() };
  const before = new Blob([announced]).size;
  /** @type {number | null} */
  let from = null; // the bytes that the server has; null: not even their names
  let isHeldKnown = true;
  for (let tries = 0; ; ) {
    try {
      if (!isHeldKnown) {
        const held = JSON.parse(await post("live/uploads/held", "", headers));
        if (held.name !== null) return held.name; // only the answer was lost
        if ((held.num_bytes ?? 0) > (from ?? 0)) tries = 0;
        [from, isHeldKnown] = [held.num_bytes, true];
      }
      if (from === null) {
        await post("live/uploads/room", announced, headers);
        const told = (/** @type {number} */ bytes) => sent(Math.max(0, bytes - before));
        return nameIn(await post("live/uploads", new Blob([announced, files]), headers, told));
      }
      const start = from;
      const rest = { ...headers, "X-Upload-From": String(start) };
      const told = (/** @type {number} */ bytes) => sent(start + bytes);
      return nameIn(await post("live/uploads", files.slice(start), rest, told));
    } catch (error) {
      if (!(error instanceof LostError) || tries === WAITS.length) {
        forget(headers);
        throw error;
      }
      lost();
      await wait(WAITS[tries]).catch((ended) => {
        forget(headers);
        throw ended;
      });
      [tries, isHeldKnown] = [tries + 1, false];
    }
  }
}

/** @param {string} answer */
function nameIn(answer) {
  return JSON.parse(answer).name;
}

/** By which the server knows the set when the connection is another. */
function word() {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
