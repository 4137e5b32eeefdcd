// @ts-check
// Undo and redo: what was, the newest last.

const KEPT = 100;

/** @template T */
export class History {
  constructor() {
    /** @type {T[]} */
    this.past = [];
    /** @type {T[]} */
    this.future = [];
  }

  get canUndo() {
    return this.past.length > 0;
  }

  get canRedo() {
    return this.future.length > 0;
  }

  forget() {
    this.past = [];
    this.future = [];
  }

  /** @param {T} before  what was until now; what had been undone is forgotten */
  keep(before) {
    this.past = [...this.past, before].slice(-KEPT);
    this.future = [];
  }

  /**
   * What was before; null where nothing was.
   * @param {T} now
   * @returns {T | null}
   */
  undo(now) {
    return step(this.past, this.future, now);
  }

  /**
   * What was undone last; null where nothing was.
   * @param {T} now
   * @returns {T | null}
   */
  redo(now) {
    return step(this.future, this.past, now);
  }
}

/**
 * @template T
 * @param {T[]} from
 * @param {T[]} to
 * @param {T} now
 * @returns {T | null}
 */
function step(from, to, now) {
  const there = from.pop();
  if (there === undefined) return null;
  to.push(now);
  return there;
}
