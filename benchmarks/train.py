"""Images a second of training: ours, and the loops that people use, in turns in one run.

    python -m benchmarks.train [--network residual] [--batch 64] [--size 64] [--rounds 7]
    python -m benchmarks.train --until 6000 [--optimizer muon]

Same network, start, images, batch, dtype and optimizer for all; one has the network of torch's own
layers, as a person writes it, the others in our layers. The threads of ours wait as those of the
command do, the others' as torch leaves them. Medians over the turns, and their spread. With
`--until` they train until their model has that elbo of held-out images, each as it does by itself.
Beside them what this machine can do at most, measured before and after the turns: products of
matrices, 3 by 3 convolutions, copies of memory. Lightning and pythae run where they are installed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.loops import LOOPS
from benchmarks.turns import Loop, race, race_to
from vae.commands.parser import SHORT_SPINS
from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.faces.synthetic import faces
from vae.model.device import choose_device
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights
from vae.option_choices import OPTIMIZERS


def main() -> None:
    arguments = parsed()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "images"
        write_images(folder, arguments.images, arguments.size)
        result = measured(arguments, folder)
    print(json.dumps(result) if arguments.json else table(result))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="residual", choices=("residual", "conv", "mlp"))
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=64, help="side of the images in pixels")
    parser.add_argument("--images", type=int, default=6400)
    text = (
        "of the networks, for all loops (default: ours as the product trains by itself, the others "
    )
    text += "bfloat16 on a GPU)"
    parser.add_argument("--precision", choices=("float32", "bfloat16"), help=text)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0, help="of a turn")
    parser.add_argument("--warm-up", type=float, default=6.0, help="seconds before the first turn")
    text = "nats an image: measure the seconds until then, in `--rounds` turns at most"
    parser.add_argument("--until", type=float, metavar="ELBO", help=text)
    parser.add_argument("--loops", nargs="+", choices=LOOPS, default=list(LOOPS))
    text = "of our trainer; the other loops have Adam (default: %(default)s)"
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adam", help=text)
    parser.add_argument("--json", action="store_true", help="one object in place of the table")
    return parser.parse_args()


def write_images(folder: Path, num: int, size: int) -> None:
    """Drawn faces as PNG files, in one class folder."""
    (folder / "faces").mkdir(parents=True)
    for start in range(0, num, 256):
        index = np.arange(start, min(num, start + 256))
        for number, pixels in zip(index, faces(0, index, size), strict=True):
            Image.fromarray(pixels).save(folder / "faces" / f"{number:06d}.png", compress_level=1)


def measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Speeds by loop, ceilings, and what a step costs."""
    options = {
        "data.source": str(folder),
        "data.image_size": arguments.size,
        "data.validation_fraction": 0.02,
        "model.name": arguments.network,
        "model.likelihood": "gaussian",
        "train.batch_size": arguments.batch,
        "train.checkpoint_every": 10**9,
        "train.lr_schedule": "cooldown" if arguments.until else "constant",
        "train.optimizer": arguments.optimizer,
    }
    device = choose_device(None)
    precision = arguments.precision
    options["train.precision"] = precision
    of_others = precision or ("bfloat16" if device.type == "cuda" else "float32")
    settings = {
        "options": options,
        "folder": str(folder),
        "threads": arguments.threads,
        "autocast": of_others == "bfloat16",
    }
    open_dataset(with_values(Config(), options).data, folder.parent / "cache")  # for all of them
    wanted = [name for name in LOOPS if name in arguments.loops]
    loops = [
        Loop("benchmarks.loops", name, settings, environment=SHORT_SPINS if name == "ours" else {})
        for name in wanted
    ]
    turns, came = arguments.rounds, dict[str, float]()
    before = ceilings(device, turns)
    try:
        if arguments.until:
            came, failed = race_to(loops, arguments.until, turns, arguments.seconds)
        else:
            failed = race(loops, arguments.warm_up, turns, arguments.seconds)
    finally:
        for loop in loops:
            loop.close()
    after = ceilings(device, turns)
    flops, num_bytes = cost_of_an_image(with_values(Config(), options))
    return {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "threads": arguments.threads,
        "precision": precision or f"ours as by itself, others {of_others}",
        "torch": str(torch.__version__),
        **{name: getattr(arguments, name) for name in ("network", "batch", "size", "rounds")},
        "loops": {
            loop.name: {
                "images_per_second": loop.speeds,
                "warm_up": loop.warm_up,
                "elbos": loop.elbos,
                "seconds_until": came.get(loop.name),
            }
            for loop in loops
            if loop.name not in failed
        },
        "failed": failed,
        "until": arguments.until,
        "ceilings": {name: max(before[name], after[name]) for name in before},
        "flops_per_image": flops,
        "bytes_per_image": num_bytes,
    }


