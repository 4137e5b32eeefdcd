"""Any tree of images, tables and other files, loose or packed: each file is used once or counted.

Each image carries its number in its pixels and has it in a row of a table too, so that a row on
another image than its own is seen.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vae.data.layouts.layout import encoded, number_of
from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.errors import InputError

TOPS = ("", "train/", "val/", "test/", "Train2017/", "pets/")
INNER = ("", "u/", "u/v/", "dog/", "00001/", "Gr\u00f6\u00dfe/")
STEMS = ("1", "01", "10", "a", "A", "\u00e9", "e\u0301", "x.1", "img_3", "img_003", "b c", "[1]")
SUFFIXES = (".png", ".PNG", ".jpg", ".webp", "")
HELD_OUT = ("val/", "test/")
ROWS = {
    "as it is": lambda name: name,
    "./": lambda name: f"./{name}",
    "backslashes": lambda name: name.replace("/", "\\"),
    "capitals": str.upper,
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "without suffix": lambda name: re.sub(r"\.(png|jpg|webp)$", "", name, flags=re.IGNORECASE),
    "another root": lambda name: f"C:\\old\\data\\{name}",
}


def _delimited(separator: str, encoding: str) -> object:
    def write(rows: list[tuple[str, int]]) -> bytes:
        file = io.StringIO()
        writer = csv.writer(file, delimiter=separator)
        writer.writerows([("file", "number"), *rows])
        return file.getvalue().encode(encoding)

    return write


def _json_lines(rows: list[tuple[str, int]]) -> bytes:
    return "".join(json.dumps({"file_name": n, "number": v}) + "\n" for n, v in rows).encode()


FORMATS = {
    "t.csv": _delimited(",", "utf-8"),
    "s.csv": _delimited(";", "utf-8-sig"),
    "t.tsv": _delimited("\t", "utf-16"),
    "metadata.jsonl": _json_lines,
    "all.json": lambda rows: json.dumps({name: {"number": v} for name, v in rows}).encode(),
}


@dataclass(frozen=True)
class Tree:
    """Files by their paths; the number of each image that is one, and what the rows say."""

    files: Mapping[str, bytes]
    images: Mapping[str, int]  # what their pixels say
    meant: Mapping[str, int]  # what their rows say
    written: Mapping[int, set[str]]  # by what is in a row: the paths that it names to the letter


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    places = st.tuples(*map(st.sampled_from, (TOPS, INNER, STEMS, SUFFIXES)))
    paths = ["".join(p) for p in draw(st.lists(places, min_size=1, max_size=10, unique=True))]
    kinds = st.sampled_from(["image"] * 6 + ["twin", "broken", "empty", "hidden", "note"])
    files: dict[str, bytes] = {}
    images: dict[str, int] = {}
    for number, path in enumerate(paths, start=2):
        kind = draw(kinds)
        folder, _, name = path.rpartition("/")
        if kind in ("image", "twin"):
            images[path] = 1 if kind == "twin" else number
            files[path] = encoded(images[path], draw(st.sampled_from(["PNG", "BMP"])))
        elif kind == "hidden":
            files[f"{folder}/.{name}".lstrip("/")] = encoded(number)
        elif kind == "note":
            files[f"{path}.docx"] = b"hello"
        else:
            files[f"{path}x.png"] = b"\x89PNG\r\n\x1a\nno" if kind == "broken" else b""
    meant = {path: number for number, path in enumerate(images, start=100)}
    written: dict[int, set[str]] = {number: set() for number in meant.values()}
    above = sorted({path[: path.rfind("/", 0, n) + 1] for path in images for n in range(len(path))})
    for folder in draw(st.lists(st.sampled_from(above), max_size=3, unique=True)) if above else []:
        below = [path for path in images if path.startswith(folder)]
        chosen = draw(st.lists(st.sampled_from(below), min_size=1, unique=True))
        form = ROWS[draw(st.sampled_from(sorted(ROWS)))]
        rows = [(form(path.removeprefix(folder)), meant[path]) for path in chosen]
        for name, value in rows:
            plain = name.replace("\\", "/").removeprefix("./").removeprefix("C:/old/data/")
            written[value] |= {plain, folder + plain}
        kind = draw(st.sampled_from(sorted(FORMATS)))
        files[folder + kind] = FORMATS[kind](rows)  # type: ignore[operator]
    return Tree(files, images, meant, written)


def packed(files: Mapping[str, bytes], kind: str, where: Path) -> Path:
    if kind == "folder":
        for name, data in files.items():
            path = where / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return where / "set"
    if kind == "zip":
        with zipfile.ZipFile(where / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return where / "set.zip"
    with tarfile.open(where / "set.tar", "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return where / "set.tar"


def number_in(data: Dataset, index: int) -> int | None:
    return number_of(data.take(np.array([index]))[0].transpose(2, 0, 1) / 255)


def row_of(data: Dataset, index: int) -> int | None:
    """The number that the tables say of an image."""
    if "number" not in data.attributes:
        return None
    value = data.attributes["number"][index]
    if "number" in data.classes:
        word = data.classes["number"][value]
        return None if word == "unknown" else int(word)
    return None if np.isnan(value) else int(value)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
@settings(
    max_examples=30, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(tree=trees())
def test_every_file_of_any_source_counts_once_and_every_row_is_on_its_own_image(
    kind: str, tree: Tree
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = packed(tree.files, kind, Path(folder))
        config = DataConfig(source=str(source), image_size=16)
        try:
            data = open_dataset(config, Path(folder, "cache"))
        except InputError:  # nothing is left where all others are broken
            assert all(path.startswith("test/") for path in tree.images)
            return
        numbers = [number_in(data, index) for index in range(len(data))]
    counts = data.manifest["counts"]
    assert isinstance(counts, dict)
    assert sum(counts.values()) == len(tree.files)
    num_broken = sum(path.endswith("x.png") for path in tree.files)
    assert len(set(numbers)) == len(numbers) == counts["used"]
    of_images = sum(counts.get(why, 0) for why in ("used", "duplicate", "broken", "test"))
    assert of_images == len(tree.images) + num_broken  # a test image that is kept apart may be so

    held_out = set(data.validation.tolist())
    for index, (name, number) in enumerate(zip(data.names, numbers, strict=True)):
        own = [p for p, n in tree.images.items() if f"/{p}".endswith(f"/{name}") and n == number]
        assert own, (name, number)
        row = row_of(data, index)
        has_row = all(tree.written[tree.meant[path]] for path in own)
        assert row is not None or not has_row or data.manifest["warnings"], "a row was lost unsaid"
        if row is not None:
            assert any(row == tree.meant[p] or p in tree.written[row] for p in own), (name, row)
        if data.manifest["split_from"] == "own":
            assert any(p.startswith(HELD_OUT) == (index in held_out) for p in own), name
