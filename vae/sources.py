"""Images where they lie: folders, zip files, idx files, arrays and torchvision, one grammar.

Shapes: N images, H height, W width, C channels. Nothing here writes, and no file that was not made
by us is unpickled or extracted. Limits stand at the top.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
import inspect
import io
import math
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from vae.config import MAX_IMAGE_SIZE, MIN_IMAGE_SIZE, ConfigError

MAX_PIXELS = 40_000_000  # of one image, known from its header
MAX_FILE_BYTES = 256 * 2**20  # of one file, unpacked
MAX_ARRAY_BYTES = 16 * 2**30  # of one idx file, unpacked
MAX_ZIP_RATIO = 200  # unpacked to packed, of a whole zip file past its first megabyte
MAX_INTEGER_CLASSES = 32  # more distinct whole numbers than this are a quantity, not a class
MAX_TEXT_CLASSES = 256
FILE_SIZE = 64  # image_size of images that share no size of their own

# Ghostscript (EPS) and the rarely tested decoders stay out: content decides, not the file's name.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
SUFFIX = re.compile(
    r"\.(a?png|jpe?g?|jfif|gif|webp|bmp|tiff?|p[pgbn]m|avif|jp2|j2k)", re.IGNORECASE
)
SYSTEM_NAMES = ("__macosx", "thumbs.db", "desktop.ini")
NAME_COLUMNS = ("file", "filename", "file_name", "image", "image_id", "path", "name", "id")
SPLIT_FOLDERS = {"train", "training", "val", "valid", "validation", "test", "testing"}
CREDIT_FILE = re.compile(r"(.*/)?(credits?|licen[cs]e|copying)(\.txt|\.md)?", re.IGNORECASE)
IDX_IMAGES = re.compile(r"(?P<set>.*?)[-_.]?images[-.]idx3-ubyte(?P<packed>\.gz)?")
DSPRITES_FACTORS = ("color", "shape", "scale", "orientation", "posX", "posY")
FASHION_CLASSES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Boot"),
)

Listing = list[tuple[str, int, int]]  # (path below the source, bytes, time of change in ns)


class TooLargeError(ValueError):
    """An image over a limit, refused before it is decoded."""


@dataclass(frozen=True)
class Column:
    """One attribute of N images: float32 (NaN: unknown), or int64 into the names in `classes`."""

    values: NDArray[Any]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collection:
    """What a source holds; images are decoded only by `read`, which raises for a broken one."""

    names: Sequence[str]
    read: Callable[[int], Image.Image]
    is_grey: Callable[[Iterable[int]], bool]  # of these images
    image_size: int  # in pixels, where none is asked for
    are_files: bool  # decoded in threads, duplicates dropped
    columns: Mapping[str, Column] = field(default_factory=dict)
    columns_left_out: Sequence[str] = ()  # text with more values than a class has
    validation_from: int | None = None  # the source's own validation images are the last ones
    credit: str = ""
    skipped: Sequence[tuple[str, str]] = ()  # (reason, name) of what is not an image


@dataclass(frozen=True)
class Source:
    """A place found on disk; `listing` changes when it is edited, `load` does the slow part."""

    kind: str
    path: str
    name: str
    listing: Listing
    load: Callable[[], Collection]


def locate(source: str, downloads: Path) -> Source:
    """The place that `source` names: a folder, .zip, .npz, .npy, idx file or torchvision:NAME.

    `downloads` is where torchvision keeps its files. Raises ConfigError.
    """
    scheme, _, name = source.partition(":")
    if scheme == "torchvision":
        return _locate_torchvision(name.strip(), downloads)
    path = Path(source).expanduser()
    if not path.exists():
        raise ConfigError(
            f"There is no data source {source!r}: expected synthetic, torchvision:NAME, a folder, "
            "or a .zip, .npz, .npy or idx file that exists."
        )
    path = path.resolve()
    try:
        if path.is_dir():
            return _locate_folder(path)
        listing = [_listed(path, path.name)]
    except OSError as error:
        raise ConfigError(f"The data source {source!r} cannot be read: {error}.") from error
    if IDX_IMAGES.fullmatch(path.name):
        return _locate_idx(path, path.parent, listing)
    if path.suffix.lower() in (".npz", ".npy"):
        return Source("array", str(path), path.stem, listing, partial(_load_array, path))
    if path.suffix.lower() == ".zip":
        tables = _tables_beside(path)
        listing += [_listed(table, f"../{table.name}") for table in tables]
        return Source("zip", str(path), path.stem, listing, partial(_load_zip, path, tables))
    raise ConfigError(
        f"The data source {source!r} is a file of an unknown kind: expected .zip, .npz, .npy, "
        "an idx file, or the folder that holds the images."
    )


# ---------------------------------------------------------------------------- one image


def upright_square(image: Image.Image, size: int) -> Image.Image:
    """The centre square of `image` as 8-bit L or RGB, turned as its EXIF says, alpha over white.

    `size` is the side in pixels needed afterwards: a JPEG may be decoded at a fraction of its own,
    at least twice that. Raises TooLargeError, and whatever Pillow raises for a broken file.
    """
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLargeError(f"{width}x{height} is over {MAX_PIXELS // 1_000_000} megapixels")
    image.draft(None, (2 * size, 2 * size))
    image = _eight_bit(ImageOps.exif_transpose(image))
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def resized(square: Image.Image, size: int) -> Image.Image:
    """`square` with `size` pixels a side: the exact mean of whole blocks, otherwise Lanczos."""
    if square.width == size:
        return square
    if square.width % size == 0:
        return square.reduce(square.width // size)
    return square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)


def digest(square: Image.Image) -> bytes:
    """16 bytes that two images share when all their decoded pixels are equal."""
    return hashlib.blake2b(square.tobytes(), digest_size=16).digest()


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _grey_image(np.asarray(image) / 257.0)  # convert("L") would clip at 255
    if image.mode in ("I", "F"):
        return _grey_image(_levels(np.asarray(image, dtype=np.float64)))
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # None is for in-place conversions
        return converted
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _levels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`values` [H, W] in 0..255: unit, 8-bit and 16-bit ranges are kept, others are stretched."""
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(low) or not math.isfinite(high):
        raise ValueError("pixels are not finite")
    if low >= 0 and high <= 1:
        return values * 255.0
    if low >= 0 and high <= 65535:
        return values if high <= 255 else values / 257.0
    return (values - low) * (255.0 / (high - low)) if high > low else values * 0.0


