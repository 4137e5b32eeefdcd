"""Batch normalisation over the images of a whole batch, also where several processes share it.

N images of this process, C channels, H = W pixels. Ioffe & Szegedy 2015, arXiv:1502.03167.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class BatchNorm2d(nn.BatchNorm2d):
    """torch's own; once shared, mean and variance in training are those of all processes' images.

    torch's SyncBatchNorm does the same, but on GPUs alone.
    """

    is_shared = False

    def forward(self, input: Tensor) -> Tensor:
        if not (self.training and self.is_shared):
            return super().forward(input)
        output, mean, variance, count = _Normalised.apply(input, self.weight, self.bias, self.eps)
        self._remember(mean, variance * count / (count - 1).clamp_min(1))
        result: Tensor = output
        return result

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
        self.num_batches_tracked.add_(1)


class _Normalised(torch.autograd.Function):
    """weight (x - mean) / sqrt(variance + eps) + bias, mean and variance over all processes.

    With y' the gradient of the output, s = sqrt(variance + eps) and n the normalised x, that of x
    is weight / s (y' - mean of y' - n mean of y' n), where the means too are over all processes.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """[N, C, H, W], [C], [C] -> the same, mean [C], variance [C], values per channel []"""
        values = x.float()
        num = values.new_full((1,), x.numel() // x.shape[1])
        both = _sum(torch.cat([values.sum((0, 2, 3)), num]))
        count = both[-1].clamp_min(1)
        mean = both[:-1] / count
        centred = values - mean[:, None, None]
        variance = _sum(centred.square().sum((0, 2, 3))) / count
        scale = (variance + eps).rsqrt()
        normalised = centred * scale[:, None, None]
        ctx.save_for_backward(normalised, weight, scale, count)
        ctx.mark_non_differentiable(mean, variance, count)
        output = normalised * weight[:, None, None] + bias[:, None, None]
        return output.to(x.dtype), mean, variance, count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        normalised, weight, scale, count = ctx.saved_tensors
        of_output = gradients[0].float()
        of_bias = of_output.sum((0, 2, 3))
        of_weight = (of_output * normalised).sum((0, 2, 3))
        means = _sum(torch.stack([of_bias, of_weight])) / count
        shared = means[0][:, None, None] + normalised * means[1][:, None, None]
        of_x = (weight * scale)[:, None, None] * (of_output - shared)
        return of_x.to(gradients[0].dtype), of_weight, of_bias, None


def _sum(tensor: Tensor) -> Tensor:
    """The sum over all processes, in place."""
    dist.all_reduce(tensor)
    return tensor
