"""Runs on hardly any data: few images, all nearly alike, of one class, of one pixel in height.

No test stands here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vae.commands.parser import main

MLP = ("--model.name=mlp", "--model.hidden_dim=16")
WORDS = {
    "one": ("--model.latent_dim=1", *MLP),
    "two": ("--model.latent_dim=2", *MLP),
    "three": ("--model.latent_dim=3",),
    "five": ("--model.latent_dim=1", "--train.batch_size=3", *MLP),
    "forty": ("--model.latent_dim=1",),
    "forty_flat": ("--model.latent_dim=2", *MLP),
    "alike": ("--model.latent_dim=2",),
    "one_class": ("--model.latent_dim=3", *MLP),
    "thin": ("--model.latent_dim=2", "--data.crop=fit", *MLP),
}
NAMES = tuple(WORDS)
LITTLE = ("--data.image_size=16", "--model.channels=4,8,8,8,8", "--train.epochs=2")


def noise(num: int, height: int = 16, width: int = 16) -> list[np.ndarray]:
    """Images that differ in every pixel. [height, width, 3] each"""
    return list(np.random.default_rng(0).integers(0, 256, (num, height, width, 3), np.uint8))


def save(folder: Path, images: list[np.ndarray]) -> Path:
    """Each image as a PNG of its number. Returns the folder."""
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{index}.png")
    return folder


def _source(name: str, folder: Path) -> Path:
    numbers = {"one": 1, "two": 2, "three": 3, "five": 5, "forty": 40, "forty_flat": 40}
    if name in numbers:
        return save(folder, noise(numbers[name]))
    if name == "alike":
        images = [np.full((16, 16, 3), 120, np.uint8) for _ in range(12)]
        for level, image in enumerate(images):
            image[0, 0, 0] = level
        return save(folder, images)
    if name == "one_class":
        path = folder.with_suffix(".npz")
        np.savez(path, x=np.stack(noise(9)), y=np.zeros(9, np.int64))
        return path
    return save(folder, noise(6, 1, 40))


def train_all(root: Path) -> None:
    """Train each of NAMES in a folder of runs, measure it and fit its mixture."""
    for name in NAMES:
        source = _source(name, root / "sources" / name)
        words = [f"--data={source}", *LITTLE, *WORDS[name]]
        assert main(["train", name, *words, "--root", str(root)]) == 0, name
        assert main(["evaluate", name, "--root", str(root), "--frechet_num=0"]) == 0, name
