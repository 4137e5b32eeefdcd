"""Muon for weight-normalised convolutions, Adam for all else.

The momentum of a matrix of weights M = U S V^T is turned into about U V^T, so that a step moves
all its directions alike, those of small gradients too. Jordan et al. 2024, "Muon: An optimizer for
hidden layers in neural networks". O output channels, I input channels, kernels of h by w.

Convolutions before batch normalisation are left to Adam: their weights have directions in which the
loss never changes, and Muon would follow there what rounding leaves of a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized
from torch.optim.adam import adam

from vae.model.networks import VAE

MOMENTUM = 0.95
# The odd polynomial a s + b s^3 + c s^5 that brings singular values near 1, applied three times: of
# Jordan et al. One that brings smaller ones there learns no more, and makes much of what rounding
# leaves of a gradient, so that two processes no longer come to what one does.
A, B, C = 3.4445, -4.7750, 2.0315
ITERATIONS = 3
# Root mean square of a step at learning rate 1. Of Adam's it is 0.2 to 0.4: Liu et al. 2025,
# arXiv:2502.16982.
RMS = 0.4
SMALLEST = 1e-30  # squared length of a momentum, below which it is taken for 0
# On a CPU, matrices with more rows and columns than this take one step of the length of four every
# fourth time: to make one orthogonal takes longer than what it is learnt from.
LARGE, TURNS = 96, 4
# Lengths and biases begin far from where they end, those of residual convolutions at 0, and are
# few: Adam takes them there so many times as fast.
OF_VECTORS = 10.0


class Muon(torch.optim.Optimizer):
    """Adam, but for the directions of weight-normalised convolutions, whose steps are of Muon.

    One learning rate suits both: a step of either changes a weight by about as much, but for
    lengths and biases (see OF_VECTORS). As torch's fused Adam it takes no step where its
    `found_inf` is 1, and never waits for the device.
    """

    def __init__(
        self, model: VAE, lr: float | Tensor, betas: tuple[float, float], **of_adam: Any
    ) -> None:
        """`of_adam`: fused and capturable, as torch's Adam has them."""
        matrices = dict(m for module in model.modules() for m in _matrices(module))
        others = {name: p for name, p in model.named_parameters() if p not in matrices}
        factors = [_factor_of_lr(name) if matrices else 1.0 for name in others]
        groups: list[dict[str, Any]] = [
            {"params": list(others.values()), "dims": None, "factors": factors},
            {"params": list(matrices), "dims": list(matrices.values()), "num_steps": 0},
        ]
        groups = [group for group in groups if group["params"]]
        super().__init__(groups, {"lr": lr, "betas": betas, "eps": 1e-8, **of_adam})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Change all weights that have a gradient."""
        is_bad: Tensor | None = getattr(self, "found_inf", None)
        if is_bad is not None and is_bad.device.type == "cpu":  # which is not waited for
            if is_bad > 0:
                return
            is_bad = None
        for group in self.param_groups:
            if group["dims"] is None:
                self._step_of_adam(group, is_bad)
            else:
                self._step_of_muon(group, is_bad)

    def _step_of_muon(self, group: dict[str, Any], is_bad: Tensor | None) -> None:
        moved, matrices, num_large = [], [], 0
        for parameter, dim in zip(group["params"], group["dims"], strict=True):
            if parameter.grad is None:
                continue
            momentum, turns = self._remember(parameter, is_bad), 1
            if parameter.device.type == "cpu" and min(parameter.shape[:2]) > LARGE:
                turns, num_large = TURNS, num_large + 1
                if (group["num_steps"] + num_large) % TURNS:
                    continue
            # What gradient and momentum say of the next gradient, as Nesterov has it.
            matrices.append(_flat(parameter.grad.lerp(momentum, MOMENTUM), dim))
            moved.append((parameter, turns))
        group["num_steps"] += 1
        for (parameter, turns), change in zip(moved, orthogonal(matrices), strict=True):
            length = turns * RMS * max(change.shape) ** 0.5
            if isinstance(group["lr"], Tensor):
                change = change * group["lr"]
            else:
                length *= group["lr"]
            if is_bad is not None:
                change = torch.where(is_bad > 0, torch.zeros_like(change), change)
            height, width = parameter.shape[2:]
            rows = change.reshape(parameter.shape[0], height, width, parameter.shape[1])
            parameter.sub_(rows.permute(0, 3, 1, 2), alpha=length)

    def _remember(self, parameter: Tensor, is_bad: Tensor | None) -> Tensor:
        """Take the gradient into the momentum, which is returned."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum"]
        if is_bad is None:
            momentum.lerp_(gradient, 1 - MOMENTUM)
        else:
            newest = momentum.lerp(gradient, 1 - MOMENTUM)
            momentum.copy_(torch.where(is_bad > 0, momentum, newest))
        return momentum

    def _step_of_adam(self, group: dict[str, Any], is_bad: Tensor | None) -> None:
        # A state that was saved before there were factors has none.
        factors = group.get("factors") or [1.0] * len(group["params"])
        with_factors = list(zip(group["params"], factors, strict=True))
        for factor in sorted(set(factors)):
            self._move_by_adam(
                [p for p, own in with_factors if own == factor and p.grad is not None],
                factor * group["lr"],
                group,
                is_bad,
            )

    def _move_by_adam(
        self,
        parameters: list[Any],  # tensors with a gradient
        lr: float | Tensor,
        group: dict[str, Any],
        is_bad: Tensor | None,
    ) -> None:
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter] = {
                    "step": torch.zeros((), device=parameter.device if group["fused"] else None),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        states = [self.state[parameter] for parameter in parameters]
        adam(
            parameters,
            [parameter.grad for parameter in parameters],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=group["fused"],
            capturable=group["capturable"],
            found_inf=is_bad,
            amsgrad=False,
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            lr=lr,
            weight_decay=0.0,
            eps=group["eps"],
            maximize=False,
        )


def _factor_of_lr(name: str) -> float:
    """Of the parameter of this name, as torch names lengths and biases."""
    return OF_VECTORS if name.endswith((".original0", ".bias")) else 1.0


def orthogonal(matrices: Sequence[Tensor]) -> list[Tensor]:
    """About U V^T of each matrix U S V^T; 0 where it is 0. [m, n] each -> [m, n] each

    The polynomial is applied to the singular values S by a Newton-Schulz iteration of the smaller
    of M M^T and M^T M: of 192 by 3,072 numbers, that is a quarter of the work. Those of one size
    are taken at once.
    """
    by_size: dict[int, list[int]] = {}
    for number, matrix in enumerate(matrices):
        by_size.setdefault(min(matrix.shape), []).append(number)
    results = list(matrices)
    for numbers in by_size.values():
        squares = torch.stack([_square(matrices[number]) for number in numbers])  # [k, m, m]
        squared_norms = squares.diagonal(dim1=1, dim2=2).sum(1).clamp_min(SMALLEST)[:, None, None]
        squares = squares / squared_norms
        products = factors = _factors(squares)
        for _ in range(1, ITERATIONS):
            squares = factors @ squares @ factors
            factors = _factors(squares)
            products = products @ factors
        products = products / squared_norms.sqrt()
        for number, product in zip(numbers, products, strict=True):
            matrix = matrices[number]
            results[number] = product @ matrix if _is_wide(matrix) else matrix @ product
    return results


def _factors(squares: Tensor) -> Tensor:
    """a I + b S + c S S of each S. [k, m, m] -> [k, m, m]"""
    factors = torch.baddbmm(squares, squares, squares, beta=B, alpha=C)
    factors.diagonal(dim1=1, dim2=2).add_(A)
    return factors


def _square(matrix: Tensor) -> Tensor:
    return matrix @ matrix.T if _is_wide(matrix) else matrix.T @ matrix


def _is_wide(matrix: Tensor) -> bool:
    return matrix.shape[0] <= matrix.shape[1]


def _matrices(module: nn.Module) -> list[tuple[Tensor, int]]:
    """The direction of a weight-normalised convolution, and the dimension of its outputs."""
    if not is_parametrized(module, "weight"):
        return []
    dim = 1 if isinstance(module, nn.ConvTranspose2d) else 0
    return [(module.parametrizations.weight.original1, dim)]  # type: ignore[union-attr,list-item]


def _flat(weights: Tensor, dim: int) -> Tensor:
    """[O, I, h, w] as [O, h w I], or [I, O, h, w] as [I h w, O]; no copy of channels last."""
    rows = weights.permute(0, 2, 3, 1)
    return rows.reshape(len(rows), -1) if dim == 0 else rows.reshape(-1, rows.shape[3])
