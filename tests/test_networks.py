"""The networks: shapes, determinism, and that they can learn."""

from __future__ import annotations

import pytest
import torch

from vae.config import ModelConfig
from vae.networks import VAE, num_parameters
from vae.synthetic import faces

SMALL = ModelConfig(channels=(4, 8, 8, 8, 8), latent_dim=5)


def x_of(num: int, size: int, channels: int = 3) -> torch.Tensor:
    return torch.rand(num, channels, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [28, 32, 50, 64, 96, 128])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["conv", "mlp"])
def test_every_size_comes_back_as_it_went_in(size: int, channels: int, name: str) -> None:
    model = VAE(
        ModelConfig(name=name, channels=(4, 8, 8, 8, 8), latent_dim=5), (channels, size, size)
    )
    x = x_of(2, size, channels)
    posterior = model.encode(x)
    assert posterior.mu.shape == posterior.logvar.shape == (2, 5)
    reconstruction = model.decode(posterior.mu)
    assert reconstruction.shape == x.shape
    assert reconstruction.min() >= 0
    assert reconstruction.max() <= 1
    terms = model(x, torch.zeros(2, 5))
    assert terms.nll.shape == (2,)
    assert terms.kl_per_dim.shape == (2, 5)


def test_the_mlp_is_the_known_784_400_20() -> None:
    config = ModelConfig(name="mlp", latent_dim=20, hidden_dim=400)
    model = VAE(config, (1, 28, 28))
    wanted = (784 * 400 + 400) + 2 * (400 * 20 + 20) + (20 * 400 + 400) + (400 * 784 + 784)
    assert num_parameters(model) == wanted


def test_the_second_model_of_a_process_is_built_like_the_first() -> None:
    """A list of widths, reversed in place, would turn it round."""
    first, second = (VAE(ModelConfig(), (3, 64, 64)) for _ in range(2))
    assert str(first) == str(second)


def test_the_same_seed_gives_the_same_model() -> None:
    models = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        models.append(VAE(SMALL, (3, 32, 32)))
    first, second, other = (torch.nn.utils.parameters_to_vector(m.parameters()) for m in models)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_logvar_stays_finite_and_keeps_a_gradient_for_absurd_inputs() -> None:
    model = VAE(ModelConfig(name="mlp", latent_dim=2, hidden_dim=4), (1, 28, 28))
    x = 30.0 * x_of(4, 28, 1)
    posterior = model.encode(x)
    posterior.sigma.sum().backward()
    assert torch.isfinite(posterior.sigma).all()


def test_grey_images_are_bernoulli_and_colour_ones_gaussian_by_default() -> None:
    assert type(VAE(SMALL, (1, 28, 28)).likelihood).__name__ == "Bernoulli"
    assert type(VAE(SMALL, (3, 28, 28)).likelihood).__name__ == "Gaussian"


def test_eight_faces_can_be_learnt_by_heart() -> None:
    torch.manual_seed(0)
    config = ModelConfig(channels=(16, 16, 32, 32, 32), latent_dim=8)
    model = VAE(config, (3, 32, 32)).train()
    pixels = torch.from_numpy(faces(0, torch.arange(8).numpy(), 32))
    x = pixels.permute(0, 3, 1, 2).float() / 255
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(250):
        terms = model(x, torch.randn(8, 8, generator=generator))
        optimizer.zero_grad()
        (-terms.elbo.mean()).backward()
        optimizer.step()
    error = (model.decode(model.encode(x).mu) - x).square().mean()
    spread = (x - x.mean(0)).square().mean()
    assert error < 0.1 * spread
