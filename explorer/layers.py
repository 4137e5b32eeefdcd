"""The layers of both networks as tables."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from vae.config import ModelConfig

LAYERS = {"Conv2d": "Conv", "ConvTranspose2d": "Upconv", "Linear": "Linear"}
AFTER = {"BatchNorm2d": "norm", "LeakyReLU": "LReLU"}
QUIET_LAYERS = ("Flatten", "Unflatten")


@lru_cache(maxsize=16)
def layers(config: ModelConfig, shape: tuple[int, int, int]) -> dict[str, list[dict[str, Any]]]:
    """The layers of encoder and decoder: what each is, its output, its number of parameters.

    Normalisations and activations stand with the layer before them. The networks are built anew,
    since hooks on the model that all pages share would hear of other pages' pictures.
    """
    import torch

    from vae.networks import VAE

    rows: list[dict[str, Any]] = []

    def record(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
        kind = type(module).__name__
        if kind in QUIET_LAYERS:
            return
        num = sum(parameter.numel() for parameter in module.parameters())
        if kind not in LAYERS and rows:
            rows[-1]["Layer"] += f", {AFTER.get(kind, kind)}"
            rows[-1]["Parameters"] += num
            return
        name = LAYERS.get(kind, kind)
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            name += f" {module.kernel_size[0]}x{module.kernel_size[1]} / {module.stride[0]}"
        size = "\u00a0x\u00a0".join(str(side) for side in output.shape[1:])
        rows.append({"Layer": name, "Output": size, "Parameters": num})

    model = VAE(config, shape)
    model.eval()
    for module in model.modules():
        if not list(module.children()):
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
