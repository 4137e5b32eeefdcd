"""Data of hardly any images, or all alike, train to the end or are refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae.commands.parser import main
from vae.runs.events import last_event
from vae.runs.folder import Run

TINY = [
    *("--data.image_size=16", "--model.channels=4,8,8,8,8", "--train.epochs=2"),
    *("--model.latent_dim=2",),
]


def save(folder: Path, images: list[np.ndarray]) -> Path:
    folder.mkdir()
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{index}.png")
    return folder


def noise(num: int, height: int = 16, width: int = 16) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (num, height, width, 3), np.uint8))


def trained(root: Path, source: Path, *words: str) -> Run:
    command = ["train", "a", f"--data={source}", *TINY, *words, "--root", str(root)]
    assert main(command) == 0
    return Run(root / "a")


@pytest.mark.parametrize("num", [1, 2, 3, 5, 40])
def test_a_few_images_are_checked_and_trained(num: int, tmp_path: Path) -> None:
    source = save(tmp_path / "faces", noise(num))
    assert main(["check", str(source), "--data.image_size=16", "--root", str(tmp_path)]) == 0
    run = trained(tmp_path, source)
    assert run.status() == "finished"
    notes = [event["text"] for event in run.events() if event["kind"] == "note"]
    assert len([text for text in notes if "is larger than the" in text]) == 1
    assert np.isfinite(last_event(run.events(), "eval")["elbo"])
    for command in (["evaluate", "a"], ["sample", "a", "--num=4"], ["reconstruct", "a"]):
        out = [] if command[0] == "evaluate" else ["--out", str(tmp_path / "out.png")]
        assert main([*command, *out, "--root", str(tmp_path)]) == 0


def test_a_batch_that_fits_needs_no_sentence(tmp_path: Path) -> None:
    run = trained(tmp_path, save(tmp_path / "faces", noise(20)), "--train.batch_size=6")
    assert [event for event in run.events() if event["kind"] == "note"] == []


def test_images_that_are_all_alike_are_trained(tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.full((12, 16, 16), 7, np.uint8))
    assert trained(tmp_path, tmp_path / "flat.npy").status() == "finished"


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (1, 1), (2, 300)])
@pytest.mark.parametrize("crop", ["centre", "fit", "stretch"])
def test_images_of_one_pixel_in_width_or_height_are_imported(
    shape: tuple[int, int], crop: str, tmp_path: Path
) -> None:
    source = save(tmp_path / "thin", noise(4, *shape))
    words = ["check", str(source), f"--data.crop={crop}", "--data.image_size=16"]
    assert main([*words, "--root", str(tmp_path)]) == 0