def _grey_image(levels: NDArray[Any]) -> Image.Image:
    return Image.fromarray(np.rint(levels).astype(np.uint8))


def _is_grey_mode(mode: str) -> bool:
    return mode in ("1", "L", "LA", "La", "I", "F") or mode.startswith("I;16")


# ---------------------------------------------------------------------------- files in folders


@dataclass(frozen=True)
class _Entry:
    path: str  # below the source, with /
    size: int  # bytes, unpacked
    read: Callable[[], bytes]


def _listed(path: Path, name: str) -> tuple[str, int, int]:
    state = path.stat()
    return name, state.st_size, state.st_mtime_ns


def _is_system(path: str) -> bool:
    parts = path.lower().split("/")
    return any(part.startswith(".") or part in SYSTEM_NAMES for part in parts)


def _list_folder(root: Path) -> Listing:
    """Every file below `root`, sorted; linked folders are not entered, as they may form a ring."""
    found = []
    for folder, folders, files in os.walk(root):
        folders.sort()
        for file in files:
            path = Path(folder, file)
            if path.is_file():
                found.append(_listed(path, path.relative_to(root).as_posix()))
    return sorted(found)


def _locate_folder(root: Path) -> Source:
    listing = _list_folder(root)
    seen = [(name, size, changed) for name, size, changed in listing if not _is_system(name)]
    if any(IDX_IMAGES.fullmatch(Path(name).name) for name, _, _ in seen):
        return _locate_idx(root, root, seen)
    tables = _tables_beside(root)
    seen += [_listed(table, f"../{table.name}") for table in tables]

    def load() -> Collection:
        entries = [_Entry(name, size, (root / name).read_bytes) for name, size, _ in listing]
        return _collect_files(entries, [table.read_bytes() for table in tables])

    return Source("folder", str(root), root.name, seen, load)


