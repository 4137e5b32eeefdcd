"""Steps of Muon beside singular values, and those of all other weights beside torch's Adam."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from vae.config import ModelConfig
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights
from vae.option_choices import Network
from vae.training import muon
from vae.training.muon import Muon, orthogonal

MODEL = ModelConfig(latent_dim=4, channels=(4, 6, 5, 6, 5))
LR, BETAS = 0.01, (0.9, 0.95)


def wanted_of(matrix: np.ndarray) -> np.ndarray:
    """U p(p(p(S / |M|))) V^T in double precision, |M| the root of the summed squares."""
    u, singular, v = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
    singular = singular / np.linalg.norm(matrix)
    for _ in range(3):
        singular = 3.4445 * singular - 4.7750 * singular**3 + 2.0315 * singular**5
    wanted: np.ndarray = (u * singular) @ v
    return wanted


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_singular_values_become_alike(scale: float) -> None:
    rng = np.random.default_rng(0)
    shapes = [(6, 50), (50, 6), (8, 8), (1, 9), (9, 1), (64, 300), (6, 20), (40, 8)]
    matrices = [rng.normal(size=shape) * np.logspace(0, -3, shape[1]) for shape in shapes]
    found = orthogonal([torch.from_numpy(scale * matrix).float() for matrix in matrices])
    for ours, matrix in zip(found, matrices, strict=True):
        np.testing.assert_allclose(ours.numpy(), wanted_of(matrix), rtol=1e-3, atol=1e-4)


def test_directions_without_a_gradient_stay() -> None:
    matrix = torch.zeros(6, 9)
    assert torch.equal(orthogonal([matrix])[0], matrix)
    matrix[0, 0] = 3.0
    found = orthogonal([matrix])[0]
    assert found[0, 0] == pytest.approx(1, abs=0.4)
    assert found.count_nonzero() == 1


def make() -> VAE:
    torch.manual_seed(0)
    model = VAE(MODEL, (3, 32, 32))
    normalise_weights(model)
    return model.to(memory_format=torch.channels_last)


def optimizer_of(model: VAE) -> Muon:
    return Muon(model, LR, BETAS, fused=True, capturable=False)


def set_gradients(model: VAE, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.grad = torch.empty_like(parameter).copy_(noise)
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("large", [4, 100])
def test_convolutions_move_by_muon_and_all_else_by_adam(
    large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large ones with one step of the length of four every fourth time, a quarter of them each.

    Of Adam those of lengths and biases are ten times as long.
    """
    monkeypatch.setattr(muon, "LARGE", large)
    model = make()
    other = copy.deepcopy(model)
    vectors, rest = [], []
    for name, parameter in other.named_parameters():
        (vectors if name.endswith((".original0", ".bias")) else rest).append(parameter)
    assert len(vectors) == 37  # 15 lengths, and 22 biases
    adam = torch.optim.Adam([{"params": rest}, {"params": vectors, "lr": 10 * LR}], LR, BETAS)
    optimizer = optimizer_of(model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    gradients = []
    for seed in range(5):
        gradients.append(set_gradients(model, seed))
        set_gradients(other, seed)
        optimizer.step()
        adam.step()
    moved_by_muon, num_large = set(), 0
    for (name, found), of_adam in zip(model.named_parameters(), other.parameters(), strict=True):
        if not name.endswith("original1"):
            torch.testing.assert_close(found, of_adam)
            continue
        moved_by_muon.add(name)
        owner = model.get_submodule(name.partition(".weight")[0].partition(".parametri")[0])
        dim = 1 if isinstance(owner, torch.nn.ConvTranspose2d) else 0
        momentum, wanted = np.zeros(found.shape), before[name].double().numpy()
        is_large = min(found.shape[:2]) > large
        for step, of_step in enumerate(gradients):
            gradient = of_step[name].double().numpy()
            momentum = 0.95 * momentum + 0.05 * gradient
            if is_large and (step + num_large + 1) % 4:
                continue
            ahead = np.moveaxis(0.95 * momentum + 0.05 * gradient, dim, 0)
            flat = ahead.reshape(len(ahead), -1)
            change = 0.4 * max(flat.shape) ** 0.5 * wanted_of(flat)
            lr = 4 * LR if is_large else LR
            wanted = wanted - lr * np.moveaxis(change.reshape(ahead.shape), 0, dim)
        num_large += is_large
        np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-3, atol=2e-5)
    assert len(moved_by_muon) == 15  # all but the one that puts out the picture
    assert num_large == {4: 12, 100: 0}[large]


