"""What a layout of images is, the pictures in all of them, and a look at what it becomes.

Each picture carries its number: a black and a white quarter above, below the tens and the ones as
levels of grey or, in colour, of red. So the right picture, upright, with the right values and the
right row of a table, is told from any other by its pixels.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import json
import tempfile
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from vae.commands.parser import main
from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.runs.folder import data_cache
from vae.training.batches import batch_index

SIDE = 16
BATCH = 8
EVERY_SMALL_SET = ("training image", "There is a single image")  # warned of in nearly all of them


def levels(number: int) -> NDArray[np.uint8]:
    """The grey picture of this number, below 100. [16, 16]"""
    picture = np.empty((SIDE, SIDE), np.uint8)
    half = SIDE // 2
    picture[:half, :half], picture[:half, half:] = 0, 255
    picture[half:, :half], picture[half:, half:] = 30 + 20 * np.array(divmod(number, 10))
    return picture


def colours(number: int) -> NDArray[np.uint8]:
    """The same in colour. [16, 16, 3]"""
    grey = levels(number)
    picture = np.stack([grey] * 3, axis=2)
    picture[SIDE // 2 :, :, 1:] = 60, 220
    return picture


def greys(numbers: Sequence[int]) -> NDArray[np.uint8]:
    """[N, 16, 16]"""
    return np.stack([levels(number) for number in numbers])


def number_of(x: NDArray[Any]) -> int | None:
    """The number that a picture [C, H, W] from 0 to 1 carries, None where it is none of them."""
    height, width = x.shape[1:]
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    values = x[:, rows][:, :, columns] * 255.0
    black, white = values[:, 0, 0], values[:, 0, 1]
    if black.max() > 12 or white.min() < 243:
        return None
    is_grey = bool(np.ptp(values[:, 1], axis=0).max() < 12)
    if not is_grey and np.abs(values[1:, 1] - [[60], [220]]).max() > 20:
        return None
    digits = (values[0, 1] - 30) / 20
    if np.abs(digits - np.rint(digits)).max() > 0.35:
        return None
    tens, ones = np.rint(digits).astype(int).tolist()
    return int(10 * tens + ones)


def encoded(number: int, kind: str = "PNG", grey: bool = False, **options: Any) -> bytes:
    """The picture as an image file."""
    file = io.BytesIO()
    array = levels(number) if grey else colours(number)
    Image.fromarray(array).save(file, kind, **options)
    return file.getvalue()


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


KINDS = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".jp2": "JPEG2000", ".heic": "HEIF"}


def save(folder: Path, names: Sequence[str], start: int = 0) -> Path:
    """Pictures of these names, with the numbers from `start` on. Returns the folder."""
    for number, name in enumerate(names, start):
        suffix = Path(name).suffix.lower()
        kind = KINDS.get(suffix, suffix[1:].upper() or "PNG")
        options = {"quality": 95} if kind in ("JPEG", "HEIF", "AVIF", "WEBP") else {}
        write(folder / name, encoded(number, kind, **options))
    return folder


Make = Callable[[Path], Path | str]


@dataclass(frozen=True)
class Layout:
    """One way in which images are given, and what is expected of it."""

    theme: str
    title: str
    make: Make  # writes it in an empty folder, returns the source
    images: Sequence[int]  # the numbers of those that are used
    held_out: Sequence[int] | None  # those for validation where the source says so; None: random
    counts: Mapping[str, int]  # of what is not used, by reason
    columns: Mapping[str, Sequence[str]]  # for each of `images`, "-" where it is not known
    values: str  # the sentence on the range begins so
    says: Sequence[str]  # a part of each sentence
    options: Sequence[str]
    needs: Sequence[str]  # packages
    read: Callable[[NDArray[Any]], int | None]
    channels: int | None

    @property
    def id(self) -> str:
        return f"{self.theme}: {self.title}"

    @property
    def missing(self) -> list[str]:
        """The packages it needs that are not here."""
        return [name for name in self.needs if not _is_here(name)]


def _is_here(name: str) -> bool:
    if name == "avif":
        return bool(features.check("avif"))
    return importlib.util.find_spec(name) is not None


@dataclass
class Theme:
    """Layouts under one heading."""

    title: str
    words: str
    layouts: list[Layout] = field(default_factory=list)

    def layout(
        self,
        title: str,
        images: str | Sequence[int],
        held_out: str | Sequence[int] | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        counts: Mapping[str, int] | None = None,
        values: str = "The values have 8 bits",
        says: Sequence[str] = (),
        options: Sequence[str] = (f"--data.image_size={SIDE}",),
        needs: Sequence[str] = (),
        read: Callable[[NDArray[Any]], int | None] = number_of,
        channels: int | None = None,
    ) -> Callable[[Make], Make]:
        """Adds what the function below makes to the theme."""

        def add(make: Make) -> Make:
            self.layouts.append(
                Layout(
                    *(self.title, title, make),
                    *(_numbers(images), None if held_out is None else _numbers(held_out)),
                    *(counts or {}, {n: c.split() for n, c in (columns or {}).items()}),
                    *(values, says, options, needs, read, channels),
                )
            )
            return make

        return add


def _numbers(text: str | Sequence[int]) -> list[int]:
    return [int(word) for word in text.split()] if isinstance(text, str) else list(text)


@dataclass(frozen=True)
class Look:
    """What `check --json` says of a layout, the data set, and what a model sees of it first."""

    report: Mapping[str, Any]
    data: Dataset
    batch: NDArray[np.float32]  # x of the first step. [N, C, H, W]
    given: Sequence[str]  # what lies there, in lines

    def x(self, index: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """[N, C, H, W]"""
        return _x(self.data, np.asarray(index, np.int64))


def _x(data: Dataset, index: NDArray[np.int64]) -> NDArray[np.float32]:
    return (data.take(index).astype(np.float32) / 255).transpose(0, 3, 1, 2)


@functools.cache
def look(make: Make, options: Sequence[str]) -> Look:
    """Makes the layout in a new folder and runs `check --json` on it."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder).resolve() / "given"
        at.mkdir()
        source = make(at)
        given = _given(at)
        root = Path(folder).resolve() / "runs"
        root.mkdir()
        (root / "data").symlink_to(at)  # where torchvision looks
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = main(["check", str(source), "--root", str(root), "--json", *options])
        assert status == 0, printed.getvalue()
        report = json.loads(printed.getvalue().splitlines()[-1])
        named = dict(option.removeprefix("--data.").split("=") for option in options)
        config = DataConfig(
            source=str(source),
            **{name: int(v) if v.isdigit() else v for name, v in named.items()},  # type: ignore[arg-type]
        )
        data = open_dataset(config, data_cache(root))
        pixels = data.take(np.arange(len(data)))
        batch = _x(data, batch_index(data.train, 0, BATCH, 0))
        kept = Dataset(**{**vars(data), "pixels": _Kept(pixels)})
    return Look(report, kept, batch, given)


