"""The command `python -m vae`: what it takes, and the exit codes 0 (done) and 2 (bad input).

Torch is imported by the commands that compute, after their arguments were found good.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from filelock import Timeout
from tqdm import tqdm

from vae import config as configuration
from vae.config import Config, ConfigError
from vae.jobs import CONTROL_VARIABLE
from vae.runs import PROBE_SECONDS, Run, existing_run, last_event, list_runs, numbered, open_run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from vae.checkpoints import Weights
    from vae.dataset import Dataset
    from vae.networks import VAE

Result = dict[str, Any]


class Progress:
    """A progress bar on a terminal; on anything else a line a second, as ``train 120/5600``."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._what = ""
        self._last = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            now = time.monotonic()
            if now - self._last >= 1.0 or done == total:
                self._last = now
                print(f"{what} {done}/{total}", file=sys.stderr, flush=True)
            return
        if self._bar is None or what != self._what:
            self.close()
            self._bar, self._what = tqdm(desc=what, total=total, leave=False), what
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and exits with 2."""

    def error(self, message: str) -> Any:
        print(f"{self.prog}: {message}; see --help.", file=sys.stderr)
        raise SystemExit(2)


def data_cache(root: Path) -> Path:
    """Where imported images lie, for all runs of `root`."""
    return root / ".data"


# ------------------------------------------------------------------------------------- train


def train(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Train a run in the foreground, from the beginning or from where it stopped."""
    run = open_run(arguments.root, arguments.run)
    given = {
        name: configuration.parse_option(name, text)
        for name in configuration.options()
        if (text := getattr(arguments, name)) is not None
    }
    handled = int(os.environ.get(CONTROL_VARIABLE, run.control()[0]))
    is_new_folder = not run.folder.exists()
    config = _config_of(run, given)
    run.folder.mkdir(parents=True, exist_ok=True)
    lock = run.lock()
    try:
        lock.acquire(timeout=10 * PROBE_SECONDS, poll_interval=0.02)
    except Timeout:
        raise ConfigError(f"Run {run.name} is already training; pause or stop it first.") from None
    try:
        return _train_locked(run, config, handled, progress)
    except ConfigError as error:
        if not run.config_file.exists() and not is_new_folder:
            _write_failure(run, str(error))
        raise
    finally:
        lock.release()
        if is_new_folder and not run.config_file.exists():
            (run.folder / "lock").unlink(missing_ok=True)
            run.folder.rmdir()


def _config_of(run: Run, given: dict[str, Any]) -> Config:
    """The config of a new run, or a resumed run's with what may change changed."""
    source = given.get("data.source")
    if source is not None and source != "synthetic" and not source.startswith("torchvision:"):
        if not Path(source).exists():
            raise ConfigError(
                f"There is nothing at {source}: give synthetic, torchvision:NAME, or the path of a "
                "folder of images, a .zip, an .npz or MNIST's idx files."
            )
        given["data.source"] = str(Path(source).resolve())
    if not run.config_file.exists():
        return configuration.with_values(Config(), given)
    config = run.config()
    for name, value in given.items():
        now = configuration.get_value(config, name)
        if value != now and name not in configuration.CHANGEABLE:
            raise ConfigError(
                f"Run {run.name} was begun with {name} {now}, not {value}: go on without "
                f"--{name}, or give the new settings a run name of their own."
            )
    return configuration.with_values(config, given)


def _write_failure(run: Run, reason: str) -> None:
    """Say in a run that never began why, for the page that started it."""
    from vae.runs import EventWriter

    events = EventWriter(run.events_file, keep_step=0)
    events.write("end", step=0, status="failed", reason=reason)
    events.close()


def _train_locked(run: Run, config: Config, handled: int, progress: Progress) -> Result:
    signalled: list[str] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        signalled.append("pause")

    def asked() -> str:
        sequence, request = run.control()
        if sequence > handled:
            return request
        return signalled[0] if signalled else ""

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)

    from vae.dataset import open_dataset
    from vae.trainer import Trainer, prepare

    dataset = open_dataset(config.data, data_cache(run.folder.parent), progress)
    config = prepare(run, config, dataset)
    status = Trainer(run, config, dataset).train(asked, progress)
    return _summary(run) | {"status": status}


