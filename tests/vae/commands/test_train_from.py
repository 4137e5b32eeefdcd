"""New runs from old weights, and options that change while a run trains."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vae.commands.parser import main
from vae.config import Config, ModelConfig, with_values
from vae.errors import InputError
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights, plain_weights, set_plain_weights
from vae.runs import processes
from vae.runs.config_file import as_started
from vae.runs.events import last_event
from vae.runs.folder import Run

TINY = {
    "data.num_images": "60",
    "data.image_size": "32",
    "model.channels": "4,8,8,8,8",
    "model.latent_dim": "6",
    "train.batch_size": "16",
}
ENDLESS = TINY | {"train.epochs": "4000", "train.checkpoint_every": "100000"}


def wait_until(claim: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.fixture
def folder(trained_root: Path, tmp_path: Path) -> Path:
    """A folder of runs with the tiny one, which may be changed."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(list(words)) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_plain_weights_come_back_under_normalisation(likelihood: str) -> None:
    torch.manual_seed(0)
    shape = (3, 32, 32)
    config = ModelConfig(channels=(4, 8, 8, 8, 8), latent_dim=5, likelihood=likelihood)
    source, target = VAE(config, shape), VAE(config, shape)
    with torch.no_grad():  # a channel that is switched off has no direction
        next(source.encoder.parameters())[1].zero_()
    normalise_weights(target)
    set_plain_weights(target, source.state_dict())
    wanted = source.state_dict()
    for name, tensor in plain_weights(target).items():
        torch.testing.assert_close(tensor, wanted[name], msg=name)
    x, eps = torch.rand(2, *shape), torch.randn(2, 5)
    expected, got = source.eval()(x, eps).elbo, target.eval()(x, eps).elbo
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-2)
    assert all(bool(torch.isfinite(p).all()) for p in target.parameters())


def test_weights_of_another_network_are_refused() -> None:
    shape = (3, 32, 32)
    small = VAE(ModelConfig(channels=(4, 8, 8, 8, 8), latent_dim=5), shape)
    large = VAE(ModelConfig(channels=(4, 8, 8, 8, 8), latent_dim=6), shape)
    with pytest.raises(RuntimeError, match=r"size mismatch|does not fit"):
        set_plain_weights(large, small.state_dict())


def test_a_new_run_begins_with_the_weights_of_another(folder: Path) -> None:
    words = ["train", "new", "--root", str(folder), "--from", "tiny", "--train.lr=1e-12"]
    assert main([*words, "--train.epochs=1"]) == 0
    new, old = Run(folder / "new"), Run(folder / "tiny")
    assert new.config() == with_values(old.config(), {"train.lr": 1e-12, "train.epochs": 1})
    began, was = load_file(new.weights_file), load_file(old.weights_file)
    for name, tensor in was.items():
        if not name.startswith("likelihood"):  # its running mean goes on
            torch.testing.assert_close(began[name], tensor, msg=name)
    notes = [event["text"] for event in new.events() if event["kind"] == "note"]
    assert notes == ["Started from the weights of run tiny, step 8."]
    assert last_event(new.events(), "end")["step"] == 4
    assert main(words) == 0  # the same command again resumes


def test_weights_go_to_other_images_of_the_same_size(folder: Path) -> None:
    """As where the images that a run began with have changed since."""
    words = ["train", "new", "--root", str(folder), "--from", "tiny", "--train.epochs=1"]
    assert main([*words, "--data.seed=5"]) == 0
    assert Run(folder / "new").config().data.seed == 5


def test_a_new_run_without_the_sigma_of_the_old_takes_its_networks(folder: Path) -> None:
    words = ["train", "new", "--root", str(folder), "--from", "tiny", "--train.epochs=1"]
    assert main([*words, "--model.sigma=0.1"]) == 0
    assert last_event(Run(folder / "new").events(), "eval")["sigma"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new", "--from", "nobody"], "no run 'nobody'"),
        (["new", "--from", "tiny", "--model.latent_dim=9"], "--model.latent_dim"),
        (["new", "--from", "tiny", "--model.likelihood=gaussian_per_pixel"], "--model.likelihood"),
        (["new", "--from", "tiny", "--data.image_size=48"], "images of 3 x 32 x 32"),
        (["tiny", "--from", "tiny"], "not started from another run"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_leave_nothing(
    words: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refusal(capsys, "train", *words, "--root", str(folder))
    assert not (folder / "new").exists()


def test_a_run_goes_on_with_what_it_was_last_told(folder: Path) -> None:
    run = Run(folder / "tiny")
    assert main(["train", "tiny", "--root", str(folder), "--train.beta=3", "--train.epochs=3"]) == 0
    assert (run.config().train.beta, run.config().train.epochs) == (3.0, 3)
    assert json.loads(run.config_file.read_text())["train"]["beta"] == 1.0


def test_an_option_that_was_taken_away_stays_away() -> None:
    began = with_values(Config(), {"train.capacity": 9.0})
    start = {"kind": "start", "train.free_bits": 0.5, "train.beta": 2.0}
    train = as_started(began, start).train
    assert (train.capacity, train.free_bits, train.beta) == (None, 0.5, 2.0)
    assert as_started(began, {}) == began


def test_a_living_trainer_hands_over_to_one_with_other_options(tmp_path: Path) -> None:
    run = Run(tmp_path / "a")
    processes.start_training(run, ENDLESS)
    try:
        wait_until(lambda: bool(last_event(run.events(), "step")))
        processes.change_training(run, {"train.beta": "7"})
        assert run.status() == "running"
        handed_over = last_event(run.events(), "start")["step"]
        wait_until(lambda: last_event(run.events(), "step")["step"] > handed_over)
        events = run.events()
        assert last_event(events, "step")["beta"] == 7
        assert [e["kind"] for e in events if e["kind"] in ("start", "end")] == [
            "start",
            "end",
            "start",
        ]
        steps = [event["step"] for event in events if event["kind"] == "step"]
        assert steps == sorted(set(steps)), "no step is lost or done twice"
        with pytest.raises(InputError, match="latent_dim"):
            processes.change_training(run, {"model.latent_dim": "9"})
        assert run.status() == "running", "what is refused disturbs nobody"
    finally:
        run.request("stop")
        wait_until(lambda: not run.is_locked())
    assert run.status() == "stopped"
