"""The layers of both networks as tables: what each is, what it puts out, what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from vae.config import ModelConfig
from vae.option_choices import NETWORK_LABELS

if TYPE_CHECKING:
    from torch import Tensor, nn

LAYERS = {
    "Conv2d": "Conv",
    "LastConvolution": "Conv",
    "Upconvolution": "Upconv",
    "Linear": "Linear",
    "Residual": "Residual",
    "Modulation": "Scale and shift by z",
    "PixelUnshuffle": "Pixels to channels",
    "PixelShuffle": "Channels to pixels",
}
AFTER = {"BatchNorm2d": "norm", "LeakyReLU": "LReLU"}
QUIET_LAYERS = ("Flatten", "Unflatten")


@lru_cache(maxsize=16)
def layers(config: ModelConfig, shape: tuple[int, int, int]) -> dict[str, list[dict[str, Any]]]:
    """The layers of encoder and decoder: Layer, Output, Parameters, Multiply-adds of one image.

    Normalisations and activations stand with the layer before them. The networks are built anew,
    since hooks on the model that all pages share would hear of other pages' pictures.
    """
    import torch

    from vae.model.networks import VAE

    rows: list[dict[str, Any]] = []

    def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        kind = type(module).__name__
        if kind in QUIET_LAYERS:
            return
        num = sum(parameter.numel() for parameter in module.parameters())
        if kind not in LAYERS and rows:
            rows[-1]["Layer"] += f", {AFTER.get(kind, kind)}"
            rows[-1]["Parameters"] += num
            return
        size = "\u00a0x\u00a0".join(str(side) for side in output.shape[1:])
        rows.append(
            {
                "Layer": _name(module),
                "Output": size,
                "Parameters": num,
                "Multiply-adds": multiply_adds(module, inputs[0], output),
            }
        )

    model = VAE(config, shape)
    model.eval()
    for network in (model.encoder, model.decoder):
        for module in _units(network):
            module.register_forward_hook(record)
    tables = {}
    with torch.inference_mode():
        for name, network, size in (
            ("Encoder", model.encoder, shape),
            ("Decoder", model.decoder, (config.latent_dim,)),
        ):
            rows = []
            network(torch.zeros(1, *size))
            tables[name] = rows
    return tables


def multiply_adds(module: nn.Module, x: Tensor, output: Tensor) -> int:
    """Products that a layer adds up for one image: x [1, ...] -> output [1, ...].

    A convolution multiplies its window for each output, a transposed one for each input.
    Activations, normalisations and biases are not counted.
    """
    from torch import nn

    total = 0
    for part in module.modules():
        if isinstance(part, nn.Linear):
            total += part.in_features * part.out_features
        elif isinstance(part, nn.ConvTranspose2d):
            total += math.prod(x.shape[2:]) * part.weight.numel()
        elif isinstance(part, nn.Conv2d):
            total += math.prod(output.shape[2:]) * part.weight.numel()
    return total


def short(number: int) -> str:
    """A count in three digits: 412, 8.32 k, 21.2 M."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def _units(module: nn.Module) -> Iterator[nn.Module]:
    """The modules that are a row, or part of one, in their order."""
    if type(module).__name__ in LAYERS or not list(module.children()):
        yield module
        return
    for child in module.children():
        yield from _units(child)


def _name(module: nn.Module) -> str:
    """What the layer is, with its window where it has one: Conv 4x4 / 2, Residual 3x3."""
    from torch import nn

    name = LAYERS.get(type(module).__name__, type(module).__name__)
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            (height, width), stride = part.kernel_size, part.stride[0]
            return f"{name} {height}x{width}" + ("" if stride == 1 else f" / {stride}")
    return name


def networks_section(config: ModelConfig, shape: tuple[int, int, int]) -> None:
    tables = layers(config, shape)
    total = {
        name: sum(row[name] for rows in tables.values() for row in rows)
        for name in ("Parameters", "Multiply-adds")
    }
    title = (
        f"Networks: {NETWORK_LABELS[config.name]}, {short(total['Parameters'])} "
        f"parameters, {short(total['Multiply-adds'])} multiply-adds a picture"
    )
    with st.expander(title, icon=":material/account_tree:"):
        columns = st.grid(2, min_column_width=380, gap="medium")
        for name, rows in tables.items():
            with columns.cell():
                num, multiply_adds = (sum(row[what] for row in rows) for what in total)
                st.markdown(
                    f"**{name}** &nbsp; :small[:gray[{short(num)} parameters, "
                    f"{short(multiply_adds)} multiply-adds]]"
                )
                shown = [row | {what: short(row[what]) for what in total} for row in rows]
                st.table(shown, border="horizontal", hide_index=True)
        st.caption(
            f"For one image of {' x '.join(map(str, shape))}. Conv 4x4 / 2 has a 4 by 4 window "
            "and halves the sides; Upconv, a transposed convolution, doubles them. Residual "
            "3x3 adds the output of its convolutions to its input. Pixels to channels turns "
            "each 2 by 2 block of pixels into channels, so that nothing is computed at full "
            "size. The encoder ends in mu and logvar, 2 x D numbers; the decoder ends in "
            "logits, which a sigmoid turns into pixels in [0, 1]. Multiply-adds do not include "
            "activations."
        )
