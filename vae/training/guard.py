"""What keeps a step whose gradient is not finite from doing harm."""

from __future__ import annotations

import torch
from torch import Tensor

from vae.model.networks import VAE

MAX_BAD_STEPS = 20


class Guard:
    """Watches the gradients of `model`, and puts its running means back after a bad step."""

    def __init__(self, model: VAE) -> None:
        self._model = model
        self._statistics = list(model.buffers())  # the running means that a forward pass updates
        self._good_statistics = [buffer.clone() for buffer in self._statistics]
        self._bad_steps = 0  # in a row

    def accepts(self) -> bool:
        """Whether the gradient is finite, so that the step may be taken."""
        gradients = [p.grad for p in self._model.parameters() if p.grad is not None]
        is_finite = bool(torch.isfinite(torch.stack(torch._foreach_norm(gradients))).all())
        if is_finite:
            _copy(self._good_statistics, self._statistics)
            self._bad_steps = 0
        else:
            _copy(self._statistics, self._good_statistics)
            self._bad_steps += 1
        return is_finite

    def check(self) -> None:
        """Raises FloatingPointError after too many bad steps in a row."""
        if self._bad_steps == MAX_BAD_STEPS:
            raise FloatingPointError(
                f"training diverged: {MAX_BAD_STEPS} steps in a row were not finite; "
                "try a smaller train.lr"
            )


def _copy(to: list[Tensor], tensors: list[Tensor]) -> None:
    """Each of `tensors` into its place; there may be none, which torch refuses."""
    if tensors:
        torch._foreach_copy_(to, tensors)
