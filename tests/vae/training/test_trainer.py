"""The training loop: exact resume, one trainer at a time, honest numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from vae.commands.parser import main
from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.errors import InputError
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.training.schedules import lr_at
from vae.training.state import prepare
from vae.training.trainer import Trainer

ROOT = Path(__file__).parents[3]

TINY = with_values(
    Config(),
    {
        "data.num_images": 60,
        "data.image_size": 32,
        "model.channels": (4, 8, 8, 8, 8),
        "model.latent_dim": 6,
        "train.batch_size": 16,
        "train.epochs": 3,
        "train.checkpoint_every": 5,
        "train.warmup_steps": 6,
    },
)


def silent(what: str, done: int, total: int) -> None:
    """No progress is shown."""


def train(folder: Path, config: Config = TINY, pause_at: int | None = None) -> tuple[Run, str]:
    run = Run(folder)
    dataset = open_dataset(config.data, folder.parent / ".data")
    config = prepare(run, config, dataset)
    trainer = Trainer(run, config, dataset)

    def asked() -> str:
        return "pause" if trainer.step == pause_at else ""

    return run, trainer.train(asked, silent)


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.weights_file)


def events_without_clock(run: Run) -> list[dict[str, object]]:
    """The log without what the clock decides, and without starts and ends."""
    clock = {"time", "seconds", "images_per_second", "sha256"}
    return [
        {name: value for name, value in event.items() if name not in clock}
        for event in run.events()
        if event["kind"] in ("step", "eval", "preview")
    ]


@pytest.mark.parametrize("pauses", [(1,), (4,), (5,), (3, 4, 11), (8,)])
def test_resume_equals_never_having_stopped(tmp_path: Path, pauses: tuple[int, ...]) -> None:
    whole, status = train(tmp_path / "whole")
    assert status == "finished"
    for step in pauses:
        run, status = train(tmp_path / "parts", pause_at=step)
        assert status == run.status() == "paused"
    run, status = train(tmp_path / "parts")
    assert status == run.status() == "finished"
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(run)[name]), name
    assert events_without_clock(run) == events_without_clock(whole)


def test_resume_under_a_cosine_equals_never_having_stopped(tmp_path: Path) -> None:
    cosine = with_values(TINY, {"train.lr_schedule": "cosine"})
    whole, _ = train(tmp_path / "whole", cosine)
    for pause_at in (3, 7, None):
        run, _ = train(tmp_path / "parts", cosine, pause_at)
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(run)[name]), name
    assert events_without_clock(run) == events_without_clock(whole)
    steps = [event for event in run.events() if event["kind"] == "step"]
    assert steps[-1]["lr"] == pytest.approx(0.01 * TINY.train.lr)


def test_more_epochs_raise_the_learning_rate_to_that_of_the_longer_cosine(tmp_path: Path) -> None:
    cosine = with_values(TINY, {"train.lr_schedule": "cosine"})
    train(tmp_path / "a", cosine)
    run, _ = train(tmp_path / "a", with_values(cosine, {"train.epochs": 6}))
    steps = [event for event in run.events() if event["kind"] == "step"]
    assert [event["step"] for event in steps] == [10, 12, 20, 24]
    assert [event["lr"] for event in steps] == [
        lr_at(9, 1e-3, "cosine", 12),
        lr_at(11, 1e-3, "cosine", 12),
        lr_at(19, 1e-3, "cosine", 24),
        lr_at(23, 1e-3, "cosine", 24),
    ]


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    whole, _ = train(tmp_path / "whole")
    run = Run(tmp_path / "killed")
    dataset = open_dataset(TINY.data, tmp_path / ".data")
    config = prepare(run, TINY, dataset)
    trainer = Trainer(run, config, dataset)

    class Killed(BaseException):
        pass

    def asked() -> str:
        if trainer.step == 9:
            raise Killed
        return ""

    with pytest.raises(Killed):
        trainer.train(asked, silent)
    trainer.writer.close()
    assert run.status() == "interrupted"
    run, status = train(run.folder)
    assert status == "finished"
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(run)[name]), name
    steps = [event["step"] for event in run.events() if event["kind"] == "step"]
    assert steps == sorted(set(steps))


def test_more_epochs_extend_a_finished_run(tmp_path: Path) -> None:
    """At a constant learning rate it is the run that was that long from the beginning."""
    constant = with_values(TINY, {"train.lr_schedule": "constant"})
    longer, _ = train(tmp_path / "longer", with_values(constant, {"train.epochs": 4}))
    train(tmp_path / "extended", constant)
    run, status = train(tmp_path / "extended", with_values(constant, {"train.epochs": 4}))
    assert status == "finished"
    for name, tensor in weights(longer).items():
        assert torch.equal(tensor, weights(run)[name]), name


def test_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path: Path) -> None:
    first, _ = train(tmp_path / "first")
    second, _ = train(tmp_path / "second")
    other, _ = train(tmp_path / "other", with_values(TINY, {"train.seed": 1}))
    one, two, three = weights(first), weights(second), weights(other)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], three[name]) for name in one)


def test_train_and_validation_are_in_one_unit(tmp_path: Path) -> None:
    """Nats per image, whatever the batch size and the number of images."""
    run, _ = train(tmp_path / "a")
    step, evaluation = (last_event(run.events(), kind) for kind in ("step", "eval"))
    for event in (step, evaluation):
        assert event["elbo"] == pytest.approx(-(event["nll"] + event["kl"]))
    num_pixels = 3 * 32 * 32
    assert abs(step["nll"] - evaluation["nll"]) < 0.5 * num_pixels
    bits = 8 - evaluation["elbo"] / (num_pixels * np.log(2))
    assert evaluation["bits_per_dim"] == pytest.approx(bits)


@pytest.mark.parametrize(
    "values", [{}, {"model.name": "mlp", "model.likelihood": "bernoulli"}], ids=["means", "none"]
)
def test_a_step_that_is_not_finite_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    """Of networks that keep running means, and of those that keep none."""
    run = Run(tmp_path / "a")
    dataset = open_dataset(TINY.data, tmp_path / ".data")
    trainer = Trainer(run, prepare(run, with_values(TINY, values), dataset), dataset)
    honest = trainer.model.each
    before: dict[str, torch.Tensor] = {}

    def poisoned(x: torch.Tensor, eps: torch.Tensor) -> object:
        if trainer.step == 4 and trainer.model.training:
            before.update({k: v.clone() for k, v in trainer.model.named_parameters()})
            return honest(x, torch.full_like(eps, float("nan")))
        if trainer.step == 5 and trainer.model.training:
            for name, parameter in trainer.model.named_parameters():
                assert torch.equal(parameter, before[name])
        return honest(x, eps)

    monkeypatch.setattr(trainer.model, "each", poisoned)
    assert trainer.train(lambda: "", silent) == "finished"
    assert before
    assert all(torch.isfinite(tensor).all() for tensor in weights(run).values())
    notes = [event for event in run.events() if event["kind"] == "note"]
    assert [note["step"] for note in notes if "not finite" in note["text"]] == [5]


@pytest.mark.parametrize(
    ("seconds", "logged"), [(0.0, range(10, 180, 10)), (1e9, range(10, 110, 10))]
)
def test_a_fast_device_is_not_held_up_by_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, logged: range
) -> None:
    """After a hundred steps, logs come no closer than `LOG_SECONDS`; the last step has its own."""
    monkeypatch.setattr("vae.training.step_means.LOG_SECONDS", seconds)
    values = {"data.num_images": 400, "train.batch_size": 2, "train.epochs": 1}
    values |= {"train.checkpoint_every": 1000, "data.image_size": 16}
    run, _ = train(tmp_path / "a", with_values(TINY, values))
    steps = [event["step"] for event in run.events() if event["kind"] == "step"]
    assert steps == [*logged, 180]


def test_training_that_diverges_ends_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path / "a")
    dataset = open_dataset(TINY.data, tmp_path / ".data")
    config = with_values(TINY, {"train.epochs": 20})
    trainer = Trainer(run, prepare(run, config, dataset), dataset)
    honest = trainer.model.each

    def poisoned(x: torch.Tensor, eps: torch.Tensor) -> object:
        return honest(x, torch.full_like(eps, float("nan")))

    monkeypatch.setattr(trainer.model, "each", poisoned)
    with pytest.raises(FloatingPointError, match=r"train\.lr"):
        trainer.train(lambda: "", silent)
    assert run.status() == "failed"
    assert "train.lr" in last_event(run.events(), "end")["reason"]


def test_other_images_than_the_run_began_with_are_refused(tmp_path: Path) -> None:
    run, _ = train(tmp_path / "a", pause_at=3)
    other = with_values(TINY, {"data.seed": 1})
    with pytest.raises(InputError, match="have changed since run a was started"):
        Trainer(run, other, open_dataset(other.data, tmp_path / ".data"))


def test_weights_without_a_training_state_are_not_trained_over(tmp_path: Path) -> None:
    run, _ = train(tmp_path / "a")
    before, log = run.weights_file.read_bytes(), run.events_file.read_bytes()
    shutil.rmtree(run.checkpoints)
    with pytest.raises(InputError, match="no training state"):
        train(run.folder)
    assert run.weights_file.read_bytes() == before
    assert run.events_file.read_bytes() == log


def test_a_request_from_before_the_start_is_not_obeyed(tmp_path: Path) -> None:
    run, _ = train(tmp_path / "a", pause_at=3)
    with run.lock():
        run.request("pause")
    assert main(["train", "a", "--root", str(tmp_path)]) == 0
    assert run.status() == "finished"


def test_saving_does_not_take_most_of_a_fast_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is due is then left out, but for the last one."""
    monkeypatch.setattr("vae.runs.milestones.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("vae.runs.milestones.CHECKPOINT_PART", 0.0)
    run, status = train(tmp_path / "a")
    assert status == "finished"
    saved = [event["step"] for event in run.events() if event["kind"] == "checkpoint"]
    assert saved == [last_event(run.events(), "step")["step"]]