def _summary(run: Run) -> Result:
    """Where a run stands, from its events."""
    events = run.events()
    evaluation, step = last_event(events, "eval"), last_event(events, "step")
    newest = max((event.get("step", 0) for event in events), default=0)
    names = ("nll", "kl", "elbo", "loss", "bits_per_dim", "active_units", "num_images")
    return {
        "run": run.name,
        "status": run.status(events),
        "step": newest,
        "epoch": last_event(events, "end").get("epoch", step.get("epoch", 0)),
        "seconds": step.get("seconds", 0.0),
        **{name: evaluation[name] for name in names if name in evaluation},
    }


# --------------------------------------------------------------------------------- look at runs


def runs(arguments: argparse.Namespace, progress: Progress) -> Result:
    """List the runs: status, data, step, elbo."""
    rows = []
    for run in list_runs(arguments.root):
        try:
            source = run.config().data.source
        except ConfigError:
            source = "?"
        summary = _summary(run)
        row = {name: summary.get(name) for name in ("run", "status", "step", "epoch", "elbo")}
        rows.append(row | {"data": source})
    if not rows:
        print(f"No runs in {arguments.root} yet: python -m vae train my-first-run")
    for row in rows:
        elbo = "" if row["elbo"] is None else f"elbo {row['elbo']:.1f}"
        place = f"step {row['step']:>7}"
        print(f"{row['run']:<24} {row['status']:<12} {place}  {elbo:<16} {row['data']}")
    return {"runs": rows}


def _open(
    arguments: argparse.Namespace, progress: Progress, source: str | None = None
) -> tuple[Run, VAE, Weights, Dataset]:
    """A run's model and data; with `source`, other images at the size of the model's."""
    run = existing_run(arguments.root, arguments.run)
    config = run.config()

    from vae.checkpoints import load_model
    from vae.dataset import open_dataset

    model, weights = load_model(run)
    data = config.data
    if source is not None:
        size = weights.image_shape[1]
        data = configuration.DataConfig(source=source, image_size=size)
    dataset = open_dataset(data, data_cache(arguments.root), progress)
    if dataset.image_shape != weights.image_shape:
        raise ConfigError(
            f"Run {run.name} takes images of {weights.image_shape} (channels, height, width), "
            f"but {data.source} has {dataset.image_shape}."
        )
    return run, model, weights, dataset


def _device(model: VAE) -> VAE:
    from vae.trainer import choose_device

    return model.to(choose_device(None))


def evaluate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Measure a run: elbo and its parts in nats per image, and how good reconstructions are."""
    run, model, weights, dataset = _open(arguments, progress)
    if arguments.importance_samples < 1:
        raise ConfigError("--importance_samples must be at least 1.")
    index = dataset.validation if arguments.split == "validation" else dataset.train

    from vae.metrics import evaluate as measure

    result = measure(
        _device(model), dataset, index, arguments.importance_samples, progress=progress
    )
    progress.close()
    for name, value in result.items():
        print(f"{name:<20} {value:.5g}" if isinstance(value, float) else f"{name:<20} {value}")
    return {"run": run.name, "split": arguments.split, "step": weights.step, **result}


# ------------------------------------------------------------------------------------ pictures


def _out(arguments: argparse.Namespace, suffix: str) -> Path:
    """Where the result goes; without --out, a file of the run's name in this folder."""
    return arguments.out or Path(f"{arguments.run}-{arguments.command}{suffix}")


def _decode(model: VAE, z: Tensor) -> NDArray[np.uint8]:
    import torch

    from vae import pictures

    with torch.inference_mode():
        return pictures.from_unit(model.decode(z).numpy())


