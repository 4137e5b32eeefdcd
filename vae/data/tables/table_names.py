"""What the name of a table's file says: for which split it speaks, and of what."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from vae.data.splits.split_words import WORDS, split_of
from vae.data.tables.sheets import is_image_name

PEEK_BYTES = 4096  # of a table, by which it is told what it is
FORMAL_WORDS = {"list", "celeba", "align", "eval", "file", "files"}  # in names of tables


def words_of(path: str) -> list[str]:
    """The words in the name of the file, in lower case, without its suffix."""
    return [word for word in re.split(r"[\W_]+", PurePosixPath(path).stem.lower()) if word]


def split_words(path: str) -> set[str]:
    """The splits that the path of a table speaks of."""
    words = words_of(path)
    if "partition" in words:  # list_eval_partition.txt has the splits in a column
        words = [word for word in words if word not in ("eval", "evaluation")]
    splits = [
        *map(split_of, words),
        *map(split_of, path.split("/")[:-1]),
    ]
    return {split for split in splits if split}


def column_name(path: str) -> str:
    """A name for the column of a table without a header: identity, for identity_CelebA.txt."""
    if {"train", "test"} <= {*words_of(path)}:  # train_test_split.txt of CUB-200
        return "is train"
    folder = re.split(r"[\W_]+", str(PurePosixPath(path).parent).lower())
    passed_over = {*FORMAL_WORDS, *WORDS, *folder}  # n01443537/n01443537_boxes.txt has boxes
    words = [word for word in words_of(path) if word not in passed_over]
    return "label" if words in ([], ["labels"]) else " ".join(words)


def may_number(path: str, data: bytes) -> bool:
    """Whether a table may give the images numbers, by which others name them: images.txt."""
    lines = data[:PEEK_BYTES].replace(b"\0", b"").decode("utf-8", "replace").splitlines()[1:6]
    cells = [re.split(r"[\s,;|]+", line.strip().lstrip("\"'")) for line in lines]
    rows = [row for row in cells if len(row) > 1]
    return bool(rows) and all(
        any(map(str.isdigit, row)) and any(map(is_image_name, row)) for row in rows
    )


def is_meant(path: str, data: bytes) -> bool:
    """Whether a JSON file that cannot be read was plainly there as a table."""
    name = PurePosixPath(path).name.lower()
    begins = data[:1000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1]
    return name == "dataset.json" or name.startswith("metadata.") or begins in (b"{", b"[")
