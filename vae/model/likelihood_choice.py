"""The likelihood that a config names, and the one that suits images where it names none."""

from __future__ import annotations

from typing import assert_never

from vae.model.gaussian_bands import GaussianBands
from vae.model.likelihoods import Bernoulli, Gaussian, Laplace, PixelGaussian
from vae.option_choices import LikelihoodName

Likelihood = Bernoulli | Gaussian | GaussianBands | PixelGaussian | Laplace


def default_likelihood(num_channels: int, sigma: float | None) -> LikelihoodName:
    """Name of the likelihood that suits the images: gaussian for colour or where sigma is given."""
    return "gaussian" if num_channels == 3 or sigma is not None else "bernoulli"


def make_likelihood(
    name: LikelihoodName, sigma: float | None, image_shape: tuple[int, int, int]
) -> Likelihood:
    """The likelihood of images (C, H, W) by its name; `sigma` None: shared and optimal."""
    match name:
        case "bernoulli":
            return Bernoulli()
        case "gaussian":
            return Gaussian(sigma)
        case "gaussian_bands":
            return GaussianBands(image_shape)
        case "gaussian_per_pixel":
            return PixelGaussian()
        case "laplace":
            return Laplace(sigma)
        case _:
            assert_never(name)