def sample(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write a grid of images decoded from the prior, or from a mixture fitted to the posterior."""
    run = existing_run(arguments.root, arguments.run)
    if arguments.num < 1:
        raise ConfigError("--num must be at least 1.")
    out = _out(arguments, ".png")

    import torch

    from vae import latents, pictures
    from vae.checkpoints import load_model

    if arguments.prior == "mixture":
        _, model, weights, dataset = _open(arguments, progress)
        known = latents.encode_images(model, dataset, dataset.train[:5000], weights.step, progress)
        z = latents.sample_mixture(arguments.num, known.mu, arguments.seed)
    else:
        model, _ = load_model(run)
        generator = torch.Generator().manual_seed(arguments.seed)
        z = latents.sample_prior(arguments.num, model.latent_dim, generator)
    columns = max(1, round(arguments.num**0.5))
    pictures.write_still(out, pictures.grid(_decode(model, z), columns))
    print(out)
    return {"run": run.name, "out": str(out), "num": arguments.num, "prior": arguments.prior}


def reconstruct(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write originals with their reconstructions beneath."""
    run, model, _, dataset = _open(arguments, progress, arguments.data)
    if arguments.num < 1:
        raise ConfigError("--num must be at least 1.")
    out = _out(arguments, ".png")

    import numpy as np
    import torch

    from vae import latents, pictures

    columns = 8
    index = dataset.validation if arguments.data is None else np.arange(len(dataset))
    originals = dataset.take(index[: arguments.num])
    with torch.inference_mode():
        mu = model.encode(latents.to_unit(originals)).mu
    images = _decode(model, mu)
    rows = []
    for start in range(0, len(originals), columns):
        row = slice(start, start + columns)
        blank = np.full((columns - len(originals[row]), *originals.shape[1:]), 255, np.uint8)
        rows += [originals[row], blank, images[row], blank]
    sheet = pictures.grid(np.concatenate(rows), columns)
    pictures.write_still(out, sheet)
    mse = float(np.square((originals.astype(np.float64) - images) / 255).mean())
    print(out)
    return {"run": run.name, "out": str(out), "num": len(originals), "mse": mse}


def _key_image(text: str, model: VAE, dataset: Callable[[], Dataset]) -> NDArray[np.uint8]:
    """One image [1, H, W, C], by its file or by its index in the run's data."""
    import numpy as np
    from PIL import Image

    from vae import sources

    channels, size, _ = model.image_shape
    if text.isdigit():
        data = dataset()
        if int(text) >= len(data):
            raise ConfigError(f"There is no image {text}: the data have 0 to {len(data) - 1}.")
        return data.take(np.array([int(text)]))
    if not Path(text).is_file():
        raise ConfigError(f"{text!r} is neither an image file nor an index of the run's data.")
    try:
        with Image.open(text) as image:
            square = sources.resized(sources.upright_square(image, size), size)
    except (OSError, ValueError, SyntaxError) as error:
        raise ConfigError(f"{text} cannot be read as an image: {error}") from error
    pixels = np.asarray(square.convert("RGB" if channels == 3 else "L"))
    return pixels.reshape(1, size, size, channels)


def interpolate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write the path between the posterior means of two images, as a strip or an animation."""
    run = existing_run(arguments.root, arguments.run)
    out = _out(arguments, ".png")
    if arguments.steps < 2:
        raise ConfigError("--steps must be at least 2.")

    import numpy as np
    import torch

    from vae import latents, pictures
    from vae.checkpoints import load_model
    from vae.dataset import open_dataset

    model, _ = load_model(run)

    def dataset() -> Dataset:
        return open_dataset(run.config().data, data_cache(arguments.root), progress)

    ends = [_key_image(text, model, dataset) for text in (arguments.a, arguments.b)]
    with torch.inference_mode():
        mu = model.encode(latents.to_unit(np.concatenate(ends))).mu
    z = latents.path(list(mu), arguments.steps, arguments.path)
    images = _decode(model, z)
    if out.suffix.lower() in pictures.ANIMATION_SUFFIXES:
        there_and_back = [*images, *images[-2:0:-1]]
        frames = [pictures.enlarge(frame, 4) for frame in pictures.to_rgb(np.stack(there_and_back))]
        pictures.write_animation(out, frames)
    else:
        pictures.write_still(out, pictures.grid(images, len(images)))
    print(out)
    return {"run": run.name, "out": str(out), "steps": arguments.steps, "path": arguments.path}


def traverse(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write latent traversals, a row a dimension, the most informative first."""
    run = existing_run(arguments.root, arguments.run)
    out = _out(arguments, ".png")

    import numpy as np
    import torch

    from vae import latents, pictures
    from vae.checkpoints import load_model

    model, _ = load_model(run)
    kl = numbered(last_event(run.events(), "eval"), "kl") or [0.0] * model.latent_dim
    order = sorted(range(model.latent_dim), key=lambda j: -kl[j])[: arguments.num]
    generator = torch.Generator().manual_seed(arguments.seed)
    start = latents.sample_prior(1, model.latent_dim, generator)[0] * 0.5
    rows = []
    for j in order:
        z = start.repeat(arguments.steps, 1)
        z[:, j] = torch.linspace(-3, 3, arguments.steps)
        rows.append(_decode(model, z))
    pictures.write_still(out, pictures.grid(np.concatenate(rows), arguments.steps))
    print(out)
    return {"run": run.name, "out": str(out), "dimensions": order}


def animate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write the fixed-noise training animation: the same noise, decoded over training."""
    run = existing_run(arguments.root, arguments.run)
    out = _out(arguments, ".gif")

    from vae import pictures

    files = [event["samples"] for event in run.events() if event["kind"] == "preview"]
    files = [file for file in dict.fromkeys(files) if (run.folder / file).is_file()]
    if not files:
        raise ConfigError(f"Run {run.name} has no previews yet: train it first.")
    frames = [pictures.read_png(run.folder / file) for file in files]
    pictures.write_animation(out, frames, arguments.frame_seconds)
    print(out)
    return {"run": run.name, "out": str(out), "frames": len(frames)}


# ------------------------------------------------------------------------------------ latents


def encode(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write mu, logvar, label and name of every image of a source."""
    out = _out(arguments, ".npz")
    run, model, weights, dataset = _open(arguments, progress, arguments.data)

    import numpy as np

    from vae import latents
    from vae.metrics import encode_all

    result = encode_all(_device(model), dataset, None, weights.step, progress)
    label = dataset.attributes.get("label", np.full(len(dataset), -1, np.int64))
    names = np.array([str(name) for name in dataset.names])
    latents.save_latents(out, result, label=label, name=names)
    print(out)
    return {"run": run.name, "out": str(out), "num": len(dataset), "latent_dim": model.latent_dim}


def project(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write 2-D coordinates of the posterior means by PCA or UMAP."""
    out = _out(arguments, ".npz")
    run, model, weights, dataset = _open(arguments, progress)

    from vae import latents, projection
    from vae.metrics import encode_all

    points = encode_all(_device(model), dataset, arguments.num, weights.step, progress)
    points = projection.project(points, arguments.method, arguments.seed, progress)
    latents.save_latents(out, points)
    print(out)
    num = len(points.index)
    return {"run": run.name, "out": str(out), "num": num, "method": arguments.method}


# ------------------------------------------------------------------------------------- parser


def parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    main_parser = Parser(prog="python -m vae", description="Train and look into VAEs.")
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(function: Callable[..., Result], with_run: bool = True) -> Any:
        text = (function.__doc__ or "").strip()
        sub = commands.add_parser(function.__name__, help=text, description=text)
        sub.set_defaults(function=function)
        if with_run:
            sub.add_argument("run", metavar="RUN", help="the run's name")
        sub.add_argument("--root", type=Path, default=Path("checkpoints"), metavar="DIR")
        sub.add_argument("--json", action="store_true", help="end with one JSON object")
        return sub

    def with_out(sub: Any) -> Any:
        sub.add_argument("--out", type=Path, metavar="FILE", help="default: RUN-COMMAND here")
        return sub

    sub = command(train)
    for name, item in configuration.options().items():
        flags = [f"--{name}"] + (["--data"] if name == "data.source" else [])
        default = "" if item.default is None else f" (default: {item.default})"
        text = item.metadata["help"] + default
        sub.add_argument(*flags, dest=name, metavar="VALUE", help=text)
    command(runs, with_run=False)
    sub = command(evaluate)
    sub.add_argument("--split", choices=("validation", "train"), default="validation")
    sub.add_argument("--importance_samples", type=int, default=10, metavar="K")
    sub = with_out(command(sample))
    sub.add_argument("--num", type=int, default=64)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--prior", choices=("normal", "mixture"), default="normal")
    sub = with_out(command(reconstruct))
    sub.add_argument("--data", metavar="SOURCE", help="other images than the run's")
    sub.add_argument("--num", type=int, default=32)
    sub = with_out(command(interpolate))
    sub.add_argument("a", metavar="A", help="an image file, or an index of the run's data")
    sub.add_argument("b", metavar="B")
    sub.add_argument("--steps", type=int, default=9)
    sub.add_argument("--path", choices=("slerp", "lerp"), default="slerp")
    sub = with_out(command(traverse))
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--num", type=int, default=10, help="how many dimensions")
    sub.add_argument("--steps", type=int, default=9)
    sub = with_out(command(animate))
    sub.add_argument("--frame_seconds", type=float, default=0.12)
    sub = with_out(command(encode))
    sub.add_argument("--data", metavar="SOURCE", help="other images than the run's")
    sub = with_out(command(project))
    sub.add_argument("--method", choices=("pca", "umap"), default="umap")
    sub.add_argument("--num", type=int, default=None, help="at most this many images")
    sub.add_argument("--seed", type=int, default=0)
    return main_parser


def main(words: list[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    arguments = parser().parse_args(words)
    progress = Progress()
    try:
        result = arguments.function(arguments, progress)
    except ConfigError as error:
        progress.close()
        print(error, file=sys.stderr)
        return 2
    finally:
        progress.close()
    if arguments.json:
        print(json.dumps(result, allow_nan=False))
    return 0