def _load_zip(path: Path, tables: Sequence[Path]) -> Collection:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ConfigError(f"{path.name} cannot be opened as a zip file: {error}.") from error
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _check_zip(path, infos)
    entries = []
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        name = "/".join(part for part in parts if part not in ("", ".", ".."))
        entries.append(_Entry(name, info.file_size, partial(archive.read, info)))
    return _collect_files(entries, [table.read_bytes() for table in tables])


def _check_zip(path: Path, infos: Sequence[zipfile.ZipInfo]) -> None:
    """Raises ConfigError for a zip that cannot be read or that unpacks to absurd amounts."""
    if any(info.flag_bits & 1 for info in infos):
        raise ConfigError(f"{path.name} is encrypted: unpack it and give the folder instead.")
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:  # CVE-2024-0450
            raise ConfigError(f"{path.name} is refused: files inside it overlap, as in a zip bomb.")
        end = info.header_offset + 30 + info.compress_size
    unpacked = sum(info.file_size for info in infos)
    if unpacked > 2**20 + MAX_ZIP_RATIO * path.stat().st_size:
        raise ConfigError(
            f"{path.name} is refused: it unpacks to {unpacked:,} bytes, more than "
            f"{MAX_ZIP_RATIO} times its size, as a zip bomb does."
        )


