"""How good the model is on the validation images, in the unit of the training loss.

N images, D latent dimensions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from vae.data.dataset import Dataset
from vae.latent.encoding import ENCODE_BATCH, Latents, to_unit
from vae.model.elbo import bits_per_dim
from vae.model.networks import VAE
from vae.model.posterior import active_units
from vae.training.batches import noise_of
from vae.training.objectives import Objective


class Validation(NamedTuple):
    """What was measured over the images, in nats per image."""

    # nll, kl, elbo, loss, bits_per_dim, mse, sigma, active_units, num_images, kl_0, ..., and what
    # else the objective measures.
    measures: dict[str, float]
    latents: Latents
    final_loss: float  # with beta and capacity as they are when they have risen


def validate(
    model: VAE, dataset: Dataset, objective: Objective, step: int, num_images: int
) -> Validation:
    """Means over the first `num_images` validation images after `step` steps.

    The loss is that of training: objective, weights, number of samples, and batch size where it
    matters.
    """
    model.eval()
    device = next(model.parameters()).device
    index = dataset.validation[:num_images]
    mu, logvar = (np.empty((len(index), model.latent_dim), np.float32) for _ in range(2))
    mse = np.empty(len(index), np.float32)
    eps = noise_of(objective, 0, len(index), model.latent_dim)
    sums, final_loss = np.zeros(len(objective.names)), 0.0
    batch, risen = _batch_size(objective), objective.weights(None)
    with torch.inference_mode():
        for start in range(0, len(index), batch):
            part = slice(start, start + batch)
            x = to_unit(dataset.take(index[part]), device)
            each = model.each(x, eps[..., part, :].to(device))
            squared = (model.decode(each.mu) - x).square()
            mu[part], logvar[part] = each.mu.cpu().numpy(), each.logvar.cpu().numpy()
            mse[part] = squared.flatten(1).mean(1).cpu().numpy()
            terms = model.terms(each)
            measures = objective.measure(terms, objective.weights(step))
            means = torch.stack([measures[name] for name in objective.names])
            sums += len(x) * means.double().cpu().numpy()
            final_loss += len(x) * objective.measure(terms, risen)["loss"].item()
    latents = Latents(index, mu, logvar, mse, step, np.zeros((0, 2), np.float32))
    means_by_name = dict(zip(objective.names, (sums / len(index)).tolist(), strict=True))
    return Validation(
        means_by_name | _of_latents(model, latents, means_by_name["nll"]),
        latents,
        final_loss / len(index),
    )


def _batch_size(objective: Objective) -> int:
    train = objective.train
    if objective.is_of_batches:
        return train.images_per_step
    return max(1, ENCODE_BATCH // train.num_samples)


def _of_latents(model: VAE, latents: Latents, nll: float) -> dict[str, float]:
    """What the whole set of posteriors says, beyond means over batches."""
    kl_per_dim = latents.kl_per_dim.astype(np.float64).mean(0)  # [D]
    kl = float(kl_per_dim.sum())
    sigma = model.likelihood.implied_sigma()
    num_values = int(np.prod(model.image_shape))
    result = {
        "kl": kl,
        "elbo": -(nll + kl),
        "bits_per_dim": bits_per_dim(-(nll + kl), num_values, discrete=sigma is not None),
        "mse": float(latents.mse.mean()),
        "active_units": int(active_units(torch.from_numpy(latents.mu)).sum()),
        "num_images": len(latents.index),
    }
    if sigma is not None:
        result["sigma"] = sigma
    return result | {f"kl_{j}": float(kl) for j, kl in enumerate(kl_per_dim)}
