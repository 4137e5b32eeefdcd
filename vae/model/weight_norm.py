"""Weight normalisation: a way to train convolutions that never ties the images of a batch together.

Each output channel's weights are w = g v / |v|, and v and g are learnt; Salimans & Kingma 2016,
"Weight Normalization", arXiv:1602.07868. Batch normalisation scales by what the other images of a
batch happen to be, so that a loss is of the batch and not of its images; this does not. After
training the product g v / |v| is all that is left: the networks on disk are plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, register_parametrization

from vae.model.convolutions import Residual
from vae.model.networks import VAE

SMALLEST = 1e-4  # standard deviation of a channel, below which it is taken for constant


class _Normalised(torch.autograd.Function):
    """w = g v / |v|, with |v| over all but the output channels.

    With g' and v' the gradients of g and v, and w' that of w: g' = w' v / |v|, and
    v' = g w' / |v| - g g' v / |v|^2 (Salimans & Kingma 2016, equation 3). Computed on rows that
    lie as they are in memory where the weights are channels last: torch's own parametrization
    copies them several times, a twentieth of a step of training.
    """

    @staticmethod
    def forward(ctx: Any, length: Tensor, direction: Tensor, dim: int) -> Tensor:
        """length [O, 1, 1, 1] or [1, O, 1, 1], direction [O, I, h, w] or [I, O, h, w] -> w"""
        rows = direction.permute(0, 2, 3, 1)
        flat = rows.reshape(len(rows), -1) if dim == 0 else rows.reshape(-1, rows.shape[3])
        norm = torch.linalg.vector_norm(flat, dim=1 - dim, keepdim=True)
        scale = length.reshape(norm.shape) / norm
        ctx.save_for_backward(flat, norm, scale)
        ctx.dim, ctx.rows_shape, ctx.length_shape = dim, rows.shape, length.shape
        weight: Tensor = (flat * scale).view(rows.shape).permute(0, 3, 1, 2)
        return weight

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """The gradients of length and direction."""
        flat, norm, scale = ctx.saved_tensors
        of_w = gradients[0].permute(0, 2, 3, 1).reshape(flat.shape)
        of_length = (of_w * flat).sum(1 - ctx.dim, keepdim=True) / norm
        of_direction = (of_w * scale).addcmul_(flat, scale * of_length / norm, value=-1)
        return (
            of_length.reshape(ctx.length_shape),
            of_direction.view(ctx.rows_shape).permute(0, 3, 1, 2),
            None,
        )


class _WeightNorm(nn.Module):
    """The parametrization; its parameters are `original0`, the length, and `original1`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim  # of the output channels

    def forward(self, length: Tensor, direction: Tensor) -> Tensor:
        weight: Tensor = _Normalised.apply(length, direction, self.dim)
        return weight

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Length and direction of a plain weight."""
        others = [dim for dim in range(4) if dim != self.dim]
        return torch.linalg.vector_norm(weight, dim=others, keepdim=True), weight


def normalise_weights(model: VAE) -> None:
    """Learn direction and length of the convolutions' weights apart, in place.

    The decoder's last one, whose output are the logits, is left as it is.
    """
    for convolution in _convolutions(model)[:-1]:
        is_transposed = isinstance(convolution, nn.ConvTranspose2d)
        register_parametrization(
            convolution, "weight", _WeightNorm(1 if is_transposed else 0), unsafe=True
        )


@torch.no_grad()
def start_from_data(model: VAE, x: Tensor, eps: Tensor) -> None:
    """Set every length and bias so that each channel has mean 0 and variance 1 over a first batch.

    Salimans & Kingma 2016 section 3. Residual convolutions begin at 0 instead, so that the network
    begins without them. x [N, C, H, W] in [0, 1]; eps [N, D], or [L, N, D], of which the first is
    taken.
    """
    silent = {id(module.convolution) for module in model.modules() if isinstance(module, Residual)}

    def set_scale(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        length: Tensor = module.parametrizations.weight.original0  # type: ignore[union-attr,assignment]
        bias: Tensor = module.bias  # type: ignore[assignment]
        if id(module) in silent:
            length.zero_()
            bias.zero_()
            return torch.zeros_like(output)
        mean = output.mean((0, 2, 3))
        deviation = output.var((0, 2, 3), correction=0).sqrt().clamp_min(SMALLEST)
        length.div_(deviation.reshape(length.shape))
        bias.copy_((bias - mean) / deviation)
        return (output - mean[:, None, None]) / deviation[:, None, None]

    normalised = [module for module in _convolutions(model) if is_parametrized(module)]
    hooks = [module.register_forward_hook(set_scale) for module in normalised]
    try:
        model.decoder(model.encode(x).sample(eps if eps.dim() == 2 else eps[0]))
    finally:
        for hook in hooks:
            hook.remove()


def plain_weights(model: VAE) -> dict[str, Tensor]:
    """The weights of the same network without the normalisation, on the CPU."""
    tensors: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        if name.endswith(".parametrizations.weight.original1"):
            continue
        if name.endswith(".parametrizations.weight.original0"):
            owner = name.removesuffix(".parametrizations.weight.original0")
            name, value = f"{owner}.weight", model.get_submodule(owner).weight
        tensors[name] = value.detach().cpu().contiguous()
    return tensors


@torch.no_grad()
def set_plain_weights(model: VAE, tensors: Mapping[str, Tensor]) -> None:
    """Give the model plain weights, in place: what `plain_weights` says of it afterwards.

    What the likelihood has learnt is left as it is where `tensors` are of another likelihood.
    Raises RuntimeError where the networks are others.
    """
    normalised = {
        f"{name}.weight": module
        for name, module in model.named_modules()
        if is_parametrized(module, "weight")
    }
    own = {f"likelihood.{name}": t.shape for name, t in model.likelihood.state_dict().items()}
    learnt = set(own)
    if own == {n: t.shape for n, t in tensors.items() if n.startswith("likelihood.")}:
        learnt = set()
    elif learnt:
        tensors = {name: t for name, t in tensors.items() if not name.startswith("likelihood.")}
    state = model.state_dict()
    for name, module in normalised.items():
        before: Tensor = module.weight
        if name not in tensors or tensors[name].shape != before.shape:
            raise RuntimeError(f"{name} does not fit")
        weight, parts = tensors[name].to(before), module.parametrizations.weight
        dims = [dim for dim in range(4) if parts.original0.shape[dim] == 1]
        length = weight.square().sum(dims, keepdim=True).sqrt()
        parts.original0.copy_(length)
        # A channel of zeros has no direction: it keeps the one it was drawn with.
        parts.original1.copy_(torch.where(length > 0, weight, parts.original1))
    rest = {name: t for name, t in tensors.items() if name not in normalised}
    owned = {name for name in state if ".parametrizations." in name} | learnt
    missing, unknown = model.load_state_dict(rest, strict=False)
    unknown = [name for name in unknown if not name.startswith("likelihood.")]
    if set(missing) - owned or unknown:
        raise RuntimeError(f"{[*missing, *unknown][0]} does not fit")


def _convolutions(model: VAE) -> list[nn.Conv2d | nn.ConvTranspose2d]:
    return [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
