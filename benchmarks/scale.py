"""What each part costs in time, memory and disk, and what it would cost for more images.

    python -m benchmarks.scale
    python -m benchmarks.scale --nums 10000 100000 --network 8,16,32,48,48 --json scale.json

The commands of the product run one after the other on sets of two sizes or more. A line through the
smallest and the largest gives what a part takes to begin and what an image takes; the sizes between
check it. Reading and training are counted by the second instead, since how many images they see is
for the user to say. Memory is the process's own (RssAnon) and that of files that it has mapped
(RssFile, mostly libraries), both of Linux. Ends in about 3 minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from vae.faces.synthetic import faces
from vae.runs.folder import Run

NUM_FILES = 10_000  # images that are imported from files at most: they take the longest
AHEAD = (1_000_000, 100_000_000)
SAMPLED_SECONDS = 0.02

TRAIN_MINUTES, EPOCHS = 0.25, 1000  # at most
NUM_BATCHES = 1_000  # of 64 random images

BATCHES = """
import json, os, sys, time
from pathlib import Path
import numpy as np
from vae.config import DataConfig
from vae.data.dataset import open_dataset
from vae.training.batches import batch_index
source, cache, num, is_cold = sys.argv[1:]
data = open_dataset(DataConfig(source=source), Path(cache))
if is_cold == "cold":
    for file in Path(cache).glob("*/images.npy"):
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
data.take(batch_index(data.train, 0, 64, 0))
began = time.perf_counter()
for step in range(1, 1 + int(num)):
    data.take(batch_index(data.train, 0, 64, step))
seconds = time.perf_counter() - began
print(json.dumps({"images_per_second": 64 * int(num) / seconds}))
"""


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    seconds: float
    own_mb: float  # memory of its own, at its peak
    mapped_mb: float  # of the files that it reads in place
    disk_mb: float = 0.0  # of what it left behind
    images_per_second: float = 0.0  # where it counts them by itself


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nums", type=int, nargs="+", default=[1_000, 4_000], metavar="N")
    parser.add_argument("--image_size", type=int, default=64)
    parser.add_argument("--network", default="32,64,128,192,192", help="model.channels")
    parser.add_argument("--folder", type=Path, help="where the images lie (default: a new one)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(words)
    found: dict[str, dict[int, Cost]] = {part: {} for part in given.parts}
    with tempfile.TemporaryDirectory(dir=given.folder) as where:
        for num in sorted(given.nums):
            place = Place(Path(where), num, given.image_size, given.network)
            place.begin()
            for part in given.parts:
                cost = PARTS[part](place)
                if cost is not None:
                    found[part][num] = cost
                    print(row(part, num, cost), flush=True)
    model = {
        part: Line.through(costs)
        for part, costs in found.items()
        if len(costs) > 1 and not any(cost.images_per_second for cost in costs.values())
    }
    print("\n".join(["", *table(found, model)]))
    if given.json:
        document = {
            "points": {p: {n: asdict(c) for n, c in costs.items()} for p, costs in found.items()},
            "model": {part: asdict(line) for part, line in model.items()},
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n")


# ------------------------------------------------------------------------------------ parts


@dataclass(frozen=True)
class Place:
    """Where `num` images lie, and the runs that are made of them."""

    folder: Path
    num: int
    image_size: int
    network: str

    @property
    def images(self) -> Path:
        return self.folder / f"{self.num}.npy"

    @property
    def root(self) -> Path:
        return self.folder / f"runs-{self.num}"

    def begin(self) -> None:
        """Draw the images into one array, a part at a time."""
        shape = (self.num, self.image_size, self.image_size, 3)
        array = np.lib.format.open_memmap(self.images, "w+", np.uint8, shape)
        for start in range(0, self.num, 256):
            part = np.arange(start, min(start + 256, self.num))
            array[part] = faces(0, part, self.image_size)

    def vae(self, *words: str, leaves: Path | None = None) -> Cost:
        """A command of the product on these runs. `leaves`: what is measured on disk."""
        root = ["--root", str(self.root)]
        return measured([sys.executable, "-m", "vae", *words, *root], leaves)


def draw(place: Place) -> Cost:
    """Faces drawn one batch after the other, none of them kept."""
    code = "import sys, numpy as np; from vae.faces.synthetic import faces\n" + (
        "for start in range(0, int(sys.argv[1]), 256):\n"
        "    faces(1, np.arange(start, start + 256), int(sys.argv[2]))"
    )
    return measured([sys.executable, "-c", code, str(place.num), str(place.image_size)])


def import_array(place: Place) -> Cost:
    return place.vae("check", str(place.images), leaves=place.root / ".data")


def import_files(place: Place) -> Cost | None:
    """A folder of PNG files; None where there would be too many of them."""
    if place.num > NUM_FILES:
        return None
    array, folder = np.load(place.images, mmap_mode="r"), place.folder / f"files-{place.num}"
    folder.mkdir()
    for index, image in enumerate(array):
        Image.fromarray(image).save(folder / f"{index}.png")
    return place.vae("check", str(folder))


def batches(place: Place, is_cold: bool = False) -> Cost:
    """Random batches as in training, of files that are in the memory of the system."""
    num = max(1, NUM_BATCHES // 10) if is_cold else NUM_BATCHES
    where = [str(place.images), str(place.root / ".data")]
    words = [*where, str(num), "cold" if is_cold else "warm"]
    return measured([sys.executable, "-c", BATCHES, *words])


def cold_batches(place: Place) -> Cost | None:
    """The same from the disk. Unix only."""
    return batches(place, is_cold=True) if hasattr(os, "posix_fadvise") else None


def train(place: Place) -> Cost:
    """A quarter of a minute of training, whatever the number of images."""
    cost = place.vae(
        *("train", "run", "--data", str(place.images), "--model.channels", place.network),
        *("--model.prior", "normal"),  # the flow takes the same time for any number of images
        *("--train.max_minutes", str(TRAIN_MINUTES), "--train.epochs", str(EPOCHS), "--json"),
        leaves=place.root / "run",
    )
    steps = [e for e in Run(place.root / "run").events() if e["kind"] == "step"]
    speed = float(np.median([event["images_per_second"] for event in steps]))
    return replace(cost, images_per_second=speed)


def encode(place: Place) -> Cost:
    out = place.folder / f"{place.num}.npz"
    return place.vae("encode", "run", "--data", str(place.images), "--out", str(out), leaves=out)


def pca(place: Place) -> Cost:
    out = place.root / "run" / "maps" / "pca.npz"
    return place.vae("project", "run", "--method", "pca", "--out", str(out), leaves=out)


def evaluate(place: Place) -> Cost:
    """Of the tenth that is held out."""
    return place.vae("evaluate", "run")


PARTS = {
    "draw": draw,
    "import array": import_array,
    "import files": import_files,
    "warm batches": batches,
    "cold batches": cold_batches,
    "train": train,
    "encode": encode,
    "pca": pca,
    "evaluate": evaluate,
}


# --------------------------------------------------------------------------------- measuring


def measured(command: Sequence[str], leaves: Path | None = None) -> Cost:
    """What a process takes. Raises RuntimeError with its last words where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peaks = {"RssAnon": 0.0, "RssFile": 0.0}
    watch = threading.Thread(target=_watch, args=(process, peaks))
    watch.start()
    told, errors = process.communicate()
    seconds = time.perf_counter() - began
    watch.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)[:200]} failed: {errors[-500:]}")
    speed = json.loads(told.splitlines()[-1])["images_per_second"] if "per_second" in told else 0.0
    left = disk_mb(leaves) if leaves else 0.0
    return Cost(seconds, peaks["RssAnon"], peaks["RssFile"], left, speed)


