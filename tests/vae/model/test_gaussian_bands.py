"""One sigma for each band of a picture, against a Normal with its covariance written out."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from vae.config import ModelConfig
from vae.model.gaussian_bands import NUM_HALVINGS, OWN, GaussianBands, band_energies
from vae.model.likelihoods import MIN_SIGMA, Gaussian
from vae.model.networks import VAE
from vae.model.weight_norm import plain_weights, set_plain_weights
from vae.option_choices import LikelihoodName

SHAPES = [(3, 8, 8), (1, 8, 8), (3, 12, 12), (1, 7, 7), (3, 2, 2)]


def haar_rows(side: int) -> tuple[Tensor, list[int]]:
    """Orthonormal rows over `side` x `side` pixels, and the band of each, from the finest."""
    pixels = torch.eye(side * side, dtype=torch.float64).reshape(-1, side, side)
    rows, bands, cell, band = [], [], 1, 0
    while (side // cell) % 2 == 0 and band < NUM_HALVINGS:
        for top in range(0, side, 2 * cell):
            for left in range(0, side, 2 * cell):
                for signs in ((1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1)):
                    row = torch.zeros(side, side, dtype=torch.float64)
                    corners = ((0, 0), (0, cell), (cell, 0), (cell, cell))
                    for sign, (down, right) in zip(signs, corners, strict=True):
                        y, x = top + down, left + right
                        row[y : y + cell, x : x + cell] = sign / (2 * cell)
                    rows.append(row)
                    bands.append(band)
        cell, band = 2 * cell, band + 1
    for top in range(0, side, cell):
        for left in range(0, side, cell):
            row = torch.zeros(side, side, dtype=torch.float64)
            row[top : top + cell, left : left + cell] = 1 / cell
            rows.append(row)
            bands.append(band)
    assert len(rows) == len(pixels)
    return torch.stack(rows).flatten(1), bands


def transform(shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """T, orthonormal [P, P], and the band of each of its rows, as the likelihood counts them."""
    rows, bands = haar_rows(shape[1])
    if shape[0] == 1:
        return rows, 2 * torch.tensor(bands)
    ones = torch.full((3, 1), 3**-0.5, dtype=torch.float64)
    colours = torch.linalg.qr(torch.cat([ones, torch.eye(3, 2, dtype=torch.float64)], 1))[0].T
    whole = torch.kron(colours, rows)
    number = 2 * torch.tensor(bands)
    return whole, torch.cat([number, number + 1, number + 1])


def pair(shape: tuple[int, int, int], num: int = 5) -> tuple[Tensor, Tensor]:
    """Outputs of a decoder, and images. [N, C, H, W]"""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(num, *shape, generator=generator)
    return torch.randn(num, *shape, generator=generator), x


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_a_normal_of_that_covariance(shape: tuple[int, int, int]) -> None:
    rows, number = transform(shape)
    torch.testing.assert_close(rows @ rows.T, torch.eye(len(rows), dtype=torch.float64))
    likelihood = GaussianBands(shape)
    sigma = torch.linspace(0.05, 0.3, 10)
    likelihood.squared_error.copy_(sigma.square())
    likelihood.squared_error[likelihood.sizes == 0] = 0
    likelihood.eval()
    variance = likelihood._variance(likelihood.squared_error).double()
    covariance = rows.T @ torch.diag(variance[number]) @ rows
    output, x = pair(shape)
    mean = torch.sigmoid(output).double().flatten(1)
    wanted = -MultivariateNormal(mean, covariance).log_prob(x.double().flatten(1))
    torch.testing.assert_close(likelihood.nll(output, x).double(), wanted, rtol=1e-5, atol=1e-3)
    of_a_pixel = math.sqrt(covariance.diagonal().mean().item())
    assert likelihood.implied_sigma() == pytest.approx(of_a_pixel, rel=1e-5)


@pytest.mark.parametrize("shape", [*SHAPES, (3, 64, 64), (3, 28, 28)], ids=str)
def test_the_bands_share_out_the_squared_error(shape: tuple[int, int, int]) -> None:
    output, x = pair(shape)
    energies = band_energies(x - output)
    torch.testing.assert_close(energies.sum(1), (x - output).square().flatten(1).sum(1))
    assert energies.min() > -1e-3
    sizes = GaussianBands(shape).sizes
    assert sizes.sum() == math.prod(shape)
    assert (energies[:, sizes == 0].abs() < 1e-3).all()


def test_errors_of_one_size_in_all_bands_are_those_of_one_sigma() -> None:
    shape = (3, 16, 16)
    bands, one = GaussianBands(shape).eval(), Gaussian(None).eval()
    bands.squared_error.fill_(0.1**2)
    one.squared_error.fill_(0.1**2)
    output, x = pair(shape)
    torch.testing.assert_close(bands.nll(output, x), one.nll(output, x))


def between(own: Tensor, of_all: Tensor) -> Tensor:
    """The variance of bands whose own is `own`, where that of all coefficients is `of_all`."""
    return torch.exp(OWN * own.log() + (1 - OWN) * of_all.log())


def test_sigma_is_near_its_optimum_but_never_above_that_of_all() -> None:
    """Pictures whose light is wrong as a whole, and their fine lines hardly."""
    likelihood = GaussianBands((3, 32, 32)).train()
    x = 0.5 + 0.01 * torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    x += 0.3
    output = torch.zeros_like(x)
    nll = likelihood.nll(output, x).mean()
    errors = band_energies(x - 0.5).mean(0) / likelihood.sizes
    of_all = (x - 0.5).square().mean()
    variance = likelihood._variance(likelihood.squared_error)
    assert (variance <= of_all * 1.0001).all()
    assert errors[8] > 100 * of_all  # the coarsest, which has to wait
    torch.testing.assert_close(variance[8], of_all)
    torch.testing.assert_close(variance[:2], between(errors[:2], of_all))
    assert (variance[:2] > errors[:2]).all()  # and so nearer to that of all
    assert nll < Gaussian(None).train().nll(output, x).mean()


def test_sigma_of_a_band_is_never_above_that_of_its_colour() -> None:
    """Pictures whose colour is wrong as a whole, a little; their light is wrong everywhere."""
    likelihood = GaussianBands((3, 32, 32)).train()
    x = torch.full((8, 3, 32, 32), 0.5)
    x += 0.2 * torch.randn(8, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    x[:, 0] += 0.05
    x[:, 1] -= 0.05
    likelihood.nll(torch.zeros_like(x), x)
    residual = x - 0.5
    chroma = (residual - residual.mean(1, keepdim=True)).square().sum(1).mean() / 2
    variance = likelihood._variance(likelihood.squared_error)
    of_all = residual.square().mean()
    torch.testing.assert_close(variance[9], between(chroma, of_all))  # the coarsest of chroma
    assert variance[8] > 5 * variance[9]


def test_an_evaluation_tunes_nothing() -> None:
    likelihood = GaussianBands((3, 8, 8)).train()
    output, x = pair((3, 8, 8))
    likelihood.nll(output, x)
    before = likelihood.squared_error.clone()
    likelihood.eval().nll(output, 1 - x)
    torch.testing.assert_close(likelihood.squared_error, before, rtol=0, atol=0)


def test_perfect_pictures_leave_it_finite() -> None:
    likelihood = GaussianBands((3, 8, 8)).train()
    output = torch.zeros(2, 3, 8, 8, requires_grad=True)
    nll = likelihood.nll(output, torch.full((2, 3, 8, 8), 0.5))
    nll.sum().backward()
    assert torch.isfinite(nll).all()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()
    assert likelihood.implied_sigma() == pytest.approx(MIN_SIGMA)


@pytest.mark.parametrize("before", ["gaussian", "gaussian_bands"])
def test_weights_of_another_likelihood_serve_too(before: LikelihoodName) -> None:
    """What it has learnt stays behind, though its parts are called alike."""
    after: LikelihoodName = "gaussian" if before == "gaussian_bands" else "gaussian_bands"
    old, new = (
        VAE(ModelConfig("mlp", 4, hidden_dim=8, likelihood=name), (3, 16, 16))
        for name in (before, after)
    )
    old.likelihood.squared_error.fill_(0.04)  # type: ignore[union-attr, operator]
    set_plain_weights(new, plain_weights(old))
    torch.testing.assert_close(new.encoder[1].weight, old.encoder[1].weight)  # type: ignore[index]
    assert new.likelihood.implied_sigma() == pytest.approx(MIN_SIGMA)


def test_weights_serve_another_size_of_pictures() -> None:
    """Sides of 64 halve evenly four times, those of 60 twice; their networks are the same."""
    config = ModelConfig(channels=(4, 4, 4, 4, 4), latent_dim=4, likelihood="gaussian_bands")
    large, small = VAE(config, (3, 64, 64)), VAE(config, (3, 60, 60))
    large.likelihood.squared_error.fill_(0.04)  # type: ignore[union-attr, operator]
    set_plain_weights(small, plain_weights(large))
    assert small.likelihood.implied_sigma() == pytest.approx(0.2)
    assert small.likelihood.sizes.sum() == 3 * 60 * 60  # type: ignore[operator, union-attr]
