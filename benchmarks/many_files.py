"""A folder of many small files: seconds and peak memory of a check, of a second one, and of
torchvision's ImageFolder that reads the same files once.

    python -m benchmarks.many_files --num 100000 --side 16

Each is a process of its own, in turns, with the files in the page cache. Unix only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

NUM_CLASSES = 100

MEASURED = """
import json, resource, sys, time
began = time.perf_counter()
{body}
unit = 2**20 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
print(json.dumps({{"seconds": time.perf_counter() - began, "peak_mb": peak}}))
"""
CHECK = """
from pathlib import Path
from vae.config import DataConfig
from vae.data.dataset import open_dataset
from vae.data.report import report
data = open_dataset(DataConfig(source=sys.argv[1], image_size=int(sys.argv[3])), Path(sys.argv[2]))
assert report(data)["num_images"] == int(sys.argv[4])
"""
IMAGE_FOLDER = """
from torchvision.datasets import ImageFolder
num = sum(1 for _ in ImageFolder(sys.argv[1]))
assert num == int(sys.argv[4])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=100_000)
    parser.add_argument("--side", type=int, default=16, help="of the images, in pixels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where, "images")
        make(folder, arguments.num, arguments.side)
        words = [str(folder), str(Path(where, "cache")), str(arguments.side), str(arguments.num)]
        for name, body in (
            ("ImageFolder", IMAGE_FOLDER),
            ("check", CHECK),
            ("check again", CHECK),
        ):
            found = measured(body, words)
            print(f"{name:<12} {found['seconds']:7.1f} s {found['peak_mb']:7.0f} MB", flush=True)


def make(folder: Path, num: int, side: int) -> None:
    """`num` different PNG files in class folders."""
    rng = np.random.default_rng(0)
    for index in range(num):
        place = folder / f"class-{index % NUM_CLASSES:02}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(place / f"{index}.png", compress_level=1)


def measured(body: str, words: list[str]) -> dict[str, float]:
    code = MEASURED.format(body=body)
    done = subprocess.run(
        [sys.executable, "-c", code, *words], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
