// @ts-check
// The files in what was dropped or chosen, each with its path below the folder that was dropped,
// and how far they are sent. Hidden ones are left out, as they are in a folder of the server.

/**
 * @typedef {object} Found
 * @property {string} path
 * @property {File} file
 */

/**
 * The files below what was dropped, with all below its folders.
 * @param {Iterable<FileSystemEntry>} entries
 * @returns {Promise<Found[]>}
 */
export async function walk(entries) {
  /** @type {Found[]} */
  const found = [];
  let waiting = [...entries];
  while (waiting.length) {
    const seen = waiting.filter(({ name }) => !isHidden(name));
    const parts = await Promise.all(seen.map((entry) => opened(entry)));
    waiting = [];
    for (const { files, below } of parts) {
      for (const file of files) found.push(file);
      waiting.push(...below);
    }
  }
  return found;
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<{ files: Found[], below: FileSystemEntry[] }>}
 */
async function opened(entry) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => {
      /** @type {FileSystemFileEntry} */ (entry).file(done, failed);
    });
    return { files: [{ path: entry.fullPath.replace(/^\//, ""), file }], below: [] };
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {FileSystemEntry[]} */
  const below = [];
  for (;;) {
    // A browser hands over a hundred or so at a time, and none when there are no more.
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return { files: [], below };
    below.push(...some);
  }
}

/**
 * The files that were chosen in a dialog.
 * @param {Iterable<File>} files
 * @returns {Found[]}
 */
export function chosen(files) {
  return [...files]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(({ path }) => !path.split("/").some(isHidden));
}

/** @param {string} name */
function isHidden(name) {
  return name.startsWith(".");
}

/**
 * The line with which the files are announced to the server.
 * @param {Found[]} found
 */
export function head(found) {
  return `${JSON.stringify(found.map(({ path, file }) => [path, file.size]))}\n`;
}

/**
 * How far files are sent, in words.
 * @param {number[]} sizes  of the files, bytes
 * @param {number} sent  bytes
 */
export function progress(sizes, sent) {
  let [num, end, total] = [0, 0, 0];
  for (const size of sizes) {
    total += size;
    if (total <= sent) [num, end] = [num + 1, total];
  }
  const done = Math.min(Math.max(sent, end), total);
  const files = `${num.toLocaleString("en")} of ${sizes.length.toLocaleString("en")}`;
  return `${files} file${sizes.length === 1 ? "" : "s"}, ${megabytes(done)} of ${megabytes(total)} MB`;
}

/** @param {number} bytes */
function megabytes(bytes) {
  const digits = bytes < 1e8 ? 1 : 0;
  return (bytes / 1e6).toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
