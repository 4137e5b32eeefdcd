"""The page says which weights are in use, and puts those of another checkpoint into use."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from explorer.state.session import Session
from tests.explorer.pages import button, open_panel, texts
from vae.commands.parser import main
from vae.latent.encoding import load_latents
from vae.runs.events import numbered
from vae.runs.folder import Run
from vae.runs.history import step_in_use, weights_of_step

# The weights of steps 4 and 8 are kept.
NAME = "Use this checkpoint"


@pytest.fixture
def root(trained_root: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained_root / "tiny", tmp_path / "runs" / "tiny")
    return tmp_path / "runs"


def elbo(run: Run, step: int) -> float:
    found = [e["elbo"] for e in run.events() if e["kind"] == "eval" and e["step"] == step]
    return float(found[0])


def test_the_weights_in_use_are_named_and_those_of_another_put_into_use(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(root / "tiny")
    newest = run.weights_file.read_bytes()
    at = open_panel(root, "Model", monkeypatch)
    assert "step 8, epoch 2, the newest, is in use" in texts(at)
    box = at.main.selectbox[0]
    assert box.options == [
        f"step 8 · epoch 2 · elbo {elbo(run, 8):,.0f} · best · newest · in use",
        f"step 4 · epoch 1 · elbo {elbo(run, 4):,.0f}",
    ]
    assert button(at, NAME).disabled
    assert "These weights are in use." in button(at, NAME).help

    box.select_index(1).run()
    assert not button(at, NAME).disabled
    assert "Training goes on from the newest training state" in button(at, NAME).help
    button(at, NAME).click().run()
    assert not at.exception
    assert run.weights_file.read_bytes() == weights_of_step(run, 4).read_bytes()
    assert load_latents(run.latents_file).step == 4
    assert "step 4, epoch 1, is in use; the newest is step 8" in texts(at)
    assert f"elbo, nats per image: {elbo(run, 4):,.1f}" in texts(at)
    assert at.main.selectbox[0].options[1].endswith("· in use")
    assert at.main.selectbox[0].index == 1

    at.main.selectbox[0].select_index(0).run()
    button(at, NAME).click().run()
    assert run.weights_file.read_bytes() == newest
    assert f"elbo, nats per image: {elbo(run, 8):,.1f}" in texts(at)


def test_it_waits_while_the_run_trains(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Run(root / "tiny").lock():
        at = open_panel(root, "Model", monkeypatch)
        at.main.selectbox[0].select_index(1).run()
        reason = "The run is training: pause it to use another checkpoint."
        assert button(at, NAME).disabled
        assert button(at, NAME).help == reason
        assert reason in texts(at)
    assert step_in_use(Run(root / "tiny")) == 8


def test_damaged_weights_are_said_and_the_others_stay(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(root / "tiny")
    file = weights_of_step(run, 4)
    file.write_bytes(file.read_bytes()[:-1])
    at = open_panel(root, "Model", monkeypatch)
    at.main.selectbox[0].select_index(1).run()
    button(at, NAME).click().run()
    assert "weights-00000004.safetensors does not agree with its checksum" in texts(at)
    assert step_in_use(run) == 8


@pytest.mark.parametrize("num", [99, -1])
def test_weights_in_use_that_are_damaged_can_be_replaced(
    root: Path, num: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(root / "tiny")
    before = run.weights_file.read_bytes()
    run.weights_file.write_bytes(before[:num])
    at = open_panel(root, "Model", monkeypatch)
    button(at, NAME).click().run()
    assert run.weights_file.read_bytes() == before


def test_a_run_of_which_nothing_is_kept_has_no_such_section(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(root / "tiny" / "checkpoints")
    (root / "tiny" / "model.safetensors").unlink()
    at = open_panel(root, "Model", monkeypatch)
    assert not [one for one in at.main.button if one.label == NAME]


def test_the_most_informative_dimensions_are_those_of_the_weights_in_use(root: Path) -> None:
    run = Run(root / "tiny")
    kl = {e["step"]: numbered(e, "kl") for e in run.events() if e["kind"] == "eval"}
    session = Session(root, run)
    assert session.kl_per_dim() == kl[8]
    assert main(["checkpoint", "tiny", "--use", "4", "--root", str(root)]) == 0
    assert session.kl_per_dim() == kl[4] != kl[8]
    assert session.dimensions() == np.argsort(kl[4])[::-1].tolist()


def test_map_and_evaluation_say_whose_they_are_after_a_swap_and_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["tiny", "--root", str(root)]
    assert main(["evaluate", *words, "--frechet_num=0", "--bound_num=5"]) == 0
    assert main(["project", *words, "--method=pca", "--out", str(root / "tiny/maps/pca.npz")]) == 0
    older = "The weights in use are of step 4"
    assert main(["checkpoint", *words, "--use", "4"]) == 0
    assert f"{older}; this evaluation is of step 8." in texts(
        open_panel(root, "Model", monkeypatch)
    )
    assert "weights of step 4" in texts(open_panel(root, "Map", monkeypatch))
    (root / "tiny/maps/pca.npz").touch()  # as if it had been made meanwhile
    assert f"{older}, so this map is newer." in texts(open_panel(root, "Map", monkeypatch))
    assert main(["checkpoint", *words, "--use", "newest"]) == 0
    assert "this evaluation is of step 8." not in texts(open_panel(root, "Model", monkeypatch))
    assert "weights of step 8" in texts(open_panel(root, "Map", monkeypatch))
