"""Very few images, images that are all alike, and images that are hardly any."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.vae.data.layouts.layout import Theme, encoded, greys, levels, save, write

FEW = Theme(
    "Few images and odd ones",
    "Any number of images trains, and what to expect of few of them is said.",
)
layout = FEW.layout


def _add(num: int) -> None:
    @layout(f"{num} image{'s' * (num > 1)}", range(num), [0] if num == 1 else None)
    def _few(at: Path) -> Path:
        return save(at / "faces", [f"{number}.png" for number in range(num)])


for _num in (1, 2, 3, 5, 40):
    _add(_num)


@layout(
    "One class",
    "0 1 2",
    columns={"label": "cat cat cat"},
    counts={"table": 1},
    says=["All images have the same label, cat"],
)
def _one_class(at: Path) -> Path:
    folder = save(at / "pets", ["0.png", "1.png", "2.png"])
    write(folder / "labels.csv", "file,label\n0.png,cat\n1.png,cat\n2.png,cat\n")
    return folder


@layout(
    "The same image in ten files",
    "4",
    "4",
    counts={"duplicate": 9},
    says=["Most files are copies: 9 are the same as another"],
)
def _all_alike(at: Path) -> Path:
    for number in range(10):
        write(at / f"faces/{number}.png", encoded(4))
    return at / "faces"


@layout(
    "The same image ten times in an array", [4] * 10, says=["All 10 images are the same picture"]
)
def _alike_array(at: Path) -> Path:
    np.save(at / "faces.npy", greys([4] * 10))
    return at / "faces.npy"


@layout(
    "Images of 1 pixel's width",
    "0 3",
    says=["lose more than a third", "smaller than 16 x 16"],
    read=lambda x: round(float(x.mean()) * 10),
    options=("--data.image_size=16",),
)
def _thin(at: Path) -> Path:
    from PIL import Image

    (at / "lines").mkdir()
    for number in (0, 3):
        Image.new("L", (1, 60), round(25.5 * number)).save(at / f"lines/{number}.png")
    return at / "lines"


@layout(
    "Wide images: what the crop costs is said",
    "3",
    "3",
    read=lambda x: round(float(x.mean()) * 9),
    says=["The image loses more than a third to the centre crop (such as one of 64 x 16)"],
)
def _wide(at: Path) -> Path:
    from PIL import Image

    (at / "wide").mkdir()
    Image.new("L", (64, 16), 85).save(at / "wide/a.png")
    return at / "wide"


@layout(
    "The same fitted into the square instead",
    "3",
    "3",
    options=("--data.image_size=16", "--data.crop=stretch"),
)
def _stretched(at: Path) -> Path:
    from PIL import Image

    (at / "wide").mkdir()
    Image.fromarray(levels(3)).resize((64, 16), Image.Resampling.NEAREST).save(at / "wide/a.png")
    return at / "wide"
