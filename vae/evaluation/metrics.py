"""How good a trained model is, in the units of the theory.

N images, C channels, H = W pixels, D latent dimensions, K importance samples.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vae.data.dataset import Dataset
from vae.evaluation.disentanglement import factor_scores
from vae.evaluation.information import information, standard_error
from vae.latent.encoding import Floats, Indices, Progress, some_of, to_unit
from vae.model.elbo import bits_per_dim, importance_bound, psnr
from vae.model.flow import Flow
from vae.model.networks import VAE
from vae.model.posterior import active_units, prior_log_prob

BATCH = 128
MAX_INFORMATION = 2_000  # images; the estimate costs the square of it
NUM_EXTREMES = 8  # of the worst, and of the best reconstructions

Doubles = NDArray[np.float64]


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


@dataclass(frozen=True)
class Measured:
    """The measures of each of N images, in nats except mse, psnr (dB) and ssim."""

    mu: Floats  # [N, D]
    logvar: Floats  # [N, D]
    z: Floats  # [N, D] one sample of each posterior
    nll: Doubles  # [N] of that sample
    kl: Doubles  # [N] in closed form, Kingma & Welling Appendix B
    kl_per_dim: Doubles  # [D] means over the images
    mse: Doubles  # [N] of the reconstruction of the mean, as are psnr and ssim
    psnr: Doubles
    ssim: Doubles

    @property
    def elbo(self) -> Doubles:
        """-(nll + kl) [N]"""
        result: Doubles = -(self.nll + self.kl)
        return result


def evaluate(
    model: VAE,
    dataset: Dataset,
    index: Indices,
    importance_samples: int,
    *,
    flow: Flow | None = None,
    bound_num: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Means over the images of `index`; z sampled from a generator of `seed`.

    nll, kl, elbo and bound are in nats per image, and NAME_se is the standard error over the
    images; mse, psnr (dB) and ssim compare each image with the reconstruction of its posterior
    mean. kl_flow and elbo_flow are those under the prior `flow`: the same z and nll, but a bound
    that was not trained for. bound is the importance-weighted bound with `importance_samples`
    samples, of `bound_num` of the images (None: all); bound_gain is how far it is above the elbo of
    these same images.
    mutual_information is between z and which of mi_num images it came from, never above
    mi_limit = log mi_num. For a data set with known factors: mig, and how well each factor is
    predicted from the means. worst and best are the images with the largest and smallest mse.
    """
    measured = _measure(model, dataset, index, seed, progress)
    elbos = measured.elbo
    elbo = float(elbos.mean())
    sigma = model.likelihood.implied_sigma()
    mu = measured.mu
    result: dict[str, Any] = {
        "nll": float(measured.nll.mean()),
        "kl": float(measured.kl.mean()),
        "elbo": elbo,
        "bits_per_dim": bits_per_dim(elbo, math.prod(model.image_shape), sigma is not None),
        "nll_se": standard_error(measured.nll),
        "kl_se": standard_error(measured.kl),
        "elbo_se": standard_error(elbos),
        **_under(flow, measured),
        **_bound(model, dataset, index, elbos, importance_samples, bound_num, seed, progress),
        "mse": float(measured.mse.mean()),
        "psnr": float(measured.psnr.mean()),
        "ssim": float(measured.ssim.mean()),
        "active_units": int(active_units(torch.from_numpy(mu)).sum()),
        "latent_dim": model.latent_dim,
        "num_images": len(index),
    }
    if sigma is not None:
        result["sigma"] = sigma
    some = some_of(len(index), MAX_INFORMATION, seed)
    parts = information(mu[some], measured.logvar[some], measured.z[some])
    result |= {
        "mutual_information": parts.mutual_information,
        "mutual_information_se": parts.mutual_information_se,
        "marginal_kl": parts.marginal_kl,
        "total_correlation": parts.total_correlation,
        "dimension_kl": parts.dimension_kl,
        "mi_num": parts.num_images,
        "mi_limit": parts.limit,
        "kl_per_dim": measured.kl_per_dim.tolist(),
    }
    scores = factor_scores(index, mu, dataset.attributes, dataset.classes)
    if scores:
        result["mig"] = float(np.mean([score.gap for score in scores]))
        result["factors_read"] = float(np.mean([score.gained for score in scores]))
        result["factors"] = [asdict(score) for score in scores]
    order = np.argsort(measured.mse)
    result["worst"] = index[order[::-1][:NUM_EXTREMES]].tolist()
    result["best"] = index[order[:NUM_EXTREMES]].tolist()
    return result


