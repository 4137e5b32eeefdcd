// @ts-check
// Opens the page: loads the script of Streamlit, which this one stands in the place of. Where that
// could never connect with the server, it is not loaded, and the page says why.

const ASK_FIRST = "ask first"; // in the state of the page, after it has waited in vain
const PATIENCE = 10000; // milliseconds
const DRAWN = "[data-testid='stTabs'], [data-testid='stException']";

const first = /** @type {HTMLElement} */ (document.getElementById("first-paint"));
const { host = "", streamlit = "", connection = "" } = first.dataset;

/**
 * What keeps the page from connecting, in words; "" where it can, or where no server answers.
 * @returns {Promise<string>}
 */
async function hindrance() {
  /** @type {typeof import("../components/connection.js")} */
  const way = await import(new URL(connection, document.baseURI).href);
  if (await way.opens("_stcore/stream")) return "";
  const why = await way.refusal();
  return why === null ? "" : why || way.NOT_LET_THROUGH;
}

async function open() {
  // A proxy that takes a path away may take the name of a folder for that of a file.
  if (!location.pathname.endsWith("/")) {
    location.replace(`${location.pathname}/${location.search}`);
    return;
  }
  // The server was asked under another name than this browser has asked for, or under a strange one.
  const isDoubtful = location.host !== host || history.state === ASK_FIRST;
  const why = isDoubtful ? await hindrance() : "";
  if (history.state === ASK_FIRST) history.replaceState(null, "");
  if (why) {
    const words = /** @type {HTMLElement} */ (first.querySelector("figcaption"));
    words.setAttribute("role", "alert");
    words.textContent = `This page cannot connect: ${why}`;
    return;
  }
  await import(new URL(streamlit, document.baseURI).href);
  setTimeout(lookAgain, PATIENCE);
}

/** Where the page has not come, begin again, if only to say why. */
async function lookAgain() {
  if (document.querySelector(DRAWN) || !(await hindrance())) return;
  history.replaceState(ASK_FIRST, "");
  location.reload();
}

open();
