"""Weight normalisation beside torch's own, and beside differences."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from vae.model import weight_norm as ours
from vae.model.networks import VAE


def pair(transposed: bool, layout: torch.memory_format) -> tuple[nn.Module, nn.Module]:
    """One convolution with our normalisation, and its copy with torch's."""
    torch.manual_seed(0)
    convolution = nn.ConvTranspose2d(5, 7, 4) if transposed else nn.Conv2d(5, 7, 3)
    other = weight_norm(copy.deepcopy(convolution), dim=1 if transposed else 0)
    model = nn.Sequential(convolution, nn.Conv2d(7, 2, 1))  # the last one is left as it is
    ours.normalise_weights(model)  # type: ignore[arg-type]
    return convolution.to(memory_format=layout), other


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("transposed", [False, True])
def test_weights_and_gradients_are_those_of_torch(
    transposed: bool, layout: torch.memory_format
) -> None:
    one, other = pair(transposed, layout)
    assert one.state_dict().keys() == other.state_dict().keys()
    x = torch.randn(3, 5, 9, 9)
    for module in (one, other):
        with torch.no_grad():  # so that length and direction are not those they began with
            module.parametrizations.weight.original0.mul_(
                torch.linspace(0.5, 2, 7).reshape(module.parametrizations.weight.original0.shape)
            )
        module(x).square().sum().backward()
    torch.testing.assert_close(one.weight, other.weight)
    for name, parameter in one.named_parameters():
        wanted = other.get_parameter(name).grad
        torch.testing.assert_close(
            parameter.grad, wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max()
        )


@pytest.mark.parametrize("dim", [0, 1])
def test_gradients_are_those_of_differences(dim: int) -> None:
    torch.manual_seed(0)
    direction = torch.randn(3, 4, 2, 2, dtype=torch.float64, requires_grad=True)
    shape = (3, 1, 1, 1) if dim == 0 else (1, 4, 1, 1)
    length = torch.rand(shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda g, v: ours._Normalised.apply(g, v, dim), (length, direction)
    )


def test_weights_lie_in_memory_as_the_directions_do() -> None:
    """Else each convolution copies them, forwards and backwards."""
    one, _ = pair(True, torch.channels_last)
    assert one.weight.is_contiguous(memory_format=torch.channels_last)


def test_a_model_keeps_its_function() -> None:
    from vae.config import ModelConfig

    torch.manual_seed(0)
    model = VAE(ModelConfig(channels=(4, 6, 8, 8, 8), latent_dim=3), (3, 32, 32))
    x = torch.rand(2, 3, 32, 32)
    before = model.decoder(model.encode(x).mu)
    ours.normalise_weights(model)
    torch.testing.assert_close(model.decoder(model.encode(x).mu), before)
