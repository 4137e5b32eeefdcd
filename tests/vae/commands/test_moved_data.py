"""A run whose images have moved, changed or gone goes on with those it began with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from vae.commands.parser import main
from vae.data.dataset import Dataset
from vae.data.run_images import open_run_images
from vae.faces.synthetic import faces as drawn
from vae.runs.events import images_of
from vae.runs.folder import Run

TINY = [
    *("--data.image_size=32", "--model.channels=4,8,8,8,8", "--model.latent_dim=4"),
    *("--train.batch_size=16",),
]


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    folder = tmp_path / "faces"
    folder.mkdir()
    for index, image in enumerate(drawn(0, np.arange(30), 32)):
        Image.fromarray(image).save(folder / f"{index:02}.png")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def train(root: Path, *words: str, code: int = 0) -> Run:
    assert main(["train", "a", "--root", str(root), *words]) == code
    return Run(root / "a")


def images(run: Run) -> Dataset:
    config = run.config().data
    return open_run_images(config, run.root / ".data", images_of(run.events()))


def notes(run: Run) -> list[str]:
    return [event["text"] for event in run.events() if event["kind"] == "note"]


def test_a_run_whose_images_are_gone_resumes_as_if_they_were_there(
    faces: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--data={faces}", *TINY]
    run = train(root, *words, "--train.epochs=2")
    whole = tmp_path / "whole"
    shutil.copytree(root, whole)
    assert main(["train", "a", "--root", str(whole), *words, "--train.epochs=3"]) == 0
    assert notes(Run(whole / "a")) == []
    shutil.rmtree(faces)
    run = train(root, *words, "--train.epochs=3")  # the same command again
    assert (
        "are no longer where they were: the run goes on with those it began with" in notes(run)[-1]
    )
    expected = load_file(whole / "a" / "model.safetensors")
    for name, tensor in load_file(run.weights_file).items():
        assert torch.equal(tensor, expected[name]), name
    for command in (["evaluate", "a"], ["project", "a", "--method", "pca"], ["reconstruct", "a"]):
        out = [] if command[0] == "evaluate" else ["--out", str(tmp_path / f"{command[0]}.png")]
        assert main([*command, *out, "--root", str(root)]) == 0
    assert len(images(run)) == 30


def test_a_changed_source_leaves_a_run_its_own_images(faces: Path, root: Path) -> None:
    run = train(root, f"--data={faces}", *TINY, "--train.epochs=1")
    before = images(run).take(np.arange(30))
    Image.new("RGB", (32, 32), "red").save(faces / "03.png")
    assert np.array_equal(images(run).take(np.arange(30)), before)
    train(root, "--train.epochs=2")
    assert "may have changed since" in notes(run)[-1]


def test_a_new_place_is_taken_where_the_same_images_lie_there(
    faces: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(root, f"--data={faces}", *TINY, "--train.epochs=1")
    shutil.rmtree(root / ".data")
    faces.rename(tmp_path / "moved")
    log = run.events_file.read_bytes()
    train(root, "--train.epochs=2", code=2)
    error = capsys.readouterr().err
    assert "There is nothing at" in error
    assert "The import of these images is gone too" in error
    shutil.copytree(tmp_path / "moved", tmp_path / "other")
    (tmp_path / "other" / "00.png").unlink()
    train(root, f"--data={tmp_path / 'other'}", "--train.epochs=2", code=2)
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"The 29 images of {tmp_path / 'other'} are not those that the run")
    assert run.events_file.read_bytes() == log
    train(root, f"--data={tmp_path / 'moved'}", "--train.epochs=2")
    assert run.config().data.source == str(tmp_path / "moved")
    assert notes(run) == []
    shutil.rmtree(root / ".data")
    train(root, "--train.epochs=3")  # the new place is remembered
    assert len(images(run)) == 30


def test_other_kinds_of_images_are_refused_without_a_look_at_them(
    faces: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(root, f"--data={faces}", *TINY, "--train.epochs=1")
    train(root, "--data=synthetic", code=2)
    assert "was started with data.source" in capsys.readouterr().err


def test_an_older_run_and_an_older_import_are_found_by_what_they_hold(
    faces: Path, root: Path
) -> None:
    run = train(root, f"--data={faces}", *TINY, "--train.epochs=1")
    new = ("fingerprint", "data.source")
    events = [{k: v for k, v in event.items() if k not in new} for event in run.events()]
    run.events_file.write_text("".join(json.dumps(event) + "\n" for event in events))
    (manifest,) = (root / ".data").glob("*/manifest.json")
    document = json.loads(manifest.read_text())
    former = {k: v for k, v in document.items() if k not in ("warnings", "split_from")}
    former |= {"format": 1, "counts": {"imported": 30}}
    manifest.write_text(json.dumps(former))
    manifest.parent.rename(manifest.parent.with_name("0" * 32))
    before = images(run).fingerprint
    shutil.rmtree(faces)
    assert images(run).fingerprint == before
    train(root, "--train.epochs=2")
    assert run.status() == "finished"


def test_a_source_that_is_gone_is_not_checked_from_memory(
    faces: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(root, f"--data={faces}", *TINY, "--train.epochs=1")
    shutil.rmtree(faces)
    assert main(["check", str(faces), "--data.image_size=32", "--root", str(root)]) == 2
    assert "There is nothing at" in capsys.readouterr().err
    assert main(["train", "b", f"--data={faces}", *TINY, "--root", str(root)]) == 2


def test_a_run_that_begins_with_another_has_its_images_too(faces: Path, root: Path) -> None:
    train(root, f"--data={faces}", *TINY, "--train.epochs=1")
    shutil.rmtree(faces)
    words = ["train", "b", "--from", "a", "--train.epochs=1", "--root", str(root)]
    assert main(words) == 0
    assert len(images(Run(root / "b"))) == 30


def test_a_version_is_made_of_the_new_place_of_its_images(
    faces: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(root, f"--data={faces}", *TINY, "--train.epochs=1")
    words = ["--images", "0-4", "--leave_out", "some", "--root", str(root)]
    assert main(["select", "a", *words]) == 0
    file = root / ".versions" / "some.json"
    shutil.rmtree(root / "a")
    run = train(root, f"--data={file}", *TINY, "--train.epochs=1")
    before = file.read_bytes()
    moved = faces.rename(tmp_path / "moved")
    shutil.rmtree(root / ".data")
    other = tmp_path / "other"
    shutil.copytree(moved, other)
    (other / "29.png").unlink()
    capsys.readouterr()
    train(root, f"--data={other}", "--train.epochs=2", code=2)
    assert "are not those that the run began with" in capsys.readouterr().err
    assert file.read_bytes() == before
    train(root, f"--data={moved}", "--train.epochs=2")
    assert json.loads(file.read_text())["source"] == str(moved)
    assert run.config().data.source == str(file)
    assert notes(run) == []
    shutil.rmtree(root / ".data")
    assert len(images(run)) == 25
    train(root, "--train.epochs=3")
