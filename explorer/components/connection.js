// @ts-check
// The way from the page to its server. Every address is taken from that of the page, since there
// may be a path before it; and a proxy may let less through than the page asks for.

/** What stops a socket that the server itself would take. */
export const NOT_LET_THROUGH =
  "a proxy between this browser and the server lets no WebSocket through; " +
  "it must pass on the headers Upgrade and Connection.";

/**
 * @param {string} path  of a socket, beside the page
 * @returns {URL}
 */
export function socketAddress(path) {
  const address = new URL(path, document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  return address;
}

/**
 * Whether a socket opens; it is closed at once.
 * @param {string} path  of a socket, beside the page
 * @returns {Promise<boolean>}
 */
export function opens(path) {
  return new Promise((done) => {
    const socket = new WebSocket(socketAddress(path));
    socket.onopen = () => {
      socket.close();
      done(true);
    };
    socket.onclose = () => done(false);
  });
}

/**
 * Why the server refuses sockets of this page and which setting to change, in words; "" where it
 * takes them, null where it does not answer.
 * @returns {Promise<string | null>}
 */
export async function refusal() {
  try {
    const answer = await fetch(new URL("live/refusal", document.baseURI), { method: "POST" });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}
