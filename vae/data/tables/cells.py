"""The cells of one column, brought to the images that they speak for, and what they turn out to be.

N images.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vae.data.tables.attributes import (
    MAX_TEXT_CLASSES,
    Column,
    numeric_column,
    text_column,
    yes_no_column,
)
from vae.data.tables.sheets import Commas
from vae.data.tables.split_columns import splits_in

MAX_TAGS = 50  # columns that one column of tags becomes
MIN_TAG_SHARE = 0.01  # of the images, that a frequent tag has
NOT_GIVEN = {
    "",
    "nan",
    "null",
    "na",
    "n/a",
    ".",
    "-",
    "--",
    "?",
    "unknown",
    "missing",
    "<na>",
    "#n/a",
}
YES = {"true": "yes", "false": "no", "yes": "yes", "no": "no"}
TAG_WORD = re.compile(r"tags?|keywords?", re.IGNORECASE)
NUM_SAMPLE_TEXTS = 2000  # by which lists of tags are told
LIST_ITEM = re.compile(r"""'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)"|([^\s,'"][^,]*)""", re.DOTALL)
SENTENCE_WORDS = {"a", "an", "the", "of", "with", "is", "and", "in", "on"}

DECIMAL_COMMA = re.compile(r"[-+]?(0,\d+|\d+,(\d{1,2}|\d{4,}))")  # and not 1,500, of thousands
THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")

Split = Callable[[str], list[str]]


class Cells:
    """What the tables say of N images in one column; the first that speaks of an image counts.

    Few texts are kept as numbers into them, many numbers as they are.
    """

    def __init__(self, num: int) -> None:
        self.codes: NDArray[np.int32] | None = np.full(num, -1, np.int32)  # into texts
        self.texts: dict[str, int] = {}
        self.numbers: NDArray[np.float64] | None = None  # where they are many
        self.are_numbers = True  # all texts so far
        self.commas: Commas = "none"
        self.odd_split_words: list[str] = []  # in a column that is the split all the same

    def add(
        self, images: NDArray[np.int64], cells: Sequence[str], commas: Commas = "none"
    ) -> list[int]:
        """Takes in cells for images; the places of those that contradict what is known. [n]"""
        if commas == "unsure" and self.commas == "none":
            is_decimal = any(DECIMAL_COMMA.fullmatch(cell.strip()) for cell in set(cells))
            commas = "decimal" if is_decimal else "none"
        self.commas = "decimal" if commas == "decimal" else self.commas
        if self.numbers is not None:
            return self._add_numbers(images, cells)
        if self.codes is None:
            return []
        code_of = {}
        for cell in set(cells):
            text = cell.strip()
            if is_unknown(text):
                code_of[cell] = -1
                continue
            code_of[cell] = self.texts.setdefault(text, len(self.texts))
            self.are_numbers = self.are_numbers and self._number(text) is not None
        codes = np.fromiter(map(code_of.__getitem__, cells), np.int32, len(cells))
        before = self.codes[images]
        self.codes[images] = np.where(before < 0, codes, before)
        differ = (before >= 0) & (codes >= 0) & (before != codes)
        if self.are_numbers and differ.any():  # 1 is 1.0
            values = self._values()
            differ &= values[before] != values[codes]
        if self.are_numbers and len(self.texts) > MAX_TEXT_CLASSES:
            self.numbers, self.codes, self.texts = self._values()[self.codes], None, {}
        return np.flatnonzero(differ).tolist()

    def _add_numbers(self, images: NDArray[np.int64], cells: Sequence[str]) -> list[int]:
        assert self.numbers is not None
        number_of = {cell: self._number(cell.strip()) for cell in set(cells)}
        if None in number_of.values():  # many numbers and a text: neither classes nor numbers
            self.numbers, self.are_numbers = None, False
            return []
        values = np.array([number_of[cell] for cell in cells], dtype=np.float64)
        before = self.numbers[images]
        self.numbers[images] = np.where(np.isnan(before), values, before)
        return np.flatnonzero(~np.isnan(before) & ~np.isnan(values) & (before != values)).tolist()

    def _number(self, text: str) -> float | None:
        """The number in a cell, NaN where none is given, None for another text."""
        if is_unknown(text) or text == "none":
            return np.nan
        if "," in text:
            if self.commas == "decimal" and text.count(",") == 1:
                text = text.replace(",", ".")
            elif THOUSANDS.fullmatch(text):
                text = text.replace(",", "")
        try:
            return float(text) if "_" not in text else None
        except ValueError:
            return None

    def _values(self) -> NDArray[np.float64]:
        """The number in each of the texts, and NaN for the code -1 after them."""
        values = [*(self._number(text) for text in self.texts), np.nan]
        return np.array(values, dtype=np.float64)

    # ------------------------------------------------------------------------ what they are

    def columns(self, name: str) -> dict[str, Column] | None:
        """The columns of these cells: one, or one for each frequent tag, or none for no values.

        None for free text: neither numbers, nor few texts, nor tags.
        """
        if self.numbers is not None:
            return {name: numeric_column(self.numbers, name)}
        if self.codes is None:
            return None
        if not self.texts:
            return {}
        if self.are_numbers:
            return {name: numeric_column(self._values()[self.codes], name)}
        texts = list(self.texts)
        if all(text.casefold() in YES for text in texts):
            is_yes = np.array([YES[text.casefold()] == "yes" for text in texts] + [False])
            return {name: yes_no_column(is_yes[self.codes], self.codes >= 0)}
        split = tag_splitter(name, texts)
        if split is not None:
            return self._tag_columns(texts, split) or (None if any(map(split, texts)) else {})
        if len(texts) > MAX_TEXT_CLASSES:
            return None
        return {name: text_column([texts[code] if code >= 0 else "" for code in self.codes])}

    def _tag_columns(self, texts: Sequence[str], split: Split) -> dict[str, Column]:
        assert self.codes is not None
        is_known = self.codes >= 0
        images_with = np.bincount(self.codes[is_known], minlength=len(texts)).tolist()
        counts: Counter[str] = Counter()
        for text, count in zip(texts, images_with, strict=True):
            for tag in set(split(text)):
                counts[tag] += count
        least = max(2, MIN_TAG_SHARE * int(is_known.sum()))
        common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_TAGS]
        place = {tag: j for j, (tag, count) in enumerate(common) if count >= least}
        has = np.zeros((len(texts) + 1, len(place)), np.bool_)  # the last row: no list is given
        for row, text in enumerate(texts):
            for tag in split(text):
                if tag in place:
                    has[row, place[tag]] = True
        return {tag: yes_no_column(has[self.codes, j], is_known) for tag, j in place.items()}

    def splits(self, name: str) -> list[str] | None:
        """The split of each image ("" where none is given), where these cells are a split. [N]

        Odd words among those of the splits count as none, and are kept for a sentence.
        """
        if self.codes is None or not self.texts:
            return None
        texts = list(self.texts)
        images_with = np.bincount(self.codes[self.codes >= 0], minlength=len(texts)).tolist()
        found = splits_in(name, texts, images_with)
        if found is None:
            return None
        self.odd_split_words = [text for text, split in zip(texts, found, strict=True) if not split]
        return [[*found, ""][code] for code in self.codes]