def _collect_files(entries: Sequence[_Entry], tables_beside: Sequence[bytes]) -> Collection:
    images: list[_Entry] = []
    skipped: list[tuple[str, str]] = []
    tables: list[bytes] = []
    credits: list[_Entry] = []
    for entry in sorted(entries, key=lambda entry: entry.path):
        suffix = Path(entry.path).suffix.lower()
        if _is_system(entry.path):
            skipped.append(("system", entry.path))
        elif SUFFIX.fullmatch(suffix):
            images.append(entry)
        elif entry.size > MAX_FILE_BYTES:
            skipped.append(("other", entry.path))
        elif suffix == ".csv" or Path(entry.path).name == "list_attr_celeba.txt":
            tables.append(_bytes(entry))
        elif CREDIT_FILE.fullmatch(entry.path):
            credits.append(entry)
        else:
            skipped.append(("other", entry.path))

    folders = [entry.path.rpartition("/")[0] for entry in images]
    outer = os.path.commonpath(folders) if folders and all(folders) else ""
    names = [entry.path[len(outer) :].lstrip("/") for entry in images]
    columns, left_out = attach_tables([*tables, *tables_beside], [entry.path for entry in images])
    labels = folder_labels(names)
    if labels and "label" not in columns:
        columns["label"] = text_column(labels)
    best = sorted(credits, key=lambda e: ("credit" not in e.path.lower(), e.path.count("/")))

    def read(index: int) -> Image.Image:
        entry = images[index]
        if entry.size > MAX_FILE_BYTES:
            raise TooLargeError(f"the file is over {MAX_FILE_BYTES // 2**20} MB")
        try:
            return Image.open(io.BytesIO(entry.read()), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise TooLargeError(str(error)) from error

    def is_grey(indices: Iterable[int]) -> bool:
        return all(_is_grey_mode(mode) for mode in map(mode_of, indices) if mode)

    def mode_of(index: int) -> str:
        try:
            with read(index) as image:
                return image.mode
        except Exception:  # a broken file is counted when its turn comes to be imported
            return ""

    return Collection(
        [name.encode("utf-8", "replace").decode() for name in names],
        read,
        is_grey,
        FILE_SIZE,
        are_files=True,
        columns={name: column for name, column in columns.items() if column is not None},
        columns_left_out=left_out,
        credit=_text(_bytes(best[0]))[:4000].strip() if best else "",
        skipped=skipped,
    )


def _bytes(entry: _Entry) -> bytes:
    try:
        return entry.read()
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ConfigError(f"{entry.path} cannot be read: {error}.") from error


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")


def folder_labels(names: Sequence[str]) -> list[str] | None:
    """The class folder of each image, or None where the folders are not classes.

    Folders are classes when every image lies in one of two or more, they are not numbered shards
    (00000, 01000) and not as many as the images. Below train/ and test/ the next level counts.
    """
    parts = [name.split("/")[:-1] for name in names]
    if parts and all(part and part[0].lower() in SPLIT_FOLDERS for part in parts):
        parts = [part[1:] for part in parts]
    if not all(parts):
        return None
    labels = [part[0] for part in parts]
    classes = set(labels)
    are_shards = all(re.fullmatch(r"\d{4,}", name) for name in classes)
    if len(classes) < 2 or are_shards or (len(classes) == len(labels) and len(labels) > 2):
        return None
    return labels


# ---------------------------------------------------------------------------- attributes


def numeric_column(values: NDArray[np.float64]) -> Column:
    """Few distinct whole numbers as classes, other numbers as float32. [N]"""
    known = np.isfinite(values)
    distinct = np.unique(values[known])
    if distinct.size <= MAX_INTEGER_CLASSES and bool(np.all(distinct == np.rint(distinct))):
        names = [str(int(value)) for value in distinct] + ["unknown"] * (not known.all())
        ids = np.where(known, np.searchsorted(distinct, values), distinct.size)
        return Column(ids.astype(np.int64), tuple(names))
    return Column(np.where(known, values, np.nan).astype(np.float32))


def text_column(cells: Sequence[str]) -> Column:
    """One class per distinct text, in sorted order; empty cells are the class "unknown". [N]"""
    texts = [cell or "unknown" for cell in cells]
    classes = sorted(set(texts))
    index = {name: number for number, name in enumerate(classes)}
    return Column(np.array([index[text] for text in texts], dtype=np.int64), tuple(classes))


def attach_tables(
    tables: Sequence[bytes], paths: Sequence[str]
) -> tuple[dict[str, Column], list[str]]:
    """The columns of CSV tables for the images at `paths`, and the names of those left out.

    A row belongs to an image when its first cell, or its cell in a column such as ``file`` or
    ``image_id``, is the image's path, the end of its path, or its name without the suffix.
    Tables without any such row are about something else and are passed over.
    """
    columns: dict[str, Column] = {}
    left_out: list[str] = []
    for table in tables:
        header, rows = _parse_table(_text(table))
        lowered = [name.lower() for name in header]
        keys = [lowered.index(name) for name in NAME_COLUMNS if name in lowered] + [0]
        for key in keys:
            by_name = {_plain_path(row[key]): row for row in rows if len(row) > key}
            found = [_find_row(by_name, path) for path in paths]
            if any(row is not None for row in found):
                break
        else:
            continue
        for position, name in enumerate(header):
            if position == key or not name or name in columns:
                continue
            cells = [row[position].strip() if row and position < len(row) else "" for row in found]
            column = _cells_column(cells)
            if column is None:
                left_out.append(name)
            else:
                columns[name] = column
    return columns, left_out


def _cells_column(cells: Sequence[str]) -> Column | None:
    try:
        return numeric_column(np.array([float(cell or "nan") for cell in cells]))
    except ValueError:
        return text_column(cells) if len(set(cells)) <= MAX_TEXT_CLASSES else None


def _parse_table(text: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV, or of CelebA's list_attr_celeba.txt (count, names, rows)."""
    lines = text.splitlines()
    if len(lines) > 1 and lines[0].strip().isdigit():
        return ["image_id", *lines[1].split()], [line.split() for line in lines[2:]]
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)
    try:
        header, *rows = [*csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)] or [[]]
    except csv.Error:  # not a table at all: no row of it belongs to an image
        return [], []
    return [name.strip() for name in header], rows


def _plain_path(cell: str) -> str:
    return cell.strip().replace("\\", "/").removeprefix("./")


