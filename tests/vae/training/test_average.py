"""The moving average of the weights, which is what is shown, measured and saved."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.vae.training.test_trainer import TINY, silent, train, weights
from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.errors import InputError
from vae.model import checkpoints
from vae.model.networks import VAE
from vae.runs.folder import Run
from vae.training.average import Average, decay_at
from vae.training.state import prepare
from vae.training.trainer import Trainer

EMA = with_values(TINY, {"train.ema": 0.9})
GOOD, BAD = torch.tensor(0.0), torch.tensor(1.0)


def small(name: str) -> VAE:
    return VAE(with_values(TINY, {"model.name": name}).model, (3, 32, 32))


@pytest.mark.parametrize("name", ["residual", "conv", "mlp"])
def test_it_is_the_weighted_mean_of_all_weights_so_far(name: str) -> None:
    torch.manual_seed(0)
    model = small(name)
    average = Average(model, 0.8)
    wanted = {key: t.double().clone() for key, t in model.named_parameters()}
    for num in range(1, 30):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        average.update(model, GOOD)
        decay = min(0.8, (1 + num) / (10 + num))
        for key, parameter in model.named_parameters():
            wanted[key] = decay * wanted[key] + (1 - decay) * parameter.detach().double()
    for key, parameter in average.model.named_parameters():
        torch.testing.assert_close(parameter.double(), wanted[key], rtol=1e-5, atol=1e-5)


def test_the_decay_begins_low_and_ends_at_what_was_asked() -> None:
    assert decay_at(1, 0.999) == 2 / 11
    assert decay_at(10**6, 0.999) == 0.999


def test_running_means_are_averaged_and_sigma_is_that_of_the_weights_in_training() -> None:
    model = small("conv").train()
    average = Average(model, 0.5)
    for _ in range(3):
        model(torch.rand(8, 3, 32, 32), torch.zeros(8, 6))
        average.update(model, GOOD)
    assert average.model.likelihood.implied_sigma() == model.likelihood.implied_sigma()
    names = [name for name, _ in model.named_buffers() if name.endswith("running_var")]
    assert names
    for name in names:
        ours, theirs = average.model.get_buffer(name), model.get_buffer(name)
        assert not torch.equal(ours, theirs)
        assert (ours - theirs).abs().max() < 1


def test_a_step_that_was_left_out_does_not_count() -> None:
    model = small("mlp")
    average = Average(model, 0.9)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    before = {name: tensor.clone() for name, tensor in average.model.state_dict().items()}
    average.update(model, BAD)
    for name, tensor in average.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


@pytest.mark.parametrize("pauses", [(1,), (5,), (3, 11)])
def test_a_resumed_run_has_the_same_average_bit_for_bit(
    tmp_path: Path, pauses: tuple[int, ...]
) -> None:
    whole, _ = train(tmp_path / "whole", EMA)
    for step in pauses:
        train(tmp_path / "parts", EMA, pause_at=step)
    run, status = train(tmp_path / "parts", EMA)
    assert status == "finished"
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(run)[name]), name


def test_it_is_what_is_saved_and_measured_while_the_other_weights_train_on(tmp_path: Path) -> None:
    plain, _ = train(tmp_path / "plain", TINY)
    run, _ = train(tmp_path / "ema", EMA)
    state, other = (checkpoints.newest_state(one) or {} for one in (run, plain))
    for name, tensor in other["model"].items():  # training itself is the same
        assert torch.equal(tensor, state["model"][name]), name
    model, _ = checkpoints.load_model(run)
    name = "decoder.0.bias"
    key = name if name in state["average"]["model"] else next(iter(weights(run)))
    assert torch.equal(model.state_dict()[key], state["average"]["model"][key])
    assert not torch.equal(model.state_dict()[key], other["model"][key])
    evaluations = [[e["elbo"] for e in one.events() if e["kind"] == "eval"] for one in (run, plain)]
    assert evaluations[0] != evaluations[1]


def test_it_can_be_turned_on_and_off_while_a_run_goes_on(tmp_path: Path) -> None:
    run, _ = train(tmp_path / "a", TINY, pause_at=4)
    started(run, EMA).train(lambda: "", silent)
    assert (checkpoints.newest_state(run) or {})["average"]["num_updates"] == 8
    longer = with_values(TINY, {"train.epochs": 4})
    started(run, longer).train(lambda: "", silent)
    state = checkpoints.newest_state(run) or {}
    assert state["average"] is None
    for name, tensor in weights(run).items():
        if name in state["model"]:
            assert torch.equal(tensor, state["model"][name]), name


def started(run: Run, config: Config) -> Trainer:
    dataset = open_dataset(config.data, run.folder.parent / ".data")
    return Trainer(run, with_values(prepare(run, config, dataset), {}), dataset)


@pytest.mark.parametrize("value", [1.0, -0.1, float("nan")])
def test_a_decay_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(InputError, match=r"train\.ema must be 0 or a number between 0 and 1, not"):
        with_values(Config(), {"train.ema": value})