def is_unknown(text: str) -> bool:
    return text.casefold() in NOT_GIVEN or text == "None"


def tag_splitter(name: str, texts: Sequence[str]) -> Split | None:
    """What gives the tags in one of these texts, None where they are no lists of tags.

    Lists are many texts made of few words in other combinations; the name of the column may say so
    too, lists of a JSON file end with a comma, and those of Python stand in brackets. Sentences and
    lists of numbers are none.
    """
    sample = texts[:NUM_SAMPLE_TEXTS]
    are_bracketed = all(text[0] + text[-1] == "[]" for text in sample)
    separator = next((mark for mark in ",|;" if any(mark in text for text in sample)), None)

    def split(text: str) -> list[str]:
        if are_bracketed and text[0] + text[-1] == "[]":
            return _list_items(text)
        return [tag for part in text.split(separator) if (tag := part.strip())]

    lists = [split(text) for text in sample]
    tags = {tag for tags in lists for tag in tags}
    are_json = are_bracketed or all(text.endswith(",") for text in sample)
    are_numbers = sum(re.sub(r"[-.\s]", "", tag).isdigit() for tag in tags) > len(tags) / 2
    if are_numbers or not (are_json or any(len(tags) > 1 for tags in lists)):
        return None
    if are_json or any(TAG_WORD.fullmatch(word) for word in re.split(r"[\W_]+", name)):
        return split
    if len(tags) >= len(sample) or sum(map(len, lists)) < 1.5 * len(lists):
        return None
    are_sentences = SENTENCE_WORDS & tags or not any("_" in tag for tag in tags)
    return None if separator is None and are_sentences else split


def _list_items(text: str) -> list[str]:
    """The items of a list as JSON or Python writes it, without their quotes."""
    try:
        items = [str(item) for item in json.loads(text) if not isinstance(item, list | dict)]
    except (ValueError, RecursionError):
        found = LIST_ITEM.findall(text[1:-1])
        items = [re.sub(r"\\(.)", r"\1", "".join(groups)) for groups in found]
    return [tag for item in items if (tag := item.strip())]
