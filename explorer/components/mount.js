// @ts-check
// What every script of a panel begins with: one view for each place on the page that it is shown in.

/**
 * What Streamlit hands a component with every run of the page.
 * @template D
 * @typedef {object} Component
 * @property {HTMLElement} parentElement
 * @property {D} data
 * @property {string} key
 * @property {Send} setStateValue
 */

/** @typedef {(name: string, value: unknown) => void} Send  tells the page what a hand has done */

/**
 * @template D
 * @typedef {object} View  what is drawn, in `root`
 * @property {HTMLElement} root
 * @property {(data: D, send: Send, key: string) => void} update  with every run of the page
 * @property {() => void} [rest]  a panel was closed or is drawn anew
 * @property {() => void} end  it was closed: nothing may be left behind
 */

const CLOSED_AFTER = 1000; // milliseconds off the page

/**
 * The default export of a script: makes a view at first, and tells it of every later run.
 * @template D
 * @param {new (parent: HTMLElement) => View<D>} Kind
 * @returns {(component: Component<D>) => () => void}
 */
export function mounted(Kind) {
  /** @type {WeakMap<HTMLElement, View<D>>} */
  const views = new WeakMap();
  return ({ parentElement, data, setStateValue, key }) => {
    let view = views.get(parentElement);
    if (!view) {
      view = new Kind(parentElement);
      views.set(parentElement, view);
    }
    const shown = view;
    shown.update(data, setStateValue, key);
    return () => {
      shown.rest?.();
      setTimeout(() => {
        if (!shown.root.isConnected) shown.end();
      }, CLOSED_AFTER);
    };
  };
}