def _find_row(rows: Mapping[str, list[str]], path: str) -> list[str] | None:
    parts = path.split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    return next((rows[end] for end in [*ends, Path(path).stem] if end in rows), None)


def _tables_beside(path: Path) -> list[Path]:
    """CSV and CelebA tables in the folder of `path`, but for those named after a neighbour."""
    try:
        neighbours = [other for other in path.parent.iterdir() if not other.name.startswith(".")]
    except OSError:  # a parent that may not be listed holds no table for us
        return []
    tables = [
        other
        for other in neighbours
        if (other.suffix.lower() == ".csv" or other.name == "list_attr_celeba.txt")
        and other.is_file()
        and other.stat().st_size <= MAX_FILE_BYTES
    ]
    others = {other.stem for other in neighbours if other != path and other not in tables}
    return sorted(table for table in tables if table.stem not in others - {path.stem})


# ---------------------------------------------------------------------------- idx files


def _locate_idx(path: Path, root: Path, listing: Listing) -> Source:
    """Image sets below `root` as one source: first the training set, then the test set."""
    sets: dict[str, str] = {}  # path up to the set's name -> path of its images
    for name, _, _ in sorted(listing, reverse=True):  # a plain file comes last and wins
        match = IDX_IMAGES.fullmatch(name)
        if match:
            sets[match["set"]] = name
    tests = [name for name in sets if name.lower().endswith(("t10k", "test"))]
    trains = [name for name in sets if name not in tests]
    if len(trains) > 1 or len(tests) > 1:
        raise ConfigError(
            f"{path.name} holds {len(sets)} sets of idx images ({', '.join(sorted(sets.values()))})"
            ": name the folder or the images file of one of them."
        )

    def load() -> Collection:
        images, labels = [], []
        for name in [*trains, *tests]:
            file = root / sets[name]
            images.append(read_idx(file, 3))
            labels.append(_idx_labels(file, len(images[-1])))
        if len({part.shape[1:] for part in images}) > 1:
            raise ConfigError(f"The idx files of {path.name} hold images of different sizes.")
        columns = {}
        known = [label for label in labels if label is not None]
        if len(known) == len(labels):
            is_fashion = "fashion" in str(path).lower()
            joined = np.concatenate(known)
            column = numeric_column(joined.astype(np.float64))
            named = is_fashion and column.classes == tuple("0123456789")
            columns["label"] = Column(column.values, FASHION_CLASSES) if named else column
        return _collect_array(
            images, columns=columns, validation_from=len(images[0]) if len(images) > 1 else None
        )

    return Source("idx", str(path), path.name, listing, load)


def _idx_labels(images: Path, count: int) -> NDArray[np.uint8] | None:
    name = images.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    for file in (images.with_name(name), images.with_name(f"{name}.gz")):
        if file.exists():
            labels = read_idx(file, 1)
            if len(labels) != count:
                raise ConfigError(
                    f"{file.name} holds {len(labels)} labels for the {count} images of "
                    f"{images.name}: fetch the two files again."
                )
            return labels
    return None


