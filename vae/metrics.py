"""How good a trained model is, in the units of the theory.

N images, C channels, H = W pixels, D latent dimensions, K importance samples, F factors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vae import latents
from vae.dataset import Dataset
from vae.elbo import bits_per_dim, importance_bound
from vae.latents import Floats, Indices, Progress, to_unit
from vae.networks import VAE
from vae.posterior import active_units, prior_log_prob

NUM_BINS = 20
BATCH = 128


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity of images in [0, 1], Wang et al. 2004 equation 13. [N]

    Gaussian window of 11 pixels and sigma 1.5, over the places where it fits whole.
    """
    reach = torch.arange(11, dtype=a.dtype, device=a.device) - 5
    window = torch.exp(-reach.square() / (2 * 1.5**2))
    window = window / window.sum()
    channels = a.shape[1]
    kernel = (window[:, None] * window[None, :]).expand(channels, 1, 11, 11)

    def blur(x: Tensor) -> Tensor:
        return F.conv2d(x, kernel, groups=channels)

    mean_a, mean_b = blur(a), blur(b)
    var_a = blur(a * a) - mean_a.square()
    var_b = blur(b * b) - mean_b.square()
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    bottom = (mean_a.square() + mean_b.square() + c1) * (var_a + var_b + c2)
    return (top / bottom).flatten(1).mean(1)


@torch.inference_mode()
def evaluate(
    model: VAE,
    dataset: Dataset,
    index: Indices,
    importance_samples: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Means over the images of `index`; z sampled from a generator of `seed`.

    nll, kl, elbo and bound are in nats per image; mse, psnr (dB) and ssim compare each image with
    the reconstruction of its posterior mean; bound is the importance-weighted bound with
    `importance_samples` samples; mig where the data set knows its factors.
    """
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    sums: dict[str, float] = dict.fromkeys(("nll", "kl", "bound", "mse", "psnr", "ssim"), 0.0)
    mus = []
    for start in range(0, len(index), BATCH):
        if progress is not None:
            progress("evaluate", start, len(index))
        x = to_unit(dataset.take(index[start : start + BATCH]), device)
        posterior = model.encode(x)
        log_weights = []
        for k in range(importance_samples):
            eps = torch.randn(posterior.mu.shape, generator=generator).to(device)
            z = posterior.sample(eps)
            nll = model.likelihood.nll(model.decoder(z), x)
            log_weights.append(prior_log_prob(z) - nll - posterior.log_prob(z))
            if k == 0:
                sums["nll"] += nll.double().sum().item()
        bound = importance_bound(torch.stack(log_weights).double())
        reconstruction = model.decode(posterior.mu)
        mse = (reconstruction - x).square().flatten(1).mean(1).double()
        sums["kl"] += posterior.kl_per_dim().double().sum().item()
        sums["bound"] += bound.sum().item()
        sums["mse"] += mse.sum().item()
        sums["psnr"] += (-10 * torch.log10(mse.clamp_min(1e-10))).sum().item()
        sums["ssim"] += ssim(reconstruction, x).double().sum().item()
        mus.append(posterior.mu.cpu())
    if progress is not None:
        progress("evaluate", len(index), len(index))
    means = {name: total / len(index) for name, total in sums.items()}
    mu = torch.cat(mus)
    elbo = -(means["nll"] + means["kl"])
    sigma = model.likelihood.implied_sigma()
    result = means | {
        "elbo": elbo,
        "bits_per_dim": bits_per_dim(elbo, math.prod(model.image_shape), sigma is not None),
        "active_units": int(active_units(mu).sum()),
        "latent_dim": model.latent_dim,
        "num_images": len(index),
        "importance_samples": importance_samples,
    }
    if sigma is not None:
        result["sigma"] = sigma
    factors = {
        name: column[index]
        for name, column in dataset.attributes.items()
        if len(np.unique(column[index])) > 1
    }
    if factors:
        result["mig"] = mutual_information_gap(mu.numpy(), factors)
    return result


def to_classes(column: NDArray[np.generic]) -> Indices:
    """A column as class numbers: integers as they are, numbers in 20 bins of equal width. [N]"""
    if np.issubdtype(column.dtype, np.integer):
        _, classes = np.unique(column, return_inverse=True)
        return np.asarray(classes, np.int64)
    values = column.astype(np.float64)
    values = np.where(np.isfinite(values), values, np.nanmin(values))
    edges = np.histogram_bin_edges(values, NUM_BINS)
    return np.asarray(np.digitize(values, edges[1:-1]), np.int64)


def mutual_information_gap(mu: Floats, factors: Mapping[str, NDArray[np.generic]]) -> float:
    """MIG in [0, 1]: mean over factors of (first - second best MI) / entropy of the factor.

    Chen et al. 2018 section 4.1, with the MI of the binned posterior means, as
    Locatello et al. 2019 estimate it. mu [N, D], each factor [N].
    """
    from sklearn.metrics import mutual_info_score

    latent_classes = [to_classes(mu[:, j]) for j in range(mu.shape[1])]
    gaps = []
    for column in factors.values():
        classes = to_classes(column)
        entropy = mutual_info_score(classes, classes)
        scores = sorted(mutual_info_score(classes, latent) for latent in latent_classes)
        second = scores[-2] if len(scores) > 1 else 0.0
        gaps.append((scores[-1] - second) / entropy)
    return float(np.mean(gaps))


def encode_all(
    model: VAE, dataset: Dataset, num: int | None, step: int, progress: Progress | None
) -> latents.Latents:
    """Latents of all images, or of `num` of them drawn with a fixed seed, in order of index."""
    index = np.arange(len(dataset), dtype=np.int64)
    if num is not None and num < len(index):
        index = np.sort(np.random.default_rng(0).choice(index, num, replace=False))
    return latents.encode_images(model, dataset, index, step, progress)
