"""Names of images made longer by the columns that say their folders, as split or class."""

from __future__ import annotations

from itertools import islice, permutations

from vae.data.splits.split_words import split_of
from vae.data.tables.path_forms import unpadded
from vae.data.tables.row_images import Found, ImageNames
from vae.data.tables.sheets import NUM_SAMPLE_LINES, Sheet

MAX_FOLDER_COLUMNS = 3  # that are looked at, the first of the table


def with_folders(
    sheet: Sheet, key: int, names: list[str], found: Found, images: ImageNames
) -> tuple[list[str], Found]:
    """`names`, the cells of the column `key`, with the folders that other columns give each.

    `train, 0.png` is then train/0.png, as is needed where each folder numbers its images anew.
    What was found before is given back where no column makes more of the rows fit.
    """
    if not found.several and not found.sharing:
        return names, found
    folder_of = _folders(images)
    columns = _columns(sheet, key, folder_of)
    best = names, found
    for num in (1, 2):
        for chosen in permutations(columns, num):
            longer = [
                "/".join([*(_folder(cell, folder_of) for cell in cells), name]) if name else ""
                for *cells, name in zip(*(columns[j] for j in chosen), names, strict=True)
            ]
            other = images.find(longer)
            if _num_named(other) > _num_named(best[1]):
                best = longer, other
    return best


def _num_named(found: Found) -> int:
    """Rows with an image of their own."""
    return sum(image >= 0 for image in found.image)


def _folders(images: ImageNames) -> dict[str, str]:
    """The names of the folders as cells may have them, and as they are."""
    names = {part for path in images.paths for part in path.split("/")[:-1]}
    folders = {split: name for name in sorted(names) if (split := split_of(name))}
    return folders | {_plain(name): name for name in names}


def _columns(sheet: Sheet, key: int, folder_of: dict[str, str]) -> dict[int, list[str]]:
    """The cells of the columns in which each cell names a folder; the header aside."""
    lines = islice(sheet.rows(), NUM_SAMPLE_LINES)
    sample = [row for _, row in lines if row is not None][not sheet.header :]
    places = [
        j
        for j in range(len(sample[0]) if sample else 0)
        if j != key and all(_folder(row[j], folder_of) for row in sample)
    ][:MAX_FOLDER_COLUMNS]
    cells: dict[int, list[str]] = {j: [] for j in places}
    for _, row in sheet.rows() if places else ():
        if row is not None:
            for j in places:
                cells[j].append(row[j])
    return cells


def _folder(cell: str, folder_of: dict[str, str]) -> str:
    """The folder that a cell names, by its name or as a split; "" for none."""
    return folder_of.get(_plain(cell), "") or folder_of.get(split_of(cell.strip()), "")


def _plain(cell: str) -> str:
    """A cell, or the name of a folder, as they are compared."""
    return unpadded(cell.strip().strip("\"'").strip("/"))
