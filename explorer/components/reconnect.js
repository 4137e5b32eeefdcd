// @ts-check
// Tells the page when it is connected with its server again, which makes the whole page run.

const ATTRIBUTE = "data-test-connection-state"; // by which Streamlit says how the connection is

/**
 * @param {{ setTriggerValue: (name: string, value: unknown) => void }} component
 * @returns {() => void}
 */
export default function watch({ setTriggerValue }) {
  const app = document.querySelector(`[${ATTRIBUTE}]`);
  if (!app) return () => {};
  let wasAway = false;
  const watcher = new MutationObserver(() => {
    const isAway = app.getAttribute(ATTRIBUTE) !== "CONNECTED";
    if (wasAway && !isAway) setTriggerValue("back", true);
    wasAway = isAway;
  });
  watcher.observe(app, { attributes: true, attributeFilter: [ATTRIBUTE] });
  return () => watcher.disconnect();
}