def _watch(process: subprocess.Popen[str], peaks: dict[str, float]) -> None:
    """Keep the highest memory of a process, in MB, until it ends."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            lines = status.read_text().splitlines()
        except OSError:  # it has ended, or this is no Linux
            return
        for name, _, rest in (line.partition(":") for line in lines):
            if name in peaks:
                peaks[name] = max(peaks[name], int(rest.split()[0]) * 1024 / 1e6)
        time.sleep(SAMPLED_SECONDS)


def disk_mb(place: Path) -> float:
    files = [place] if place.is_file() else [f for f in place.rglob("*") if f.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


# ------------------------------------------------------------------------------- the model


@dataclass(frozen=True)
class Line:
    """Seconds and bytes on disk as something fixed, and something for each image."""

    fixed_seconds: float
    seconds: float  # an image
    disk_bytes: float  # an image

    @staticmethod
    def through(costs: dict[int, Cost]) -> Line:
        """The line through the smallest and the largest set."""
        few, many = min(costs), max(costs)
        num = many - few
        seconds = (costs[many].seconds - costs[few].seconds) / num
        disk_bytes = 1e6 * (costs[many].disk_mb - costs[few].disk_mb) / num
        return Line(costs[few].seconds - few * seconds, seconds, disk_bytes)

    def at(self, num: int) -> float:
        """Seconds for `num` images."""
        return self.fixed_seconds + num * self.seconds


def row(part: str, num: int, cost: Cost) -> str:
    speed = f" {cost.images_per_second:>9,.0f} images/s" if cost.images_per_second else ""
    return (
        f"{part:<13} {num:>9,} {cost.seconds:>8.1f} s {cost.own_mb:>6,.0f} MB own "
        f"{cost.mapped_mb:>6,.0f} MB mapped {cost.disk_mb:>7,.1f} MB on disk{speed}"
    )


def table(found: dict[str, dict[int, Cost]], model: dict[str, Line]) -> list[str]:
    """The cost of an image, how well it foretells the sizes between, and far larger ones."""
    lines = []
    for part, line in model.items():
        lines.append(
            f"{part:<13} {line.fixed_seconds:>6.1f} s and {1e6 * line.seconds:>7.1f} us an image, "
            f"{line.disk_bytes:>7.0f} B on disk; "
            + ", ".join(f"{num:,}: {line.at(num) / 3600:,.2f} h" for num in AHEAD)
        )
        for num in sorted(found[part])[1:-1]:
            predicted, wanted = line.at(num), found[part][num].seconds
            lines.append(
                f"{'':<13} {num:,}: {predicted:.1f} s predicted, {wanted:.1f} s measured, "
                f"{100 * (predicted / wanted - 1):+.0f} %"
            )
    return lines


if __name__ == "__main__":
    main()
