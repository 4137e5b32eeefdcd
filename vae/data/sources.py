"""Images where they lie: folders, zip files, idx files, arrays and torchvision, one grammar.

Nothing here writes, and no file that was not made by us is unpickled or extracted.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

from vae.data.arrays.array_tables import Place, with_tables
from vae.data.arrays.arrays import load_array
from vae.data.arrays.idx_files import (
    holds_idx,
    locate_idx,
    locate_idx_file,
    set_names,
    zip_listing,
)
from vae.data.collection import CONTAINERS, Listing, Source, with_distinct_names
from vae.data.containers import zip_files
from vae.data.containers.containers import locate_container, locate_parts, why_unread
from vae.data.folders.folders import load_image, locate_folder
from vae.data.folders.listing import is_system, list_folder, listed
from vae.data.images import content
from vae.data.source_names import BUILT_IN, WANTED, nothing_at, plain_source
from vae.data.tables.table_files import is_table, tables_beside
from vae.data.torchvision.torchvision_sets import load_torchvision
from vae.data.versions.version_file import is_version, locate_version
from vae.errors import FileError, InputError, reading

HOLD_MANY = ("array", "idx", "hdf5", "parquet", "arrow", "tar")  # kinds of sources
PLAIN_IDX = ("MNIST", "FashionMNIST", "KMNIST")  # read without torchvision where they are there


def locate(source: str, downloads: Path) -> Source:
    """The place that `source` names: a folder, .zip, .npz, .npy, idx file or torchvision:NAME.

    Or a data version of one of these. `downloads` is where torchvision keeps its files. Raises
    InputError.
    """
    found = _with_tables(_locate(plain_source(source), downloads))
    return replace(found, load=lambda: with_distinct_names(found.load()))


def _with_tables(source: Source) -> Source:
    """Arrays and other files of many images with the tables that lie beside them."""
    path = Path(source.path)
    if source.kind not in HOLD_MANY or not path.exists():
        return source
    seen = {name for name, _, _ in source.listing}
    if path.is_dir():
        names = [name for name, _, _ in source.listing if is_table(Path(name).name.lower())]
        names += [name for name, _, _ in _files_in(path) if is_table(name.lower())]
        places = [Place(name, path / name) for name in dict.fromkeys(names)]
    else:
        places = [
            Place(table.name if table.name in seen else f"../{table.name}", table)
            for table in tables_beside(path)
        ]
    new = [listed(place.path, place.name) for place in places if place.name not in seen]
    load = partial(with_tables, source.load, places)
    return replace(source, listing=[*source.listing, *new], load=load) if places else source


def _locate(source: str, downloads: Path) -> Source:
    scheme, _, name = source.partition(":")
    if scheme == "torchvision":
        return _locate_torchvision(name.strip(), downloads)
    path = BUILT_IN.get(source, Path(source))
    if not os.path.exists(path):
        named = None
        with contextlib.suppress(OSError):  # a name that is too long for any disk
            named = _locate_idx_set(path)
        if named is not None:
            return named
        raise InputError(f"{nothing_at(source)}: {WANTED}.")
    path = path.resolve()
    try:
        if path.is_dir():
            return _locate_folder(path)
        listing = [listed(path, path.name)]
    except OSError as error:
        raise FileError(f"The data source {source!r} cannot be read: {error}.") from error
    if is_version(path):
        return locate_version(path, partial(locate, downloads=downloads))
    if holds_idx(listing):
        return locate_idx_file(path, _files_in(path.parent))
    if path.suffix.lower() in (".npz", ".npy"):
        return Source("array", str(path), path.stem, listing, partial(load_array, path))
    head = _head(path)
    container = locate_container(path, listing)
    if container is not None:
        return container
    if content.is_image(head):
        return Source("image", str(path), path.stem, listing, partial(load_image, path))
    if why := why_unread(path.name):
        raise InputError(f"{path.name} is {why}.")
    if path.suffix.lower() == ".zip" or zip_files.is_zip(head):
        inside = zip_listing(path)
        if holds_idx(inside):
            return locate_idx(path, inside)
        tables = tables_beside(path)
        listing += [listed(table, f"../{table.name}") for table in tables]
        return Source(
            "zip", str(path), path.stem, listing, partial(zip_files.load_zip, path, tables)
        )
    raise InputError(
        f"The data source {source!r} is a file of an unknown kind ({content.described(head)}): "
        f"expected an image, the folder that holds the images, or {CONTAINERS}."
    )


def _head(path: Path) -> bytes:
    with reading(path), open(path, "rb") as file:
        return file.read(content.HEAD_BYTES)


def _locate_idx_set(path: Path) -> Source | None:
    """The set of idx files FOLDER/SET or FILE.zip/SET, None where nothing of the kind is meant."""
    zips = [place for place in path.parents if place.suffix.lower() == ".zip" and place.is_file()]
    place = zips[0] if zips else path.parent
    if not zips and not place.is_dir():
        return None
    listing = zip_listing(place) if zips else _files_in(place)
    wanted = path.relative_to(place).as_posix()
    names = set_names(listing)
    is_meant = len(names) > 1 or wanted in names
    return locate_idx(place.resolve(), listing, wanted) if is_meant else None


def _files_in(folder: Path) -> Listing:
    try:
        return [listed(file, file.name) for file in folder.iterdir() if file.is_file()]
    except OSError:  # a folder that may not be listed
        return []


def _locate_folder(path: Path) -> Source:
    source = locate_folder(path)
    parts = locate_parts(path, source.listing) if source.kind == "folder" else None
    return parts or source


def _locate_torchvision(name: str, downloads: Path) -> Source:
    folder = downloads / name
    if name in PLAIN_IDX and folder.is_dir():
        listing = [entry for entry in list_folder(folder).files if not is_system(entry[0])]
        if holds_idx(listing):
            return locate_idx(folder, listing)
    place = str(downloads.resolve() / name)
    name_shown = name.replace("/", " ")
    return Source("torchvision", place, name_shown, [], partial(load_torchvision, name, downloads))
