"""Trainings that take turns on one processor, each on a budget of CPU seconds of its own.

N images of a batch, D latent dimensions. A machine that others use is slow at times: turns of a few
seconds let that hit all alike, and CPU seconds pass over what others take. Data order, noise, loss,
schedule and optimizer are those of the trainer; the schedule runs over the budget in place of the
steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vae.config import Config
from vae.data.dataset import Dataset
from vae.latent.encoding import to_unit
from vae.latent.fixed_noise import noise
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights, start_from_data
from vae.training.batches import batch_index
from vae.training.objectives import Objective
from vae.training.schedules import lr_at
from vae.training.state import make_optimizer

SCHEDULE_STEPS = 10_000  # into which a budget is divided for the schedule


class Racer:
    """One model in training, until it has used `budget` CPU seconds."""

    def __init__(self, name: str, config: Config, dataset: Dataset, budget: float) -> None:
        self.name, self.config, self.dataset, self.budget = name, config, dataset, budget
        self.seconds, self.wall_seconds, self.step, self.num_images = 0.0, 0.0, 0, 0
        torch.manual_seed(config.train.seed)
        self.objective = Objective(config.train, len(dataset.train))
        self.model = self.make_model().to(memory_format=torch.channels_last)
        self.optimizer = make_optimizer(self.model, config.train)

    def make_model(self) -> nn.Module:
        model = VAE(self.config.model, self.dataset.image_shape)
        if self.config.model.name == "residual":
            normalise_weights(model)
        return model

    def loss(self, x: Tensor, eps: Tensor) -> Tensor:
        """What one step minimises. x [N, C, H, W], eps [N, D] -> []"""
        if self.step == 0 and self.config.model.name == "residual":
            start_from_data(self.model, x, eps)
        return self.objective.measure(self.model(x, eps), self.objective.weights(self.step))["loss"]

    @property
    def epochs(self) -> float:
        """Passes over the training images."""
        return self.num_images / len(self.dataset.train)

    def run(self, until: float) -> None:
        """Train until `until` of its CPU seconds are used."""
        self.model.train()
        began, began_wall = time.process_time() - self.seconds, time.perf_counter()
        while self.seconds < until:
            self._take_step()
            self.seconds = time.process_time() - began
        self.wall_seconds += time.perf_counter() - began_wall

    def _take_step(self) -> None:
        train = self.config.train
        index = batch_index(self.dataset.train, train.seed, train.images_per_step, self.step)
        x = to_unit(self.dataset.take(index))
        eps = noise(train.seed, self.step, (len(x), self.config.model.latent_dim))
        self.loss(x, eps).backward()
        position = int(SCHEDULE_STEPS * min(1.0, self.seconds / self.budget))
        for group in self.optimizer.param_groups:
            group["lr"] = lr_at(position, train.lr, train.lr_schedule, SCHEDULE_STEPS)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.num_images += len(x)


def race(
    racers: Sequence[Racer], stops: Sequence[float], turn: float, look: Callable[[Racer], None]
) -> None:
    """Train all of them in turns of `turn` CPU seconds; `look` at each where it meets a stop."""
    done, ends = 0.0, sorted(stops)
    for end in ends:
        while done < end:
            done = min(end, done + turn)
            for racer in racers:
                racer.run(done)
        for racer in racers:
            racer.model.eval()
            look(racer)


@dataclass(frozen=True)
class Measured:
    """Means over held-out images with a sampled z: nats per image, but for the last three."""

    nll: float  # under the model's own likelihood
    kl: float
    squared_error: float  # summed over the pixels of an image
    sigma: float | None  # of the model's own likelihood
    num_images: int

    @property
    def elbo(self) -> float:
        """Of the model as it was trained."""
        return -(self.nll + self.kl)

    @property
    def summed_error_and_kl(self) -> float:
        """Summed squared error + KL: the loss of the usual tutorials."""
        return self.squared_error + self.kl

    def elbo_with(self, variance: float, num_pixels: int) -> float:
        """As the Gaussian whose pixel noise has this variance."""
        constant = 0.5 * num_pixels * np.log(2 * np.pi * variance)
        return float(-(self.squared_error / (2 * variance) + constant + self.kl))


@torch.inference_mode()
def measured(model: VAE, dataset: Dataset, index: np.ndarray, batch: int = 250) -> Measured:
    """What a model in evaluation says of the images of `index`, with the same noise for all."""
    device = next(model.parameters()).device
    eps, sums = noise(1, 0, (len(index), model.latent_dim)).to(device), np.zeros(3)
    for start in range(0, len(index), batch):
        part = slice(start, start + batch)
        x = to_unit(dataset.take(index[part]), device)
        posterior = model.encode(x)
        output = model.decoder(posterior.sample(eps[part]))
        error = (x - model.likelihood.mean(output)).square().double().sum()
        nll = model.likelihood.nll(output, x).double().sum()
        sums += (nll.item(), posterior.kl_per_dim().double().sum().item(), error.item())
    nll, kl, error = (sums / len(index)).tolist()
    return Measured(nll, kl, error, model.likelihood.implied_sigma(), len(index))
