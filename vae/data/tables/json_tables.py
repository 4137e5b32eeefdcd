"""The rows of a table in JSON: an object a line, StyleGAN's dataset.json, COCO's, or one value.

Nothing here raises for what stands in a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from vae.data.splits.split_words import split_of
from vae.data.tables.attributes import is_class_name
from vae.data.tables.sheets import MAX_COLUMNS, NUM_SAMPLE_LINES, Row, Sheet, lines_of, name_rank

MAX_JSON_CHARACTERS = 100 * 2**20  # of one JSON value, which is read as a whole
NO_TAGS = ","  # an empty list
MAX_DEPTH = 3  # of objects in objects that are taken apart

Objects = Callable[[], Iterator[tuple[int, Any]]]  # (number, from 1, and what should be an object)


def json_sheet(text: str) -> Sheet:
    """An object a line, or one value: a list of rows, names with what they have, or labels."""
    sample = [line for _, line in islice(lines_of(text), NUM_SAMPLE_LINES)]
    is_lines = len(sample) > 1 and any(isinstance(_loaded(line), dict) for line in sample)
    if is_lines and not text.lstrip().startswith("["):
        return _object_sheet(partial(_line_objects, text))
    document = _loaded(text) if len(text) <= MAX_JSON_CHARACTERS else None
    if not isinstance(document, dict | list):
        return Sheet(lambda: iter(()), [], problem=_problem(text))
    return _object_sheet(partial(_row_objects, document))


def _problem(text: str) -> str:
    """Why a text is no table in JSON, and where in it."""
    if len(text) > MAX_JSON_CHARACTERS:
        return "it is one JSON over 100 MB"
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        return f"it is no JSON ({what}, at line {error.lineno}, character {error.colno})"
    except (ValueError, RecursionError):
        return "it is no JSON that can be read"
    return "it is JSON, but neither an object nor a list"


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _line_objects(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in lines_of(text):
        yield number, _loaded(line)


def _row_objects(document: Any) -> Iterator[tuple[int, Any]]:
    """The rows of one JSON value, as objects."""
    if isinstance(document, dict) and _are_objects(document.get("images")):
        document = _coco_rows(document)
    if isinstance(document, dict) and "labels" in document:  # StyleGAN's dataset.json
        document = document["labels"] or []
    if isinstance(document, dict) and any(name_rank(name) is not None for name in document):
        yield from enumerate(_column_rows(document) or [document], start=1)
    elif isinstance(document, dict) and _are_lists_of_names(document):
        column = "split" if all(map(split_of, document)) else "label"
        named = [(name, key) for key, names in document.items() for name in names]
        for number, (name, key) in enumerate(named, start=1):
            yield number, {"file_name": name, column: key}
    elif isinstance(document, dict):
        for number, (name, value) in enumerate(document.items(), start=1):
            cells = value if isinstance(value, dict) else {"label": value}
            yield number, {"file_name": name, **cells}
    elif isinstance(document, list):
        pairs = [row for row in document if isinstance(row, list) and len(row) == 2]
        vectors = [row[1] for row in pairs if isinstance(row[1], list)]
        are_one_hot = all(
            vector.count(1) == 1 and vector.count(0) == len(vector) - 1 for vector in vectors
        )
        for number, row in enumerate(document, start=1):
            if not isinstance(row, list):
                yield number, row
            elif len(row) != 2 or not isinstance(row[0], str):
                yield number, None
            elif not isinstance(row[1], list):
                yield number, {"file_name": row[0], "label": row[1]}
            elif are_one_hot:
                yield number, {"file_name": row[0], "label": row[1].index(1)}
            else:
                vector = {f"label {j}": value for j, value in enumerate(row[1][:MAX_COLUMNS])}
                yield number, {"file_name": row[0], **vector}


def _are_lists_of_names(document: dict[str, Any]) -> bool:
    """Whether each key has a list of texts, as {"train": ["1.png", "2.png"], "test": ["3.png"]}."""
    lists = [*document.values()]
    return bool(lists) and all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists
    )


def _column_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table that is written column by column, as pandas does; [] for another."""
    columns = [*document.values()]
    if all(isinstance(column, dict) for column in columns):
        keys = [column.keys() for column in columns]
        are_alike = keys.count(keys[0]) == len(keys)
        columns = [[*column.values()] for column in columns] if are_alike else []
    if not columns or not all(isinstance(column, list) for column in columns):
        return []
    if len({len(column) for column in columns}) > 1:
        return []
    return [dict(zip(document, row, strict=True)) for row in zip(*columns, strict=True)]


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _objects_of(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return document[key] if _are_objects(document.get(key)) else []


def _coco_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What COCO says of each image: the names of the categories in it, and its first caption."""
    names = {str(item.get("id")): item.get("name") for item in _objects_of(document, "categories")}
    categories: dict[str, dict[str, None]] = {}
    captions: dict[str, str] = {}
    for item in _objects_of(document, "annotations"):
        image, name = str(item.get("image_id")), names.get(str(item.get("category_id")))
        if isinstance(name, str):
            categories.setdefault(image, {})[name] = None
        if isinstance(caption := item.get("caption"), str):
            captions.setdefault(image, caption)
    rows = []
    for item in document["images"]:
        image, row = str(item.get("id")), {"file_name": item.get("file_name")}
        row |= {"category": [*categories.get(image, ())]} if categories else {}
        row |= {"caption": captions.get(image, "")} if captions else {}
        rows.append(row)
    return rows


def _object_sheet(objects: Objects) -> Sheet:
    names: dict[str, None] = {}
    unused: dict[str, None] = {}
    solid: set[str] = set()  # names of what is more than an empty list somewhere
    for _, value in objects():
        if isinstance(value, dict) and len(names) <= MAX_COLUMNS:
            cells = _flat(value, unused)
            names.update(dict.fromkeys(cells))
            solid.update(name for name, cell in cells.items() if cell != NO_TAGS)
    header = [name for name in names if name in solid or name not in unused][:MAX_COLUMNS]

    def rows() -> Iterator[tuple[int, Row]]:
        for number, value in objects():
            if not isinstance(value, dict):
                yield number, None
                continue
            cells = _flat(value, {})
            yield number, [cells.get(name, "") for name in header]

    return Sheet(rows, header, num_columns=len(names), unused=[*unused])


def _flat(
    value: dict[str, Any], unused: dict[str, None], before: str = "", depth: int = 0
) -> dict[str, str]:
    """The simple values of an object and of what is in it; `unused` takes the names of others.

    A list of texts, or of whole numbers that are classes, becomes a text of tags that ends with a
    comma, and a list of objects a list of what each of them says under a name.
    """
    cells = {}
    for name, item in value.items():
        place = before + name
        if isinstance(item, list) and item and all(isinstance(part, dict) for part in item):
            are_tags = all(isinstance(part.get("name"), str) for part in item)
            item = [part["name"] for part in item] if are_tags else _transposed(item)
        if isinstance(item, dict) and depth < MAX_DEPTH:
            cells.update(_flat(item, unused, f"{place}.", depth + 1))
        elif isinstance(item, list) and (tags := _tags(name, item)) is not None:
            cells[place] = "".join(f"{tag.replace(',', ' ')}," for tag in tags) or NO_TAGS
        elif isinstance(item, list | dict):
            unused[_writable(place)] = None
        elif isinstance(item, bool):
            cells[place] = "yes" if item else "no"
        else:
            cells[place] = "" if item is None else str(item)
    return {_writable(name): _writable(cell) for name, cell in cells.items()}


def _transposed(objects: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """What each of the objects says under a name, by that name."""
    names = dict.fromkeys(name for part in objects for name in part)
    return {name: [part[name] for part in objects if name in part] for name in names}


def _tags(name: str, items: list[Any]) -> list[str] | None:
    """A list as tags: texts as they are, numbers of classes after the name; None for another."""
    if all(isinstance(item, str) for item in items):
        return items
    are_whole = all(isinstance(item, int) and not isinstance(item, bool) for item in items)
    return [f"{name} {item}" for item in items] if are_whole and is_class_name(name) else None


def _writable(text: str) -> str:
    """`text` without the halves of characters that JSON may hold and no file can."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