def test_a_step_of_muon_is_as_long_as_one_of_adam() -> None:
    """So that one learning rate suits both: steps of Adam measure 0.2 to 0.4, the first one 1."""
    model = make()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = optimizer_of(model)
    set_gradients(model, 0)
    optimizer.step()
    for name, parameter in model.named_parameters():
        if name.endswith("original1"):
            length = (parameter - before[name]).square().mean().sqrt() / LR
            assert 0.2 < length < 0.5, name


@pytest.mark.parametrize("is_waited_for", [True, False])
def test_a_bad_step_changes_nothing(is_waited_for: bool) -> None:
    """Also where the flag stays on its device, as on a GPU."""
    model = make()
    optimizer = optimizer_of(model)
    set_gradients(model, 0)
    optimizer.step()
    before = copy.deepcopy(model.state_dict())
    kept = copy.deepcopy(optimizer.state_dict()["state"])
    for value in (float("nan"), float("inf")):
        set_gradients(model, 1)
        for parameter in model.parameters():
            assert parameter.grad is not None
            parameter.grad[(0,) * parameter.dim()] = value
        flag = torch.ones(())
        if is_waited_for:
            optimizer.found_inf = flag  # type: ignore[attr-defined]
            optimizer.step()
        else:
            others, matrices = optimizer.param_groups
            with torch.no_grad():
                optimizer._step_of_adam(others, flag)
                optimizer._step_of_muon(matrices, flag)
        for name, tensor in model.state_dict().items():
            assert torch.equal(tensor, before[name]), name
        for number, state in optimizer.state_dict()["state"].items():
            assert all(torch.equal(state[name], kept[number][name]) for name in state)


def test_a_loaded_state_goes_on_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(muon, "LARGE", 4)
    model = make()
    optimizer = optimizer_of(model)
    set_gradients(model, 0)
    optimizer.step()
    other = copy.deepcopy(model)
    of_other = optimizer_of(other)
    of_other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for one, its in ((model, optimizer), (other, of_other)):
        set_gradients(one, 1)
        its.step()
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_state_from_before_lengths_were_quicker_goes_on_as_it_began() -> None:
    model = make()
    other = copy.deepcopy(model)
    optimizer, adam = optimizer_of(model), torch.optim.Adam(other.parameters(), LR, BETAS)
    saved = copy.deepcopy(optimizer.state_dict())
    del saved["param_groups"][0]["factors"]
    optimizer.load_state_dict(saved)
    for one, its in ((model, optimizer), (other, adam)):
        set_gradients(one, 0)
        its.step()
    others = dict(other.named_parameters())
    for name, parameter in model.named_parameters():
        if not name.endswith("original1"):
            torch.testing.assert_close(parameter, others[name])


@pytest.mark.parametrize("name", ["mlp", "conv"])
def test_other_networks_are_trained_by_adam_alone(name: Network) -> None:
    torch.manual_seed(0)
    config = ModelConfig(name=name, channels=(4, 6, 5, 6, 5), hidden_dim=8, latent_dim=2)
    model = VAE(config, (3, 32, 32))
    other = copy.deepcopy(model)
    optimizer, adam = optimizer_of(model), torch.optim.Adam(other.parameters(), LR, BETAS)
    for seed in range(2):
        set_gradients(model, seed)
        set_gradients(other, seed)
        optimizer.step()
        adam.step()
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