def read_idx(path: Path, num_dims: int) -> NDArray[np.uint8]:
    """The bytes of an idx file, plain or .gz, with `num_dims` dimensions.

    Raises ConfigError where the file is something else, or not whole.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            magic, sizes = file.read(4), file.read(4 * num_dims)
            if magic == bytes((0, 0, 8, num_dims)) and len(sizes) == 4 * num_dims:
                shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
                count = math.prod(shape)
                data = file.read(count) if count <= MAX_ARRAY_BYTES else b""
                if data and len(data) == count:
                    return np.frombuffer(data, np.uint8).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ConfigError(f"{path.name} cannot be read as an idx file: {error}.") from error
    raise ConfigError(
        f"{path.name} is not a whole idx file of bytes with {num_dims} dimensions: fetch it again."
    )


# ---------------------------------------------------------------------------- arrays


def _load_array(path: Path) -> Collection:
    try:
        if path.suffix.lower() == ".npy":
            mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
            return _collect_array([_checked_images(mapped, path.name)])
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            others = _loadable(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{path.name} cannot be read as NumPy arrays: {error}.") from error
    wanted = [name for name in ("imgs", "images", "x", *others) if name in others]
    name = next((name for name in wanted if others[name].ndim in (3, 4)), None)
    if name is None:
        found = ", ".join(f"{key} {list(value.shape)}" for key, value in others.items())
        raise ConfigError(
            f"{path.name} holds no images: expected an array [N, H, W] or [N, H, W, C], "
            f"found {found or 'none that can be read'}."
        )
    images = _checked_images(others.pop(name), path.name)
    return _collect_array([images], columns=_array_columns(others, len(images)))


def _loadable(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    found = {}
    for name in arrays:
        try:
            found[name] = arrays[name]
        except ValueError:  # an array of Python objects, which would have to be unpickled
            continue
    return found


def _checked_images(images: NDArray[Any], where: str) -> NDArray[Any]:
    """`images` as [N, H, W] or [N, H, W, C]. Raises ConfigError for other shapes and values."""
    if images.ndim == 4 and images.shape[1] in (1, 3, 4) and images.shape[3] not in (1, 3, 4):
        images = np.moveaxis(images, 1, 3)
    is_layout = images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3, 4))
    if not is_layout or 0 in images.shape:
        raise ConfigError(
            f"The images of {where} have the shape {list(images.shape)}: expected [N, H, W], "
            "[N, H, W, C] or [N, C, H, W] with 1, 3 or 4 channels."
        )
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    top = 1 if images.dtype.kind == "f" else 255
    if images.dtype.kind not in "buif" or not (images.min() >= 0 and images.max() <= top):
        raise ConfigError(
            f"The images of {where} are {images.dtype} beyond what is read: expected whole "
            "numbers from 0 to 255, or floats from 0 to 1."
        )
    return images


def _array_columns(arrays: dict[str, NDArray[Any]], num: int) -> dict[str, Column]:
    """Attributes among the arrays of an .npz: dSprites' factors, and whatever has N entries."""
    columns = {}
    values = arrays.pop("latents_values", None)
    names = arrays.pop("latents_names", None)
    if values is not None and values.ndim == 2 and len(values) == num:
        count = values.shape[1]
        default = DSPRITES_FACTORS if count == 6 else [f"factor {j}" for j in range(count)]
        given = [] if names is None else np.ravel(names).astype(str).tolist()
        for j, name in enumerate(given if len(given) == count else default):
            columns[name] = numeric_column(values[:, j].astype(np.float64))
    for key, array in arrays.items():
        name = "label" if key.lower() in ("labels", "y", "target", "targets") else key
        if array.shape == (num,) and array.dtype.kind in "buif":
            columns[name] = numeric_column(array.astype(np.float64))
        elif array.shape == (num,) and array.dtype.kind == "U":
            columns[name] = text_column(array.tolist())
    return columns


def _collect_array(
    parts: Sequence[NDArray[Any]],
    columns: Mapping[str, Column] | None = None,
    validation_from: int | None = None,
) -> Collection:
    """Arrays [N, H, W] or [N, H, W, C] one after the other; all of them are kept, twins too."""
    starts = np.cumsum([0, *(len(part) for part in parts)])
    top = max(float(part.max()) for part in parts)
    scale = 255 if parts[0].dtype.kind in "bf" or top <= 1 else 1

    def read(index: int) -> Image.Image:
        part = int(np.searchsorted(starts, index, side="right")) - 1
        pixels = parts[part][index - int(starts[part])]
        return Image.fromarray(np.rint(pixels * np.float32(scale)).astype(np.uint8))

    height, width = parts[0].shape[1:3]
    return Collection(
        [str(index) for index in range(int(starts[-1]))],
        read,
        lambda indices: parts[0].ndim == 3,
        _own_size(height, width),
        are_files=False,
        columns=columns or {},
        validation_from=validation_from,
    )