def ceilings(device: torch.device, rounds: int) -> dict[str, float]:
    """The most that was seen of each, in 1e9 a second: FLOP of matrices, of convolutions, bytes."""
    repeats = 2 * rounds + 2

    def best(work: Callable[[], object], amount: float) -> float:
        seconds = []
        for _ in range(repeats):
            began = time.perf_counter()
            work()
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - began)
        return amount / min(seconds) / 1e9

    is_cuda = device.type == "cuda"
    num = 8192 if is_cuda else 2048
    dtype = torch.bfloat16 if is_cuda else torch.float32
    a, b = (torch.randn(num, num, device=device, dtype=dtype) for _ in range(2))
    x = torch.randn(64, 128, 32, 32, device=device, dtype=dtype)
    x = x.to(memory_format=torch.channels_last)
    w = torch.randn(128, 128, 3, 3, device=device, dtype=dtype)
    w = w.to(memory_format=torch.channels_last)
    long = torch.empty(1 << 26, device=device)
    other = torch.ones_like(long)
    return {
        "matrices": best(lambda: a @ b, 2.0 * num**3),
        "convolutions": best(
            lambda: torch.conv2d(x, w, padding=1), 2.0 * 64 * 32 * 32 * 128 * 128 * 9
        ),
        "copy": best(lambda: long.copy_(other), 2.0 * 4 * long.numel()),
    }


def cost_of_an_image(config: Config) -> tuple[float, float]:
    """FLOP of one image of a training step; bytes of activations, written once and read twice."""
    from torch.utils.flop_counter import FlopCounterMode

    size, num = config.data.image_size or 64, 8
    model = VAE(config.model, (3, size, size))
    if config.model.name == "residual":
        normalise_weights(model)
    num_values = 0

    def count(module: torch.nn.Module, inputs: Any, output: Any) -> None:
        nonlocal num_values
        num_values += output.numel() if isinstance(output, torch.Tensor) else 0

    hooks = [
        module.register_forward_hook(count)
        for module in model.modules()
        if not list(module.children())
    ]
    with FlopCounterMode(display=False) as counter:
        terms = model(torch.rand(num, 3, size, size), torch.zeros(num, model.latent_dim))
        (-terms.elbo.mean()).backward()
    for hook in hooks:
        hook.remove()
    return counter.get_total_flops() / num, 3 * 4 * num_values / num


def table(result: dict[str, Any]) -> str:
    """The result for a person to read."""
    place = (
        f"{result['device']}, {result['threads']} threads, {result['precision']}, "
        f"torch {result['torch']}"
    )
    what = f"{result['network']}, batch {result['batch']}, {result['size']} px"
    top = result["ceilings"]
    lines = [
        f"{what}; {place}; {result['rounds']} turns each",
        f"{'loop':<25} images/s   of turns          usual = 1   GFLOP/s   GB/s   "
        + (f"seconds to {result['until']:,.0f}" if result["until"] else "warm-up"),
    ]
    usual = result["loops"].get("usual loop")
    reference = statistics.median(usual["images_per_second"]) if usual else None
    for name, loop in result["loops"].items():
        speeds = loop["images_per_second"]
        median = statistics.median(speeds)
        spread = f"{min(speeds):,.0f} to {max(speeds):,.0f}"
        flops, num_bytes = (
            median * result[of] / 1e9 for of in ("flops_per_image", "bytes_per_image")
        )
        part = f"{median / reference:.2f}" if reference else "-"
        lines.append(
            f"{name:<25} {median:8,.0f}   {spread:<16} {part:>9} {flops:9.1f}"
            f" {num_bytes:6.1f}   {_last(loop, result['until'])}"
        )
    lines += [f"{name:<25} could not run: {why}" for name, why in result["failed"].items()]
    lines.append(
        f"at most: {top['matrices']:,.0f} GFLOP/s in matrices, {top['convolutions']:,.0f} in "
        f"convolutions, {top['copy']:,.0f} GB/s in copies; an image of a step is "
        f"{result['flops_per_image'] / 1e6:,.0f} MFLOP and {result['bytes_per_image'] / 1e6:,.1f} "
        "MB of activations"
    )
    return "\n".join(lines)


def _last(loop: dict[str, Any], until: float | None) -> str:
    """The last column of a loop."""
    if until is None:
        return f"{loop['warm_up']:5.1f} s"
    seconds = loop["seconds_until"]
    return f"{seconds:5.1f} s" if seconds else f"not in {loop['elbos'][-1][0]:,.0f} s"


if __name__ == "__main__":
    main()
