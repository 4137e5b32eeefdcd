"""What keeps a step whose gradient is not finite from doing harm.

Nothing here waits for the device: whether a step was good is a number that stays there.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae.errors import ExplainedError
from vae.model.networks import VAE

MAX_BAD_STEPS = 20


class DivergedError(ExplainedError, FloatingPointError):
    """The weights, or what they make of the images, have grown beyond all measure."""


class Guard:
    """Takes the steps of `model`, but for those whose gradient is not finite."""

    def __init__(self, model: VAE, optimizer: torch.optim.Optimizer) -> None:
        self._parameters, self._optimizer = list(model.parameters()), optimizer
        self._statistics = list(model.buffers())  # the running means that a forward pass updates
        self._good_statistics = [buffer.clone() for buffer in self._statistics]
        self._is_fused = bool(optimizer.defaults.get("fused"))

    @property
    def statistics(self) -> list[Tensor]:
        """The running means of the last good step."""
        return self._good_statistics

    @torch.no_grad()
    def restore_statistics(self) -> None:
        """Bring the running means back to what they were after the last good step."""
        for now, good in zip(self._statistics, self._good_statistics, strict=True):
            now.copy_(good)

    @torch.no_grad()
    def step(self) -> Tensor:
        """Change the weights by their gradients, unless one is not finite.

        Then nothing is changed, and the running means go back to what they were. Returns 1 for a
        step that was left out, 0 for one that was taken, on the device. []
        """
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        is_finite = torch.isfinite(torch.stack(torch._foreach_norm(gradients))).all()
        is_bad = (~is_finite).float()
        for now, good in zip(self._statistics, self._good_statistics, strict=True):
            good.copy_(torch.where(is_finite, now, good))
            now.copy_(good)
        if self._is_fused:  # its kernel looks at the flag by itself, as for torch's GradScaler
            self._optimizer.found_inf = is_bad  # type: ignore[attr-defined]
            self._optimizer.step()
        elif is_finite:
            self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return is_bad


def check(num_bad: int) -> None:
    """Raises DivergedError where so many steps in a row, up to the last one, were bad."""
    if num_bad >= MAX_BAD_STEPS:
        raise DivergedError(
            f"Training diverged: {num_bad} steps in a row were not finite; try a smaller train.lr."
        )
