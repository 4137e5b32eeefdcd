// @ts-check
// One request to the server that tells how far it has come, and why it failed.

import { LostError } from "./resumed_sending.js";

const LOST =
  "The connection was lost and did not come back, or a file was changed while it was read: drop " +
  "the files again.";
const AGAIN = [408, 409, 502, 503, 504]; // answers after which what has come may be sent on

/**
 * What the server answers; what it says against it becomes an error. `fetch` tells no progress.
 * @param {string} path  beside the page
 * @param {Blob | string} body
 * @param {Record<string, string>} headers
 * @param {AbortSignal} signal
 * @param {(bytes: number) => void} [told]  of the bytes that are sent
 * @returns {Promise<string>}
 */
export function post(path, body, headers, signal, told) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL(path, document.baseURI));
    for (const [name, text] of Object.entries(headers)) request.setRequestHeader(name, text);
    if (told) request.upload.onprogress = ({ loaded }) => told(loaded);
    request.onload = () => {
      if (request.status < 300) done(request.responseText);
      else if (AGAIN.includes(request.status)) failed(new LostError(whyNot(request)));
      else failed(new Error(whyNot(request)));
    };
    request.onerror = () => failed(new LostError(LOST));
    request.onabort = () => failed(new Error(""));
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) failed(new Error(""));
    else request.send(body);
  });
}

/** @param {XMLHttpRequest} request */
function whyNot(request) {
  if (request.getResponseHeader("Content-Type")?.startsWith("text/plain")) {
    return request.responseText;
  }
  return `The server, or a proxy before it, answered ${request.status} and took nothing: let the \
proxy pass on large requests, or write the path of a folder on the server into Data.`;
}
