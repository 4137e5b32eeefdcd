"""The convolutional networks: pictures to 2 D numbers, and D numbers to pictures.

N images, C channels, H = W pixels, D latent dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae.model.batch_norm import BatchNorm2d

NUM_LEVELS = 5  # how often the encoder halves the picture
FIRST_RESIDUAL = 2  # the first level, counted from 0, with a residual convolution


def bottom_size(image_size: int) -> int:
    """Side of the smallest feature map: the image, halved five times, rounded up."""
    return math.ceil(image_size / (1 << NUM_LEVELS))


def padded(x: Tensor) -> Tensor:
    """x with its edges repeated, so that its sides can be halved five times. [N, C, H', W']"""
    missing = bottom_size(x.shape[-1]) * 2**NUM_LEVELS - x.shape[-1]
    before, after = missing // 2, missing - missing // 2
    return F.pad(x, (before, after, before, after), mode="replicate") if missing else x


def cropped(x: Tensor, size: int) -> Tensor:
    """The middle of x, `size` pixels a side. [N, C, size, size]"""
    before = (x.shape[-1] - size) // 2
    return x[..., before : before + size, before : before + size]


class _Biased(torch.autograd.Function):
    """maps + bias, in place; the gradient of the bias is the sum of theirs. [N, C, H, W], [C]"""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, bias: Tensor) -> Tensor:
        ctx.mark_dirty(maps)
        return maps.add_(bias[:, None, None])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        return gradients[0], gradients[0].sum((0, 2, 3), dtype=torch.float32)


def _is_trained_on_cpu(module: nn.Module, input: Tensor) -> bool:
    return input.device.type == "cpu" and module.training and torch.is_grad_enabled()


def _with_bias(maps: Tensor, bias: Tensor) -> Tensor:
    """[N, C, H, W], [C] -> [N, C, H, W]"""
    biased: Tensor = _Biased.apply(maps, bias.to(maps.dtype))
    return biased


class Upconvolution(nn.ConvTranspose2d):
    """A transposed convolution whose bias is added apart while it is trained on a CPU.

    There oneDNN takes longer for the gradient of the bias alone than for all else together: three
    times as long at 64 pixels and 32 channels (benchmarks/train_step.py).
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if self.bias is None or not _is_trained_on_cpu(self, input):
            return super().forward(input, output_size)
        about: Any = self.stride, self.padding, self.output_padding
        return _with_bias(F.conv_transpose2d(input, self.weight, None, *about), self.bias)


class LastConvolution(nn.Conv2d):
    """One to few channels, its bias apart for the same reason: of 12, two fifths of its time."""

    def forward(self, input: Tensor) -> Tensor:
        if self.bias is None or not _is_trained_on_cpu(self, input):
            return super().forward(input)
        about: Any = self.stride, self.padding
        return _with_bias(F.conv2d(input, self.weight, None, *about), self.bias)


class ConvEncoder(nn.Module):
    """The encoder of the usual tutorials: five convolutions of 3 by 3 with batch normalisation."""

    def __init__(self, image_shape: tuple[int, int, int], latent_dim: int, channels: Sequence[int]):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise([image_shape[0], *channels]):
            layers += [
                nn.Conv2d(before, after, 3, stride=2, padding=1),
                BatchNorm2d(after),
                nn.LeakyReLU(),
            ]
        self.layers = nn.Sequential(*layers)
        self.heads = nn.Linear(channels[-1] * bottom_size(image_shape[1]) ** 2, 2 * latent_dim)

    def forward(self, x: Tensor) -> Tensor:
        heads: Tensor = self.heads(self.layers(padded(x)).flatten(1))  # [N, 2 D]
        return heads


class ConvDecoder(nn.Module):
    """The decoder of the usual tutorials; its last two layers work at full resolution.

    Its output are logits of the mean: the tanh that those put there does not suit x in [0, 1].
    """

    def __init__(
        self, output_shape: tuple[int, int, int], latent_dim: int, channels: Sequence[int]
    ):
        super().__init__()
        num_channels, self.size, _ = output_shape
        bottom = bottom_size(self.size)
        self.bottom_shape = (channels[-1], bottom, bottom)
        self.linear = nn.Linear(latent_dim, channels[-1] * bottom**2)
        layers: list[nn.Module] = []
        for before, after in pairwise([*reversed(channels), channels[0]]):
            layers += [
                Upconvolution(before, after, 3, stride=2, padding=1, output_padding=1),
                BatchNorm2d(after),
                nn.LeakyReLU(),
            ]
        self.layers = nn.Sequential(
            *layers, LastConvolution(channels[0], num_channels, 3, padding=1)
        )

    def forward(self, z: Tensor) -> Tensor:
        maps = self.linear(z).unflatten(1, self.bottom_shape)
        output: Tensor = self.layers(maps.contiguous(memory_format=torch.channels_last))
        return cropped(output, self.size)


