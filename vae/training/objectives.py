"""The objectives: what a training minimises, in nats per image.

N images of a batch, D latent dimensions, L samples of z an image. Whatever is minimised, nll and
kl are measured without weights.

| objective | loss |
|---|---|
| elbo | nll + beta kl; -elbo where beta is 1, a beta-VAE elsewhere (Higgins et al. 2017) |
| elbo, free bits | nll + beta sum_j max(free_bits, mean kl_j) (Kingma et al. 2016, Appendix C.8) |
| elbo, capacity | nll + beta abs(mean kl - C), C rising to `capacity` (Burgess et al. 2018) |
| importance_weighted | -log 1/K sum_k p(x, z_k) / q(z_k given x), K = num_samples (Burda et al.) |
| beta_tc | nll + MI + beta TC + dimension-wise KL (Chen et al. 2018 equation 4) |
| autoencoder | nll at z = mu: no noise, no KL |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, assert_never

from torch import Tensor

from vae.config import TrainConfig
from vae.model.elbo import Terms, importance_bound, kl_parts
from vae.training.schedules import rise


class Weights(NamedTuple):
    """What changes in an objective over a training: numbers, or tensors [] on the device."""

    beta: float | Tensor
    capacity: float | Tensor | None


@dataclass(frozen=True)
class Objective:
    """What `train` asks to minimise over `num_images` training images."""

    train: TrainConfig
    num_images: int

    @property
    def names(self) -> tuple[str, ...]:
        """What `measure` measures, in its order."""
        own = {
            "importance_weighted": ("bound",),
            "beta_tc": ("mutual_information", "total_correlation", "dimension_kl"),
        }
        return ("nll", "kl", "loss", *own.get(self.train.objective, ()))

    @property
    def settings(self) -> dict[str, float | str | None]:
        """What losses must share to be compared."""
        names = ("objective", "num_samples", "beta", "capacity", "free_bits")
        return {name: getattr(self.train, name) for name in names}

    @property
    def is_noisy(self) -> bool:
        """Whether z is sampled; else it is the posterior mean."""
        return self.train.objective != "autoencoder"

    @property
    def is_of_batches(self) -> bool:
        """Whether the loss is more than a mean over images, so that it depends on the batch."""
        train = self.train
        return train.objective == "beta_tc" or train.free_bits > 0 or train.capacity is not None

    def beta(self, step: int | None) -> float:
        """Weight of the KL (beta_tc: of the total correlation) at `step`; None: when all rose."""
        train = self.train
        if not self.is_noisy:
            return 0.0
        if step is None or train.capacity is not None:
            return train.beta
        return rise(step, train.beta, train.warmup_steps, train.cycle_steps)

    def capacity(self, step: int | None) -> float | None:
        """The kl that is asked for at `step`, in nats, where there is one; None: when it rose."""
        train = self.train
        if step is None or train.capacity is None:
            return train.capacity
        return rise(step, train.capacity, train.warmup_steps)

    def weights(self, step: int | None) -> Weights:
        """Beta and capacity at `step`; None: when they have risen."""
        return Weights(self.beta(step), self.capacity(step))

    def measure(self, terms: Terms, weights: Weights) -> dict[str, Tensor]:
        """Means over a batch: nll, kl, loss, and what else belongs to the objective. Each []"""
        nll, kl_per_dim = terms.nll.mean(), terms.kl_per_dim.mean(0)  # [], [D]
        kl = kl_per_dim.sum()
        result = {"nll": nll, "kl": kl}
        match self.train.objective:
            case "autoencoder":
                return result | {"loss": nll}
            case "importance_weighted":
                bound = importance_bound(terms.log_weights).mean()
                return result | {"loss": -bound, "bound": bound}
            case "beta_tc":
                parts = kl_parts(terms.posterior, terms.z[0], self.num_images)
                information, correlation, dimension_kl = parts
                rate = information + weights.beta * correlation + dimension_kl
                return result | {"loss": nll + rate} | parts._asdict()
            case "elbo":
                return result | {
                    "loss": nll + weights.beta * self._rate(terms, kl_per_dim, weights)
                }
            case _:
                assert_never(self.train.objective)

    def _rate(self, terms: Terms, kl_per_dim: Tensor, weights: Weights) -> Tensor:
        """What beta weighs: the kl of the batch, as it is estimated and bent. []"""
        if self.train.estimator == "sampled":
            return terms.kl_of_sample.mean()
        if self.train.free_bits:
            return kl_per_dim.clamp_min(self.train.free_bits).sum()
        kl = kl_per_dim.sum()
        return kl if weights.capacity is None else (kl - weights.capacity).abs()