def _own_size(height: int, width: int) -> int:
    return min(max(min(height, width), MIN_IMAGE_SIZE), MAX_IMAGE_SIZE)


# ---------------------------------------------------------------------------- torchvision


def _locate_torchvision(name: str, downloads: Path) -> Source:
    folder = downloads / name
    if name and folder.is_dir():
        listing = [entry for entry in _list_folder(folder) if not _is_system(entry[0])]
        if any(IDX_IMAGES.fullmatch(Path(entry[0]).name) for entry in listing):
            return _locate_idx(folder, folder, listing)
    place = str(downloads.resolve() / name)
    return Source("torchvision", place, name, [], partial(_load_torchvision, name, downloads))


def _load_torchvision(name: str, downloads: Path) -> Collection:
    try:
        datasets = importlib.import_module("torchvision.datasets")
    except ImportError as error:
        raise ConfigError(f"torchvision:{name} needs the package torchvision: {error}.") from error
    kind = getattr(datasets, name, None) if name in datasets.__all__ else None
    if kind is None:
        raise ConfigError(
            f"torchvision has no data set {name!r}: MNIST, FashionMNIST, CIFAR10, SVHN and CelebA "
            "are among those it has."
        )
    options = inspect.signature(kind).parameters
    splits: list[dict[str, Any]] = [{}]
    if "train" in options:
        splits = [{"train": True}, {"train": False}]
    elif "split" in options:
        splits = [{"split": "all"}] if name == "CelebA" else [{"split": "train"}, {"split": "test"}]
    base = {"root": str(downloads)} if "root" in options else {}
    try:
        parts = [_open_torchvision(kind, {**base, **split}, options) for split in splits]
        return _collect_torchvision(parts)
    except Exception as error:  # torchvision raises nearly anything; a person gets one sentence
        cause = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"torchvision:{name} is not in the folder {downloads.name} beside the cache and could "
            f"not be downloaded ({type(error).__name__}: {cause})."
        ) from error


def _open_torchvision(kind: Any, given: dict[str, Any], options: Mapping[str, Any]) -> Any:
    if "download" not in options:
        return kind(**given)
    try:
        return kind(**given, download=False)
    except RuntimeError:  # torchvision's way to say that the files are not there
        return kind(**given, download=True)


def _collect_torchvision(parts: Sequence[Any]) -> Collection:
    starts = np.cumsum([0, *(len(part) for part in parts)])

    def read(index: int) -> Image.Image:
        part = int(np.searchsorted(starts, index, side="right")) - 1
        image = parts[part][index - int(starts[part])][0]
        if not isinstance(image, Image.Image):
            raise ValueError(f"expected an image, found {type(image).__name__}")
        return image

    columns = {}
    attributes = getattr(parts[0], "attr", None)  # CelebA: [N, 40] of 0 and 1
    if attributes is not None:
        for j, name in enumerate(filter(None, parts[0].attr_names)):
            columns[name] = numeric_column(np.asarray(attributes[:, j], dtype=np.float64))
    found = [getattr(part, "targets", getattr(part, "labels", None)) for part in parts]
    if all(
        labels is not None and len(labels) == len(part)
        for labels, part in zip(found, parts, strict=True)
    ):
        joined = np.concatenate([np.asarray(labels, dtype=np.float64) for labels in found])
        names = tuple(str(name) for name in getattr(parts[0], "classes", ()))
        is_named = joined.ndim == 1 and joined.min() >= 0 and joined.max() < len(names)
        if is_named:
            columns["label"] = Column(joined.astype(np.int64), names)
        elif joined.ndim == 1:
            columns["label"] = numeric_column(joined)
    first = read(0)
    return Collection(
        [str(index) for index in range(int(starts[-1]))],
        read,
        lambda indices: _is_grey_mode(first.mode),
        _own_size(first.height, first.width) if max(first.size) <= FILE_SIZE else FILE_SIZE,
        are_files=False,
        columns=columns,
        validation_from=int(starts[1]) if len(parts) > 1 else None,
    )