@torch.inference_mode()
def _measure(
    model: VAE, dataset: Dataset, index: Indices, seed: int, progress: Progress | None
) -> Measured:
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    num, latent_dim = len(index), model.latent_dim
    mu, logvar, points = (np.empty((num, latent_dim), np.float32) for _ in range(3))
    nll, kl, mse, decibels, alike = (np.empty(num) for _ in range(5))
    kl_per_dim = np.zeros(latent_dim)
    for start in range(0, num, BATCH):
        if progress is not None:
            progress("evaluate", start, num)
        part = slice(start, start + BATCH)
        x = to_unit(dataset.take(index[part]), device)
        posterior = model.encode(x)
        eps = torch.randn(posterior.mu.shape, generator=generator).to(device)
        z = posterior.sample(eps)
        reconstruction = model.decode(posterior.mu)
        error = (reconstruction - x).square().flatten(1).mean(1).double()
        mu[part], logvar[part] = posterior.mu.cpu(), posterior.logvar.cpu()
        points[part] = z.cpu()
        nll[part] = model.likelihood.nll(model.decoder(z), x).cpu()
        parts = posterior.kl_per_dim().cpu().double().numpy()
        kl[part] = parts.sum(1)
        kl_per_dim += parts.sum(0)
        mse[part], decibels[part] = error.cpu(), psnr(error).cpu()
        alike[part] = ssim(reconstruction, x).cpu()
    if progress is not None:
        progress("evaluate", num, num)
    return Measured(mu, logvar, points, nll, kl, kl_per_dim / num, mse, decibels, alike)


def _under(flow: Flow | None, measured: Measured) -> dict[str, float]:
    """The kl and the elbo with the prior p(z) of a flow.

    E_q[log q(z given x) - log p(z)] is KL(q || N(0, I)), in closed form, and the mean over samples
    of log N(z; 0, I) - log p(z). Of each image log p(z) has an error of mean 0, by one probe.
    """
    if flow is None:
        return {}
    z = torch.from_numpy(measured.z)
    with torch.inference_mode():
        less = (prior_log_prob(z) - flow.log_prob(z, 1)).double().numpy()
    kl = measured.kl + less
    elbo = -(measured.nll + kl)
    return {
        "kl_flow": float(kl.mean()),
        "kl_flow_se": standard_error(kl),
        "elbo_flow": float(elbo.mean()),
        "elbo_flow_se": standard_error(elbo),
    }


@torch.inference_mode()
def _bound(
    model: VAE,
    dataset: Dataset,
    index: Indices,
    elbos: Doubles,
    num_samples: int,
    num_images: int | None,
    seed: int,
    progress: Progress | None,
) -> dict[str, Any]:
    """The importance-weighted bound of some images, and how far it is above their elbo."""
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed + 1)
    some = some_of(len(index), num_images, seed)
    bounds = []
    for start in range(0, len(some), BATCH):
        if progress is not None:
            progress("bound", start, len(some))
        x = to_unit(dataset.take(index[some[start : start + BATCH]]), device)
        posterior = model.encode(x)
        log_weights = []
        for _ in range(num_samples):
            z = posterior.sample(torch.randn(posterior.mu.shape, generator=generator).to(device))
            nll = model.likelihood.nll(model.decoder(z), x)
            log_weights.append(prior_log_prob(z) - nll - posterior.log_prob(z))
        bounds.append(importance_bound(torch.stack(log_weights).double()).cpu().numpy())
    if progress is not None:
        progress("bound", len(some), len(some))
    bound = np.concatenate(bounds)
    return {
        "bound": float(bound.mean()),
        "bound_se": standard_error(bound),
        "bound_gain": float((bound - elbos[some]).mean()),
        "bound_gain_se": standard_error(bound - elbos[some]),
        "bound_num": len(some),
        "importance_samples": num_samples,
    }