class Residual(nn.Module):
    """x + convolution(SiLU(x)), He et al. 2016, "Identity Mappings in Deep Residual Networks"."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.convolution(F.silu(x))
        return x + added


class PixelUnshuffle(nn.PixelUnshuffle):
    """torch's own, but for no images, of which it makes a wrong shape."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or len(input):
            return super().forward(input)
        factor, (channels, height, width) = self.downscale_factor, input.shape[1:]
        return input.reshape(0, channels * factor**2, height // factor, width // factor)


class PixelShuffle(nn.PixelShuffle):
    """torch's own, but for no images, whose gradient it gives a wrong shape."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or len(input):
            return super().forward(input)
        factor, (channels, height, width) = self.upscale_factor, input.shape[1:]
        return input.reshape(0, channels // factor**2, height * factor, width * factor)


class ResidualEncoder(nn.Module):
    """Five halvings, with a residual convolution at each of the three smallest levels.

    The first halving moves 2 x 2 pixels into channels, so that nothing is computed at full
    resolution. There is no normalisation of activations: an image never meets the others of
    its batch (see `weight_norm.py` for what keeps the scales).
    """

    def __init__(self, image_shape: tuple[int, int, int], latent_dim: int, channels: Sequence[int]):
        super().__init__()
        num_channels, size, _ = image_shape
        layers: list[nn.Module] = [
            PixelUnshuffle(2),
            nn.Conv2d(4 * num_channels, channels[0], 3, padding=1),
        ]
        for level, (before, after) in enumerate(pairwise(channels), 1):
            layers += [nn.SiLU(), nn.Conv2d(before, after, 4, stride=2, padding=1)]
            if level >= FIRST_RESIDUAL:
                layers.append(Residual(after))
        self.layers = nn.Sequential(*layers, nn.SiLU())
        self.heads = nn.Linear(channels[-1] * bottom_size(size) ** 2, 2 * latent_dim)

    def forward(self, x: Tensor) -> Tensor:
        heads: Tensor = self.heads(self.layers(padded(x)).flatten(1))  # [N, 2 D]
        return heads


class Modulation(nn.Linear):
    """Scales and shifts channels by what z says, at first by nothing: FiLM, arXiv:1709.07871."""

    def __init__(self, latent_dim: int, channels: int) -> None:
        super().__init__(latent_dim, 2 * channels)
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)

    def modulated(self, maps: Tensor, z: Tensor) -> Tensor:
        """[N, C, H, W], [N, D] -> [N, C, H, W]"""
        scale, shift = self(z)[..., None, None].chunk(2, 1)
        result: Tensor = maps * (1 + scale) + shift
        return result


class ResidualDecoder(nn.Module):
    """The encoder the other way round; modulated, it hears of z at each level."""

    def __init__(
        self,
        output_shape: tuple[int, int, int],
        latent_dim: int,
        channels: Sequence[int],
        is_modulated: bool,
    ):
        super().__init__()
        num_channels, self.size, _ = output_shape
        bottom = bottom_size(self.size)
        self.linear = nn.Linear(latent_dim, channels[-1] * bottom**2)
        self.bottom_shape = (channels[-1], bottom, bottom)
        layers: list[nn.Module] = []
        for level in reversed(range(1, NUM_LEVELS)):
            if level >= FIRST_RESIDUAL:
                layers.append(Residual(channels[level]))
            up = Upconvolution(channels[level], channels[level - 1], 4, stride=2, padding=1)
            layers += [nn.SiLU(), up]
        last = LastConvolution(channels[0], 4 * num_channels, 3, padding=1)
        self.layers = nn.Sequential(*layers, nn.SiLU(), last, PixelShuffle(2))
        modulated = reversed(channels[:-1]) if is_modulated else ()
        self.modulations = nn.ModuleList(Modulation(latent_dim, num) for num in modulated)

    def forward(self, z: Tensor) -> Tensor:
        maps = self.linear(z).unflatten(1, self.bottom_shape)
        maps = maps.contiguous(memory_format=torch.channels_last)
        modulations = iter(self.modulations)
        for layer in self.layers:
            maps = layer(maps)
            if isinstance(layer, Upconvolution) and self.modulations:
                maps = next(modulations).modulated(maps, z)  # type: ignore[operator]
        return cropped(maps, self.size)
