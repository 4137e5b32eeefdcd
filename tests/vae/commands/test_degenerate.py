"""Data of hardly any images, or all alike, work to the end or are refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.degenerate_data import NAMES, noise, save
from vae import api
from vae.commands.parser import main
from vae.latent.encoding import load_latents
from vae.runs.events import last_event
from vae.runs.folder import Run

TINY = [
    *("--data.image_size=16", "--model.channels=4,8,8,8,8", "--train.epochs=2"),
    *("--model.latent_dim=2",),
]


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
    assert len([text for text in notes if "is larger than the" in text]) == (num < 40)
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


@pytest.mark.parametrize("name", NAMES)
def test_every_command_works_on_hardly_any_data(
    name: str, degenerate_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(degenerate_root)]
    for command, out in (
        (["doctor", name], ""),
        (["evaluate", name, "--split=train", "--frechet_num=4"], ""),
        (["sample", name, "--num=4"], ".png"),
        (["sample", name, "--num=4", "--prior=mixture", "--nearest"], ".png"),
        (["reconstruct", name], ".png"),
        (["interpolate", name, "0", "0"], ".png"),
        (["traverse", name], ".png"),
        (["animate", name], ".gif"),
        (["encode", name], ".npz"),
        (["project", name, "--method=pca"], ".npz"),
        (["export", name, "--format=safetensors"], ""),
        (["directions", name], ""),
    ):
        places = out or command[0] == "export"
        words = ["--out", str(tmp_path / f"{command[0]}{out}")] if places else []
        assert main([*command, *words, *root]) == 0, command
        assert "Traceback" not in capsys.readouterr().err, command


@pytest.mark.parametrize("name", NAMES)
def test_a_map_by_umap_is_made_or_refused_in_a_sentence(
    name: str, degenerate_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "umap.npz"
    words = ["project", name, "--method=umap", "--root", str(degenerate_root), "--out", str(out)]
    code = main(words)
    if load_latents(degenerate_root / name / "latents.npz").mu.shape[1] > 1:
        assert code == 0
        assert np.isfinite(load_latents(out).xy).all()
        return
    assert code == 2
    told = capsys.readouterr().err.splitlines()
    assert "UMAP lays out two dimensions or more, and this model has one" in told[-1]
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["interpolate", "one", "0", "1"], "There is no image 1: the data have 0 to 0."),
        (["directions", "one", "--add=d", "--a=0", "--b=1"], "Group B is empty: a direction needs"),
        (["directions", "one_class", "--add=d", "--attribute=label"], "is the same in all images"),
        (["directions", "alike", "--add=d", "--a=0", "--b=0"], "are the same images"),
    ],
)
def test_what_hardly_any_data_do_not_allow_is_a_sentence(
    words: list[str], sentence: str, degenerate_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--root", str(degenerate_root)]) == 2
    assert sentence in capsys.readouterr().err


def test_a_file_between_which_a_path_goes_is_the_image_that_its_import_is(
    degenerate_root: Path, tmp_path: Path
) -> None:
    """The data of `thin` are 40 pixels wide, one high, and fitted."""
    names = api.dataset(degenerate_root / "thin").names
    files = [str(degenerate_root / "sources" / "thin" / names[index]) for index in (2, 4)]
    for ends, out in ((["2", "4"], "numbers.png"), (files, "files.png")):
        words = ["interpolate", "thin", *ends, "--root", str(degenerate_root)]
        assert main([*words, "--out", str(tmp_path / out)]) == 0
    numbers, found = (Image.open(tmp_path / out) for out in ("numbers.png", "files.png"))
    assert np.array_equal(np.asarray(numbers), np.asarray(found))
