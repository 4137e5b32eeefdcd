"""The exponential moving average of the weights: less noise than the weights of any one step.

Polyak & Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging".
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from vae.model.networks import VAE


def decay_at(num_updates: int, decay: float) -> float:
    """What is kept of the average: little at first, since the first weights are worth little."""
    return min(decay, (1 + num_updates) / (10 + num_updates))


class Average:
    """A model of averaged weights beside one in training, on its device, which is not waited for.

    What the optimizer changes is averaged: with weight normalisation lengths and directions, so
    that the average of weights that turn is not shorter than they are. The running means of batch
    normalisation are averaged alike. Sigma, and what else the likelihood measures, is that of the
    weights in training: it is a mean over the last hundred steps as it is, and would lag.
    """

    def __init__(self, model: VAE, decay: float) -> None:
        self.decay, self.num_updates = decay, 0
        self.model = copy.deepcopy(model).requires_grad_(False).eval()

    @torch.no_grad()
    def restart(self, model: VAE) -> None:
        """Begin anew with the weights of `model`."""
        self.num_updates = 0
        self.model.load_state_dict(model.state_dict())

    @torch.no_grad()
    def update(self, model: VAE, is_bad: Tensor) -> None:
        """Take in the weights of `model` after a step; `is_bad` 1: one that was left out. []"""
        self.num_updates += 1
        part = (1 - decay_at(self.num_updates, self.decay)) * (1 - is_bad)
        averaged, newest = self._averaged(self.model), self._averaged(model)
        change = torch._foreach_sub(newest, averaged)
        torch._foreach_mul_(change, part)
        torch._foreach_add_(averaged, change)
        for ours, theirs in zip(self._copied(self.model), self._copied(model), strict=True):
            ours.copy_(theirs)

    def _averaged(self, model: VAE) -> list[Tensor]:
        statistics = [
            buffer
            for name, buffer in model.named_buffers()
            if buffer.is_floating_point() and not name.startswith("likelihood.")
        ]
        return [*model.parameters(), *statistics]

    def _copied(self, model: VAE) -> list[Tensor]:
        return [
            buffer
            for name, buffer in model.named_buffers()
            if not buffer.is_floating_point() or name.startswith("likelihood.")
        ]
