// @ts-check
// Elements of the page: found, made, drawn on, and followed while a hand holds them.

/**
 * The element that `selector` names, which must be there and of this kind.
 * @template {Element} E
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} kind
 * @returns {E}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`There is no ${selector} here.`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/**
 * The button that an event happened in, if any.
 * @param {Event} event
 * @returns {HTMLButtonElement | null}
 */
export function buttonOf(event) {
  return event.target instanceof Element ? event.target.closest("button") : null;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 * @returns {CanvasRenderingContext2D}
 */
export function contextOf(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("This browser has no canvas.");
  return context;
}

/**
 * Call `move` while the hand that pressed moves over `target`, and `end` when it lets go.
 * @param {PointerEvent} pressed
 * @param {EventTarget} target
 * @param {(moved: PointerEvent) => void} move
 * @param {(event: Event) => void} end  its release, or that it was taken over
 */
export function follow(pressed, target, move, end) {
  if (pressed.button !== 0) return;
  pressed.preventDefault();
  const over = new AbortController();
  const { signal } = over;
  const letGo = (/** @type {Event} */ event) => {
    over.abort();
    end(event);
  };
  target.addEventListener("pointermove", (event) => move(/** @type {PointerEvent} */ (event)), {
    signal,
  });
  target.addEventListener("pointerup", letGo, { signal });
  target.addEventListener("pointercancel", letGo, { signal });
}
