"""The commands that look into a trained run: measures, pictures, latents.

Shapes: n images, H height, W width, C channels. Torch and numpy are imported by each command, after
its arguments were found good.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae import config as configuration
from vae.errors import InputError
from vae.progress import Progress
from vae.runs.events import last_event, numbered
from vae.runs.folder import Run, data_cache, existing_run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from vae.data.dataset import Dataset
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE

Result = dict[str, Any]


def evaluate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Measure a run: elbo and its parts in nats per image, and how good its pictures are."""
    if arguments.importance_samples < 1:
        raise InputError("--importance_samples must be at least 1.")
    for name in ("bound_num", "frechet_num"):
        if getattr(arguments, name) < 0:
            raise InputError(f"--{name} must be at least 0.")
    run, model, weights, dataset = _open(arguments, progress)

    from vae import frechet
    from vae.evaluation import evaluate_run

    result = evaluate_run(
        *(run, _device(model), weights, dataset),
        split=arguments.split,
        importance_samples=arguments.importance_samples,
        bound_num=arguments.bound_num or None,
        frechet_num=arguments.frechet_num,
        network=frechet.network(arguments.inception),
        progress=progress,
    )
    progress.close()
    _print(result)
    print(run.evaluation_file)
    return result


def _print(result: Result) -> None:
    """The single measures, one a line, and what is read of each factor."""
    for name, value in result.items():
        if not isinstance(value, list):
            print(f"{name:<24} {value:.5g}" if isinstance(value, float) else f"{name:<24} {value}")
    for factor in result.get("factors", ()):
        print(
            f"{factor['factor']:<24} {factor['measure']:<8} linear {factor['linear']:.3f}, "
            f"nearest {factor['nearest']:.3f}, chance {factor['chance']:.3f}, "
            f"gap {factor['gap']:.3f} at z{factor['dimension']}"
        )


