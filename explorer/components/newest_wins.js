// @ts-check
// Requests of which one is under way at a time; of those that wait for the same, the newest wins.

/** @template T */
export class NewestWins {
  /** @param {string} first  what goes before everything else */
  constructor(first) {
    this.first = first;
    /** @type {Map<string, T>} */
    this.waiting = new Map(); // what for -> the newest request
    this.isBusy = false;
  }

  /**
   * Let a request wait; an earlier one for the same is dropped.
   * @param {string} what
   * @param {T} request
   */
  put(what, request) {
    this.waiting.set(what, request);
  }

  /**
   * The next request, which is under way from now on; null while another one is, or none waits.
   * @returns {T | null}
   */
  take() {
    if (this.isBusy) return null;
    for (const what of [this.first, ...this.waiting.keys()]) {
      const request = this.waiting.get(what);
      if (request === undefined) continue;
      this.waiting.delete(what);
      this.isBusy = true;
      return request;
    }
    return null;
  }

  /** The request that was under way is answered, or never will be. */
  done() {
    this.isBusy = false;
  }
}
