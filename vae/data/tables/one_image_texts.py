"""Texts that tell of one image each, as downloaders and taggers write them, as a single table.

``1.json`` or ``1.jpg.json`` holds an object with what is known of the image ``1.jpg``, ``1.txt``
its tags or its class.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from vae.data.folders.sorted_files import Entry, content_of
from vae.data.tables.attached import Table
from vae.errors import FileError

MAX_NOTE_BYTES = 2**16  # of one of them; a larger one holds more than attributes
MIN_TEXTS = 6  # fewer say nothing of what they are
MIN_TAGS = 1.5  # of a text, on average
MAX_TAG_WORDS = 3  # of a tag, on average
KINDS = (".json", ".txt")


@dataclass(frozen=True)
class Notes:
    """A table of each kind of text, and the paths of those that are in it."""

    tables: list[Table]
    used: set[str]


def read_notes(texts: Sequence[Entry], images: Sequence[str], most_bytes: int) -> Notes:
    """What the `texts` that are named after one of the `images` say of it."""
    by_stem = Counter(map(_stem, images))
    named = {_stem(image): image for image in images if by_stem[_stem(image)] == 1}
    named |= {image: image for image in images}
    objects: dict[str, dict[str, object]] = {}
    captions: dict[str, tuple[str, str]] = {}
    for entry in texts:
        image, kind = named.get(_stem(entry.path)), PurePosixPath(entry.path).suffix.lower()
        most_bytes -= entry.size
        if image is None or kind not in KINDS or entry.size > MAX_NOTE_BYTES or most_bytes < 0:
            continue
        try:
            text = content_of(entry).decode("utf-8-sig")
            found = json.loads(text) if kind == ".json" else " ".join(text.split())
        except (FileError, ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            objects[entry.path] = {**found, "file_name": image}
        elif isinstance(found, str) and found:
            captions[entry.path] = (image, found)
    column = _column({text for _, text in captions.values()}, len(captions))
    tables = []
    if objects:
        lines = "".join(json.dumps(row) + "\n" for row in objects.values())
        tables.append(Table("*.json", lines.encode()))
    if column:
        file = io.StringIO()
        csv.writer(file).writerows([("file_name", column), *captions.values()])
        tables.append(Table("*.txt", file.getvalue().encode("utf-8", "replace")))
    return Notes(tables, {*objects, *(captions if column else ())})


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


def _column(texts: Collection[str], num: int) -> str:
    """What a column of the texts of `num` images is called; "" for a sentence for each image."""
    parts = [part.split() for text in texts for part in text.split(",")]
    if num < MIN_TEXTS:
        return ""
    are_short = sum(map(len, parts)) <= MAX_TAG_WORDS * len(parts)
    if are_short and len(parts) >= MIN_TAGS * len(texts):
        return "tags"
    return "caption" if 2 * len(texts) <= num else ""
