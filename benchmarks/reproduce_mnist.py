"""Two published figures on MNIST, made again with the product's own training.

    python -m benchmarks.reproduce_mnist [--parts mlp conv] [--source FOLDER] [--root FOLDER]

mlp   The MLP 784-400-20 of the usual example, grey levels as they are, Adam 1e-3, batch 128, 10
      epochs: -elbo of the 10,000 test images with a sampled z. Published logs: 105.56, 105.59.
conv  The residual network on binary MNIST, Bernoulli likelihood: -log p(x) of the test images by
      the importance-weighted bound with 200 samples. Published by pythae for its VAE: 89.78.

Binary means: each grey level was tossed once as a coin, from a fixed seed, and the result written
as idx files that the ordinary reader opens. The published figure is on another such draw.

FOLDER holds MNIST's four idx files, plain or .gz. Seconds are CPU seconds of the process: import
and evaluations over training are in them, the evaluation at the end is not.
"""

from __future__ import annotations

import argparse
import struct
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from vae.atomic import atomic_write
from vae.config import Config, with_values
from vae.data.arrays.arrays import read_idx
from vae.data.dataset import Dataset, open_dataset
from vae.evaluation.metrics import evaluate
from vae.model.checkpoints import load_model
from vae.runs.folder import Run, data_cache
from vae.training.state import prepare
from vae.training.trainer import Trainer

ROOT = Path(__file__).resolve().parent.parent
MNIST = ROOT.parent / "shared" / "data" / "mnist" / "MNIST" / "raw"
FILES = ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte")
NEVER = 1_000_000  # steps between checkpoints, so that they come after epochs only

EXAMPLE = {
    "model.name": "mlp",
    "model.hidden_dim": 400,
    "model.latent_dim": 20,
    "train.epochs": 10,
    "train.lr_schedule": "constant",
}
RESIDUAL = {
    "model.name": "residual",
    "model.channels": (16, 32, 64, 128, 128),
    "model.latent_dim": 20,
    "train.epochs": 14,
}
BOTH = {
    "model.likelihood": "bernoulli",
    "model.prior": "normal",
    "train.batch_size": 128,
    "train.lr": 1e-3,
    "train.checkpoint_every": NEVER,
}


def binarised(source: Path, folder: Path, seed: int) -> Path:
    """`folder` with MNIST's images as 0 and 255, one toss for each pixel, as idx files."""
    generator = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        packed = source / f"{name}.gz"
        images = read_idx(packed if packed.exists() else source / name, 3)
        tossed = np.stack([generator.random(x.shape, np.float32) * 255 < x for x in images])
        head = struct.pack(">4B3I", 0, 0, 8, 3, *images.shape)
        atomic_write(folder / name, head + (tossed * np.uint8(255)).astype(np.uint8).tobytes())
    return folder


def trained(name: str, config: Config, root: Path) -> tuple[Run, Dataset, float]:
    """A run trained to its end, its data, and the CPU seconds that took."""
    began = time.process_time()
    run = Run(root / name)
    dataset = open_dataset(config.data, data_cache(root))
    config = prepare(run, config, dataset)
    lock = run.lock()
    lock.acquire()
    try:
        Trainer(run, config, dataset).train(lambda: "", lambda what, done, total: None)
    finally:
        lock.release()
    for event in run.events():
        if event["kind"] == "eval" and event["step"]:
            print(
                f"  epoch {event['epoch']:3}: -elbo of {event['num_images']:5} test images "
                f"{-event['elbo']:7.2f}   nll {event['nll']:6.2f}   kl {event['kl']:5.2f}",
                flush=True,
            )
    return run, dataset, time.process_time() - began


def mlp(source: Path, root: Path) -> None:
    config = with_values(Config(), {"data.source": str(source)} | BOTH | EXAMPLE)
    print("mlp: 784-400-20 on grey levels")
    run, dataset, seconds = trained("mnist-mlp", config, root)
    model, weights = load_model(run)
    now = evaluate(model, dataset, dataset.validation, 1)
    print(
        f"mlp: -elbo {-now['elbo']:.2f} nats on {now['num_images']} test images (nll "
        f"{now['nll']:.2f}, kl {now['kl']:.2f}) after {weights.epoch} epochs, {seconds:.0f} s",
        flush=True,
    )


def conv(source: Path, root: Path, num_samples: int, num_images: int) -> None:
    folder = binarised(source, data_cache(root) / "binary-mnist", seed=0)
    config = with_values(Config(), {"data.source": str(folder)} | BOTH | RESIDUAL)
    print(f"conv: {config.model.name} {config.model.channels}, D {config.model.latent_dim}, binary")
    run, dataset, seconds = trained("mnist-binary", config, root)
    model, weights = load_model(run)
    began = time.process_time()
    now = evaluate(model, dataset, dataset.validation, num_samples, bound_num=num_images)
    print(
        f"conv: NLL with {num_samples} samples {-now['bound']:.2f} +- {now['bound_se']:.2f} nats "
        f"on {now['bound_num']} test images; -elbo {-now['elbo']:.2f} on {now['num_images']}; "
        f"{now['active_units']} of {now['latent_dim']} units active; {weights.epoch} epochs in "
        f"{seconds:.0f} s, evaluated in {time.process_time() - began:.0f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=("mlp", "conv"), default=["mlp", "conv"])
    parser.add_argument("--source", type=Path, default=MNIST, help="folder of MNIST's idx files")
    parser.add_argument("--root", type=Path, default=None, help="keeps the runs (default: nowhere)")
    parser.add_argument("--samples", type=int, default=200, help="of z for each image, of the NLL")
    parser.add_argument("--images", type=int, default=10_000, help="test images of the NLL, drawn")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.root or Path(folder)
        if "mlp" in arguments.parts:
            mlp(arguments.source, root)
        if "conv" in arguments.parts:
            conv(arguments.source, root, arguments.samples, arguments.images)


if __name__ == "__main__":
    main()
