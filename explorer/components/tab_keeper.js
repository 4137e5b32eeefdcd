// @ts-check
// Keeps the tab that a person chose. Streamlit sends the open tab back with every run, and a run that
// was begun before the newest click would put the tab before it in its place.

const TAB = "[role='tab']";
const RETRY = 50; // milliseconds
const MOST_TRIES = 200; // for one choice; a busy machine takes seconds to answer

/** @param {EventTarget | null} target */
const tabAt = (target) => (target instanceof Element ? target.closest(TAB) : null);

/** @param {string} label */
const tabNamed = (label) =>
  [...document.querySelectorAll(TAB)].find((tab) => tab.textContent === label);

const isSelected = (/** @type {Element | undefined} */ tab) => tab?.ariaSelected === "true";

/** Begins to watch, once and for as long as the page is open: Streamlit may draw this anew. */
export default function keep() {
  const { dataset } = document.documentElement;
  if (dataset.tabs) return;
  dataset.tabs = "kept";
  /** @type {string | null} */
  let chosen = null; // by the newest act on the page, where that was a choice
  let tries = 0;
  let timer = 0; // of the next try, while there is one

  /** @param {string | null} label */
  const choose = (label) => {
    chosen = label;
    tries = 0;
  };
  const onPointer = (/** @type {Event} */ event) =>
    choose(tabAt(event.target)?.textContent ?? null);
  const onKeyDown = () => choose(null);
  const onKeyUp = (/** @type {Event} */ event) => {
    const tab = tabAt(event.target); // arrow keys move the focus and the choice together
    if (tab && isSelected(tab)) choose(tab.textContent);
  };
  const onHistory = () => choose(null);

  const restore = () => {
    timer = 0;
    const tab = chosen === null ? undefined : tabNamed(chosen);
    if (!(tab instanceof HTMLElement) || isSelected(tab) || tries === MOST_TRIES) return;
    tries += 1;
    tab.click();
    timer = window.setTimeout(restore, RETRY);
  };

  // A press is passed over, too, where the page draws the tabs anew between its down and its up.
  const onPointerUp = (/** @type {Event} */ event) => {
    const isOn = chosen !== null && tabAt(event.target)?.textContent === chosen;
    if (isOn && timer === 0) timer = window.setTimeout(restore, RETRY);
  };

  const watcher = new MutationObserver((changes) => {
    const isTaken = changes.some(({ target }) => {
      const tab = /** @type {Element} */ (target);
      return tab.matches(TAB) && isSelected(tab) && tab.textContent !== chosen;
    });
    // Not at once: the tabs still hold the choice that they have just lost, and pass over a click.
    if (chosen !== null && isTaken && timer === 0) timer = window.setTimeout(restore, 0);
  });
  watcher.observe(document.body, { subtree: true, attributeFilter: ["aria-selected"] });
  document.addEventListener("pointerdown", onPointer, true);
  document.addEventListener("pointerup", onPointerUp, true);
  document.addEventListener("keydown", onKeyDown, true);
  document.addEventListener("keyup", onKeyUp, true);
  window.addEventListener("popstate", onHistory);
}
