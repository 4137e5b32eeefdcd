// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { chosen, head, progress, walk } from "../../explorer/components/dropped_files.js";

/**
 * What a browser hands over of a dropped folder: three entries at a time.
 * @param {string} path
 * @param {any} content  a size, or what is in a folder by name
 * @returns {any}
 */
function entry(path, content) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (typeof content === "number") {
    const file = new File([new Uint8Array(content)], name);
    return {
      isFile: true,
      name,
      fullPath: path,
      file: (/** @type {(file: File) => void} */ done) => setTimeout(() => done(file)),
    };
  }
  return {
    isFile: false,
    name,
    fullPath: path,
    createReader: () => {
      const below = Object.keys(content).map((key) => entry(`${path}/${key}`, content[key]));
      return { readEntries: (/** @type {any} */ done) => done(below.splice(0, 3)) };
    },
  };
}

test("every file below what was dropped is found once, but no hidden one", async () => {
  const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}.png`, i]));
  const tree = {
    a: many,
    b: { c: { "d.png": 3 }, none: {} },
    ".git": { "e.png": 1 },
    ".DS_Store": 5,
    "f.txt": 0,
  };
  const found = await walk([entry("/faces", tree), entry("/alone.zip", 7), entry("/.x", 1)]);
  const wanted = [
    ...Object.keys(many).map((name) => `faces/a/${name}`),
    "faces/b/c/d.png",
    "faces/f.txt",
    "alone.zip",
  ];
  assert.deepEqual(found.map(({ path }) => path).sort(), wanted.sort());
  for (const { path, file } of found) assert.ok(path.endsWith(file.name));
});

test("a file that cannot be read is an error, not left out", async () => {
  const broken = {
    ...entry("/a.png", 1),
    file: (/** @type {any} */ _, /** @type {any} */ failed) => failed(new Error("gone")),
  };
  await assert.rejects(walk([broken]), /gone/);
});

test("files that were chosen have the path below their folder", () => {
  const inFolder = Object.assign(new File([], "b.png"), {});
  Object.defineProperty(inFolder, "webkitRelativePath", { value: "faces/a/b.png" });
  const hidden = new File([], "c.png");
  Object.defineProperty(hidden, "webkitRelativePath", { value: "faces/.cache/c.png" });
  const found = chosen([inFolder, hidden, new File(["12"], "d.png")]);
  assert.deepEqual(
    found.map(({ path }) => path),
    ["faces/a/b.png", "d.png"],
  );
  assert.equal(head(found), '[["faces/a/b.png",0],["d.png",2]]\n');
});

test("progress counts the files that are whole, and never more than there is", () => {
  assert.equal(progress([1e6, 2e6, 0], 0), "0 of 3 files, 0.0 of 3.0 MB");
  assert.equal(progress([1e6, 2e6, 0], 1.5e6), "1 of 3 files, 1.5 of 3.0 MB");
  assert.equal(progress([1e6, 2e6, 0], 9e6), "3 of 3 files, 3.0 of 3.0 MB");
  assert.equal(progress([5e9], 2e9), "0 of 1 file, 2,000 of 5,000 MB");
});