def sample(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write a grid of images decoded from the prior, or from a mixture fitted to the posterior."""
    run = existing_run(arguments.root, arguments.run)
    if arguments.num < 1:
        raise InputError("--num must be at least 1.")
    if not 0 <= arguments.temperature <= 100:
        raise InputError("--temperature must be from 0 to 100.")
    out = _out(arguments, ".png")

    import numpy as np
    import torch

    from vae import pictures
    from vae.latent import encoding
    from vae.model.checkpoints import load_model

    known = None
    if arguments.prior == "mixture" or arguments.nearest:
        from vae.evaluation import known_images

        _, model, weights, dataset = _open(arguments, progress)
        known = known_images(run, model, weights, dataset, progress)
    else:
        model, _ = load_model(run)
    if arguments.prior == "mixture" and known is not None:
        points = known.mixture.sample(arguments.num, arguments.seed, arguments.temperature)
        z = torch.from_numpy(points)
    else:
        generator = torch.Generator().manual_seed(arguments.seed)
        z = encoding.sample_prior(arguments.num, model.latent_dim, generator)
        z = z * arguments.temperature
    images, columns = _decode(model, z), max(1, round(arguments.num**0.5))
    result: Result = {"run": run.name, "out": str(out), "num": arguments.num}
    result |= {"prior": arguments.prior, "temperature": arguments.temperature}
    if arguments.nearest and known is not None:
        from vae.latent.neighbours import nearest

        found = nearest(known, dataset, z.numpy(), images)
        rows = [images, dataset.take(found.by_latent), dataset.take(found.by_pixels)]
        images = _rows(rows, columns)
        result["nearest"] = {name: each.tolist() for name, each in vars(found).items()}
        result |= {"usual_latent": known.usual_latent, "usual_pixels": known.usual_pixels}
    pictures.write_still(out, pictures.grid(np.asarray(images), columns))
    print(out)
    return result


def _rows(sets: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Sets of pictures [N, H, W, C] beneath each other, row by row, white where there is none."""
    import numpy as np

    rows = []
    for start in range(0, len(sets[0]), columns):
        for images in sets:
            row = images[start : start + columns]
            blank = np.full((columns - len(row), *images.shape[1:]), 255, np.uint8)
            rows += [row, blank]
        rows.append(np.full((columns, *sets[0].shape[1:]), 255, np.uint8))
    return np.concatenate(rows[:-1])


def reconstruct(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write originals with their reconstructions beneath."""
    run, model, _, dataset = _open(arguments, progress, arguments.data)
    if arguments.num < 1:
        raise InputError("--num must be at least 1.")
    out = _out(arguments, ".png")

    import numpy as np
    import torch

    from vae import pictures
    from vae.latent import encoding

    columns = 8
    index = dataset.validation if arguments.data is None else np.arange(len(dataset))
    originals = dataset.take(index[: arguments.num])
    with torch.inference_mode():
        mu = model.encode(encoding.to_unit(originals)).mu
    images = _decode(model, mu)
    pictures.write_still(out, pictures.grid(_rows([originals, images], columns), columns))
    mse = float(np.square((originals.astype(np.float64) - images) / 255).mean())
    print(out)
    return {"run": run.name, "out": str(out), "num": len(originals), "mse": mse}


def interpolate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write the path between the posterior means of two images, as a strip or an animation."""
    run = existing_run(arguments.root, arguments.run)
    out = _out(arguments, ".png")
    if arguments.steps < 2:
        raise InputError("--steps must be at least 2.")

    import numpy as np
    import torch

    from vae import pictures
    from vae.data.dataset import open_dataset
    from vae.latent import encoding, paths
    from vae.model.checkpoints import load_model

    model, _ = load_model(run)
    along = None
    if arguments.path == "dense":
        try:
            along = paths.roads(encoding.load_latents(run.latents_file).mu)
        except FileNotFoundError:
            raise InputError(
                f"Run {run.name} has no posterior means yet: its first evaluation brings them."
            ) from None

    def dataset() -> Dataset:
        return open_dataset(run.config().data, data_cache(arguments.root), progress)

    ends = [_key_image(text, model, dataset) for text in (arguments.a, arguments.b)]
    with torch.inference_mode():
        mu = model.encode(encoding.to_unit(np.concatenate(ends))).mu
    z = paths.trace(mu.numpy(), arguments.steps, arguments.path, along)
    images = _decode(model, torch.from_numpy(z))
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

    from vae import pictures
    from vae.latent import encoding
    from vae.model.checkpoints import load_model

    model, _ = load_model(run)
    kl = numbered(last_event(run.events(), "eval"), "kl") or [0.0] * model.latent_dim
    order = sorted(range(model.latent_dim), key=lambda j: -kl[j])[: arguments.num]
    generator = torch.Generator().manual_seed(arguments.seed)
    start = encoding.sample_prior(1, model.latent_dim, generator)[0] * 0.5
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
        raise InputError(f"Run {run.name} has no previews yet: train it first.")
    frames = [pictures.read_png(run.folder / file) for file in files]
    pictures.write_animation(out, frames, arguments.frame_seconds)
    print(out)
    return {"run": run.name, "out": str(out), "frames": len(frames)}


def encode(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write mu, logvar, label and name of every image of a source."""
    out = _out(arguments, ".npz")
    run, model, weights, dataset = _open(arguments, progress, arguments.data)

    import numpy as np

    from vae.latent import encoding
    from vae.latent.encoding import encode_all

    result = encode_all(_device(model), dataset, None, weights.step, progress)
    label = dataset.attributes.get("label", np.full(len(dataset), -1, np.int64))
    names = np.array([str(name) for name in dataset.names])
    encoding.save_latents(out, result, label=label, name=names)
    print(out)
    return {"run": run.name, "out": str(out), "num": len(dataset), "latent_dim": model.latent_dim}


def project(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write 2-D coordinates of the posterior means by PCA or UMAP.

    An earlier map in --out, of the same images by the same method, is where the new one starts, so
    that the map keeps its shape while the model trains.
    """
    out = _out(arguments, ".npz")
    run, model, weights, dataset = _open(arguments, progress)

    import numpy as np

    from vae.latent import encoding, projection
    from vae.latent.encoding import encode_all

    made_of = {"data": dataset.fingerprint, "method": arguments.method}
    points = encode_all(_device(model), dataset, arguments.num, weights.step, progress)
    earlier = projection.earlier_map(out, made_of)
    points = projection.project(points, arguments.method, arguments.seed, progress, earlier)
    encoding.save_latents(out, points, **{name: np.array(word) for name, word in made_of.items()})
    print(out)
    return {
        "run": run.name,
        "out": str(out),
        "num": len(points.index),
        "method": arguments.method,
        "from_step": None if earlier is None else earlier.step,
    }


# ------------------------------------------------------------------------------------- aids


def _open(
    arguments: argparse.Namespace, progress: Progress, source: str | None = None
) -> tuple[Run, VAE, Weights, Dataset]:
    """A run's model and data; with `source`, other images at the size of the model's."""
    run = existing_run(arguments.root, arguments.run)
    config = run.config()

    from vae.data.dataset import open_dataset
    from vae.model.checkpoints import load_model

    model, weights = load_model(run)
    data = config.data
    if source is not None:
        size = weights.image_shape[1]
        data = configuration.DataConfig(source=source, image_size=size)
    dataset = open_dataset(data, data_cache(arguments.root), progress)
    if dataset.image_shape != weights.image_shape:
        raise InputError(
            f"Run {run.name} takes images of {weights.image_shape} (channels, height, width), "
            f"but {data.source} has {dataset.image_shape}."
        )
    return run, model, weights, dataset


def _device(model: VAE) -> VAE:
    from vae.model.device import choose_device

    return model.to(choose_device(None))


def _out(arguments: argparse.Namespace, suffix: str) -> Path:
    """Where the result goes; without --out, a file of the run's name in this folder."""
    return arguments.out or Path(f"{arguments.run}-{arguments.command}{suffix}")


def _decode(model: VAE, z: Tensor) -> NDArray[np.uint8]:
    import torch

    from vae import pictures

    with torch.inference_mode():
        return pictures.from_unit(model.decode(z).numpy())


def _key_image(text: str, model: VAE, dataset: Callable[[], Dataset]) -> NDArray[np.uint8]:
    """One image [1, H, W, C], by its file or by its index in the run's data."""
    import numpy as np
    from PIL import Image

    from vae.data.image_files import resized, upright_square

    channels, size, _ = model.image_shape
    if text.isdigit():
        data = dataset()
        if int(text) >= len(data):
            raise InputError(f"There is no image {text}: the data have 0 to {len(data) - 1}.")
        return data.take(np.array([int(text)]))
    if not Path(text).is_file():
        raise InputError(f"{text!r} is neither an image file nor an index of the run's data.")
    try:
        with Image.open(text) as image:
            square = resized(upright_square(image, size), size)
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"{text} cannot be read as an image: {error}") from error
    pixels = np.asarray(square.convert("RGB" if channels == 3 else "L"))
    return pixels.reshape(1, size, size, channels)
