"""The command that writes a run's encoder and decoder for use elsewhere.

N images, C channels, H = W pixels, D latent dimensions.
"""

from __future__ import annotations

import argparse
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae.atomic import atomic_json, atomic_write, make_folder
from vae.commands.progress import Progress
from vae.errors import InputError
from vae.runs.config_file import to_document
from vae.runs.folder import Run, existing_run

if TYPE_CHECKING:
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE

ONNX_PACKAGES = ("onnx", "onnxscript")


def export(arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Write the encoder and the decoder, with their config.json, into a folder."""
    run = existing_run(arguments.root, arguments.run)
    folder: Path = arguments.out or Path(f"{run.name}-{arguments.format}")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"An export is a folder, but {folder} is a file.")
    if Run(folder).events_file.exists():
        raise InputError(f"{folder} is the folder of a run: choose another for the export.")
    missing = [name for name in ONNX_PACKAGES if find_spec(name) is None]
    if arguments.format == "onnx" and missing:
        raise InputError(f"ONNX needs packages that are missing: pip install {' '.join(missing)}")

    from vae.model.checkpoints import load_model

    model, weights = load_model(run)
    make_folder(folder)
    write = _write_onnx if arguments.format == "onnx" else _write_safetensors
    files = write(model, weights, folder)
    atomic_json(folder / "config.json", to_document(run.config()))
    for file in (*files, "config.json"):
        print(folder / file)
    return {
        "run": run.name,
        "out": str(folder),
        "format": arguments.format,
        "files": [*files, "config.json"],
        "step": weights.step,
    }


def _write_safetensors(model: VAE, weights: Weights, folder: Path) -> list[str]:
    """``model.safetensors``, which ``vae.load(folder)`` reads: encoder.*, decoder.*."""
    from vae.model.checkpoints import weights_of

    file = Run(folder).weights_file
    atomic_write(file, weights_of(model, weights.step, weights.epoch))
    return [file.name]


def _write_onnx(model: VAE, weights: Weights, folder: Path) -> list[str]:
    """``encoder.onnx``: x [N, C, H, W] in [0, 1] to mu, logvar [N, D]; ``decoder.onnx``: z to x."""
    import torch
    from torch import Tensor, nn

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            posterior = self.model.encode(x)
            return posterior.mu, posterior.logvar

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, z: Tensor) -> Tensor:
            return self.model.decode(z)

    model = model.to(memory_format=torch.contiguous_format)
    networks = {
        "encoder": (Encoder(), torch.rand(2, *weights.image_shape), ["x"], ["mu", "logvar"]),
        "decoder": (Decoder(), torch.randn(2, model.latent_dim), ["z"], ["x"]),
    }
    for name, (network, example, takes, gives) in networks.items():
        with warnings.catch_warnings():
            # The exporter warns of its own dependencies' deprecations; what it wrote is tested.
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network.eval(),
                (example,),
                input_names=takes,
                output_names=gives,
                dynamic_shapes=({0: torch.export.Dim("N")},),
                dynamo=True,
                verbose=False,
            )
        assert program is not None  # with dynamo
        facts = {"step": str(weights.step), "weights": weights.digest}
        proto = program.model_proto
        for key, value in facts.items():
            proto.metadata_props.add(key=key, value=value)
        atomic_write(folder / f"{name}.onnx", proto.SerializeToString())
    return ["encoder.onnx", "decoder.onnx"]
