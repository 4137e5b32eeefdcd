"""Files that hold many images each, in one file or in a folder of parts; and which are not read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from vae.data.arrays.arrays import load_array, load_npz_files
from vae.data.arrays.npy_files import load_npy_files
from vae.data.collection import CONTAINERS, Collection, LeftOut, Listing, Source
from vae.data.containers.h5_files import load_h5
from vae.data.containers.lmdb_files import load_lmdb
from vae.data.containers.parquet_files import load_parquet
from vae.data.containers.pixel_form import pixel_form
from vae.data.containers.pixel_tables import load_pixel_tables
from vae.data.containers.tar_files import load_tar
from vae.data.containers.zip_files import load_zip, load_zips
from vae.data.folders.sorted_files import MANY_SUFFIXES, SUFFIX
from vae.data.images import content
from vae.data.tables.table_files import is_table, tables_beside
from vae.data.tally import escaped
from vae.errors import InputError

Load = Callable[[Path, Sequence[str]], Collection]  # of these files below a folder
KINDS: dict[str, tuple[str, Load]] = {
    ".parquet": ("parquet", load_parquet),
    ".arrow": ("arrow", load_parquet),
    ".tar": ("tar", load_tar),
    ".h5": ("hdf5", load_h5),
    ".hdf5": ("hdf5", load_h5),
    ".hdf": ("hdf5", load_h5),
    ".npy": ("array", load_npy_files),
    ".mdb": ("lmdb", load_lmdb),
    ".lmdb": ("lmdb", load_lmdb),
}
MANY = (*MANY_SUFFIXES, ".zip")
PACKED_TAR = re.compile(r".*\.(tar\.(gz|bz2|xz|zst)|tgz|tbz2?|txz)", re.IGNORECASE)
UNPACK = "unpack it and give the folder with the images"
EXPORT = f"save the images as files, or in one of {CONTAINERS}"
UNREAD = {  # by the name of the file: what it is, and what to do
    r".*\.(7z|rar|iso|dmg)": ("an archive", UNPACK),
    r".*\.(zip|7z|rar|tar)\.\d+|.*\.z\d\d": ("a part of an archive", f"join all parts, {UNPACK}"),
    r".*\.tfrecords?|.*tfrecord-\d+-of-\d+": ("a TFRecord file", EXPORT),
    r".*\.(pkl|pickle|pt|pth|joblib)": ("a Python pickle, which may run any code", EXPORT),
    r".*\.mat": ("a MATLAB file", EXPORT),
    r".*\.safetensors": ("a file of tensors", EXPORT),
    r".*\.(nii|nii\.gz|dcm|dicom|fits?)": (
        "a scan of a kind that is not read",
        "save its pictures as 16-bit PNG or TIFF, or as .npy",
    ),
    r".*\.(rec|beton|bin|msgpack)": ("a file of a kind that is not read", EXPORT),
    r".*\.(csv|tsv|xlsx?)": (
        "a table",
        "give the folder that holds its images, or a .csv with the numbers of an image in each row",
    ),
    r".*\.(mp4|mov|avi|mkv|webm|m4v)": ("a video", "save its frames as images"),
}
PART = re.compile(r"(?P<set>.*)-(?P<number>\d+)-of-(?P<total>\d+)\b.*")


def locate_container(path: Path, listing: Listing) -> Source | None:
    """The container file at `path` as a source, None where it is something else."""
    if PACKED_TAR.fullmatch(path.name):
        raise InputError(
            f"{path.name} is compressed, so its images cannot be read where they lie: unpack it "
            "once and give the folder or the plain .tar."
        )
    if pixel_form(path) is not None:
        return Source(
            "table",
            str(path),
            path.stem,
            listing,
            partial(load_pixel_tables, path.parent, [path.name]),
        )
    found = KINDS.get(path.suffix.lower())
    if found is None:
        return None
    kind, load = found
    return Source(kind, str(path), path.stem, listing, partial(load, path.parent, [path.name]))


def locate_parts(root: Path, listing: Listing) -> Source | None:
    """The containers in a folder without image files as one source, None where there are none.

    Of several kinds the one with the most files is taken, and the others are counted.
    """
    names = [name for name, _, _ in listing if not name.startswith("../")]
    suffixes = {name: Path(name).suffix.lower() for name in names}
    counts = Counter(KINDS[suffix] for suffix in suffixes.values() if suffix in KINDS)
    if any(map(SUFFIX.fullmatch, suffixes.values())):
        return None
    if any(_is_image(root / name) for name, suffix in suffixes.items() if suffix not in KINDS):
        return None  # without a suffix
    if not counts:
        zips = [name for name, suffix in suffixes.items() if suffix == ".zip"]
        arrays = [name for name, suffix in suffixes.items() if suffix == ".npz"]
        if len(zips) == 1 and not arrays:
            return _locate_zip(root, zips[0], names, listing)
        if len(zips) > len(arrays):
            tables = sorted(root / name for name in names if is_table(Path(name).name.lower()))
            load_several = partial(load_zips, root, zips, tables)
            return Source("zip", str(root), root.name, listing, _with_others(load_several, arrays))
        if len(arrays) == 1:
            path = root / arrays[0]
            load_one = _with_others(partial(load_array, path), zips)
            return Source("array", str(path), root.name, listing, load_one)
        if arrays:
            load_several = partial(load_npz_files, root, arrays)
            return Source("array", str(root), root.name, listing, _with_others(load_several, zips))
        pixels = [] if zips else [name for name in names if pixel_form(root / name) is not None]
        if pixels:
            others = [name for name in names if name not in pixels]
            load_tables = _with_others(partial(load_pixel_tables, root, pixels), others)
            return Source("table", str(root), root.name, listing, load_tables)
        _check_what_is_there(root, names)
        return None
    ((best, _),) = counts.most_common(1)
    kind, load = best
    files = [name for name in names if KINDS.get(suffixes[name]) == best]
    others = [name for name in names if KINDS.get(suffixes[name]) != best]

    def load_all() -> Collection:
        collection = load(root, files)
        return replace(collection, warnings=[*collection.warnings, *missing_parts(files)])

    return Source(kind, str(root), root.name, listing, _with_others(load_all, others))


def _with_others(load: Callable[[], Collection], others: Sequence[str]) -> Callable[[], Collection]:
    """Loads a collection, with the files beside it that are not used."""

    def load_and_count() -> Collection:
        collection = load()
        counted = [LeftOut("other", name) for name in others]
        unread = [name for name in others if name.lower().endswith(MANY)]
        said = []
        if unread:
            said.append(
                f"What {escaped(unread[0])} holds is not used"
                + (f", nor {len(unread) - 1:,} more such files" if len(unread) > 1 else "")
                + ": give it as the source by itself."
            )
        return replace(
            collection,
            skipped=[*collection.skipped, *counted],
            warnings=[*collection.warnings, *said],
        )

    return load_and_count


def _is_image(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return content.is_image(file.read(content.HEAD_BYTES))
    except OSError:  # it is counted when it is read
        return False


def _locate_zip(root: Path, name: str, names: Sequence[str], listing: Listing) -> Source:
    """The only zip file in a folder without images, with the tables in the folder."""
    path = root / name
    inside = {root / other for other in names if is_table(Path(other).name.lower())}
    tables = sorted(inside | {*tables_beside(path)})
    return Source("zip", str(path), root.name, listing, partial(load_zip, path, tables))


def why_unread(name: str) -> str | None:
    """What is said of a file that holds images, by its name, but is not read; None: nothing."""
    for pattern, (kind, what_to_do) in UNREAD.items():
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return f"{kind}: {what_to_do}"
    return None


def _check_what_is_there(root: Path, names: Sequence[str]) -> None:
    """Raises InputError for a folder of files that hold images but cannot be read."""
    packed = [name for name in names if PACKED_TAR.fullmatch(name)]
    last = {name.rpartition("/")[2] for name in names}
    is_cifar = "data_batch_1" in last or {"train", "test", "meta"} <= last
    if is_cifar:
        raise InputError(
            f"{root.name} holds Python pickles, which are not opened, as they can run any code: "
            "CIFAR is read as torchvision:CIFAR10 or torchvision:CIFAR100."
        )
    if packed:
        raise InputError(
            f"{root.name} holds no images but {packed[0]}, which is compressed: unpack it and give "
            "the folder with the images."
        )
    unread = next(filter(why_unread, names), None)
    if unread is not None:
        raise InputError(f"{root.name} holds no images but {unread}, {why_unread(unread)}.")


def missing_parts(files: Sequence[str]) -> list[str]:
    """A sentence for each set of files train-00000-of-00002 ... of which some are not there."""
    totals = Counter((m["set"], int(m["total"])) for m in map(PART.fullmatch, files) if m)
    return [
        f"Of the {total} parts of {name} only {found} {'is' if found == 1 else 'are'} there."
        for (name, total), found in totals.items()
        if found < total
    ]
