// @ts-check
// What Streamlit sends with every run of the page; the script itself is fetched once.

/**
 * @template D
 * @param {import("./mount.js").Component<D>} component
 * @returns {() => void}
 */
export default function load(component) {
  /** @type {(() => void) | null} */
  let rest = null;
  let isOver = false;
  const address = new URL("live/VERSION/SCRIPT.js", document.baseURI);
  import(address.href)
    .then((script) => {
      if (!isOver) rest = script.default(component);
    })
    .catch((error) => {
      console.warn(error);
      const { parentElement } = component;
      parentElement.textContent = `This part of the page did not come from ${address.pathname}: \
reload the page, and let a proxy before the server pass on everything below its path.`;
      component.setStateValue("failed", true);
    });
  return () => {
    isOver = true;
    if (rest) rest();
  };
}