@dataclass(frozen=True)
class _Kept:
    images: NDArray[np.uint8]

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.asarray(self.images[indices])


# ---------------------------------------------------------------------------- what lies there

MAX_LINES = 6
TEXTS = (".csv", ".tsv", ".txt", ".json", ".jsonl")


def _given(at: Path) -> list[str]:
    """The files in a folder in some lines, with the arrays or the first rows in them."""
    lines = []
    paths = sorted(path for path in at.rglob("*") if path.is_symlink() or path.is_file())
    for path in sorted(paths, key=lambda path: (path.suffix.lower() in TEXTS, str(path))):
        name = path.relative_to(at).as_posix()
        if path.is_symlink():
            lines.append(f"{name} -> {path.readlink()}")
        elif path.suffix == ".npz":
            with np.load(path, allow_pickle=True) as arrays:
                lines.append(f"{name}:")
                lines += [f"  {key} {_form(arrays[key])}" for key in arrays.files]
        elif path.suffix == ".npy":
            lines.append(f"{name}: {_form(np.load(path))}")
        elif path.suffix.lower() in TEXTS:
            lines.append(f"{name}:")
            lines += [f"  {row}" for row in _rows(path)]
        else:
            lines.append(name)
    files = [line for line in lines if not line.startswith("  ")]
    if len(files) > MAX_LINES and len(lines) == len(files):
        lines = [*lines[: MAX_LINES - 2], "...", lines[-1]]
    return lines


def _form(array: NDArray[Any]) -> str:
    return (
        f"{list(array.shape)} {array.dtype.name.rstrip('0123456789') or array.dtype}"
        if (array.dtype.kind in "USO")
        else f"{list(array.shape)} {array.dtype}"
    )


def _rows(path: Path) -> list[str]:
    data = path.read_bytes()
    is_utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    rows = unicodedata.normalize("NFC", text).splitlines()
    return [row if len(row) < 60 else f"{row[:57]}..." for row in rows[:3]]
