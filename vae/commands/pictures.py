"""The commands that make pictures: samples, reconstructions, paths, animations.

Shapes: n images, H height, W width, C channels. Torch and numpy are imported by each command, after
its arguments were found good.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vae.commands.open_run import (
    Result,
    decode,
    key_image,
    open_run_and_data,
    out_file,
    run_images,
)
from vae.commands.progress import Progress
from vae.errors import InputError
from vae.runs.events import evaluation_at, numbered
from vae.runs.folder import Run, existing_run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vae.data.dataset import Dataset


def sample(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write a grid of images decoded from the prior, or from what was fitted to the posterior."""
    run = existing_run(arguments.root, arguments.run)
    if arguments.num < 1:
        raise InputError("--num must be at least 1.")
    if not 0 <= arguments.temperature <= 100:
        raise InputError("--temperature must be from 0 to 100.")
    out = out_file(arguments, ".png")

    import numpy as np
    import torch

    from vae import pictures
    from vae.latent import encoding
    from vae.latent.fitted_flow import flow_made, flow_of
    from vae.model.checkpoints import load_model

    known = flow = None
    model, weights = load_model(run)
    if arguments.prior == "flow":
        flow = flow_of(run, weights.digest)
    is_fitted = arguments.prior == "normal" or flow is not None
    if arguments.nearest or not is_fitted:
        _, model, weights, dataset = open_run_and_data(arguments, progress)
    if arguments.prior == "mixture" or arguments.nearest:
        from vae.evaluation.evaluate import known_images

        known = known_images(run, model, weights, dataset, progress)
    if arguments.prior == "flow":
        flow = flow or flow_made(run, model, weights.digest, dataset, progress)
    fitted = known.mixture if known and arguments.prior == "mixture" else flow
    if fitted is not None:
        points = fitted.sample(arguments.num, arguments.seed, arguments.temperature)
        z = torch.from_numpy(points)
    else:
        generator = torch.Generator().manual_seed(arguments.seed)
        z = encoding.sample_prior(arguments.num, model.latent_dim, generator)
        z = z * arguments.temperature
    images, columns = decode(model, z), max(1, round(arguments.num**0.5))
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
    run, model, _, dataset = open_run_and_data(arguments, progress, arguments.data)
    if arguments.num < 1:
        raise InputError("--num must be at least 1.")
    out = out_file(arguments, ".png")

    import numpy as np
    import torch

    from vae import pictures
    from vae.latent import encoding

    columns = 8
    index = dataset.validation if arguments.data is None else np.arange(len(dataset))
    originals = dataset.take(index[: arguments.num])
    with torch.inference_mode():
        mu = model.encode(encoding.to_unit(originals)).mu
    images = decode(model, mu)
    pictures.write_still(out, pictures.grid(_rows([originals, images], columns), columns))
    mse = float(np.square((originals.astype(np.float64) - images) / 255).mean())
    print(out)
    return {"run": run.name, "out": str(out), "num": len(originals), "mse": mse}


def interpolate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write the path between the posterior means of two images, as a strip or an animation."""
    run = existing_run(arguments.root, arguments.run)
    out = out_file(arguments, ".png")
    if arguments.steps < 2:
        raise InputError("--steps must be at least 2.")

    import numpy as np
    import torch

    from vae import pictures
    from vae.latent import encoding, paths
    from vae.latent.fitted_flow import flow_of
    from vae.latent.flow_paths import FlowRoads
    from vae.model.checkpoints import load_model

    model, weights = load_model(run)
    along: paths.Along | None = None
    if arguments.path == "dense":
        try:
            means, fitted = encoding.load_latents(run.latents_file).mu, flow_of(run, weights.digest)
            along = FlowRoads(fitted) if fitted else paths.roads(means)
        except FileNotFoundError:
            raise InputError(
                f"Run {run.name} has no posterior means yet: train it until its first evaluation."
            ) from None

    def dataset() -> Dataset:
        return run_images(run, arguments.root, progress)

    data = run.config().data
    ends = [key_image(text, model, data, dataset) for text in (arguments.a, arguments.b)]
    with torch.inference_mode():
        mu = model.encode(encoding.to_unit(np.concatenate(ends))).mu
    z = paths.trace(mu.numpy(), arguments.steps, arguments.path, along)
    images = decode(model, torch.from_numpy(z))
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
    out = out_file(arguments, ".png")

    import numpy as np
    import torch

    from vae import pictures
    from vae.latent import encoding
    from vae.model.checkpoints import load_model

    model, weights = load_model(run)
    kl = numbered(evaluation_at(run.events(), weights.step), "kl") or [0.0] * model.latent_dim
    order = sorted(range(model.latent_dim), key=lambda j: -kl[j])[: arguments.num]
    generator = torch.Generator().manual_seed(arguments.seed)
    start = encoding.sample_prior(1, model.latent_dim, generator)[0] * 0.5
    rows = []
    for j in order:
        z = start.repeat(arguments.steps, 1)
        z[:, j] = torch.linspace(-3, 3, arguments.steps)
        rows.append(decode(model, z))
    pictures.write_still(out, pictures.grid(np.concatenate(rows), arguments.steps))
    print(out)
    return {"run": run.name, "out": str(out), "dimensions": order}


def _through_flow(run: Run) -> list[NDArray[np.uint8]]:
    """What comes after the previews. Raises InputError where the run has no flow."""
    from vae.latent.fitted_flow import flow_of
    from vae.latent.fixed_noise import through_flow
    from vae.model.checkpoints import load_model

    model, weights = load_model(run)
    fitted = flow_of(run, weights.digest)
    if fitted is None:
        raise InputError(
            f"Run {run.name} has no flow of its weights: one is fitted when a training with "
            f"model.prior flow ends, or by sample {run.name} --prior flow."
        )
    return through_flow(model, fitted.flow, run.config().train.seed)


def animate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write the fixed-noise training animation: the same noise, decoded over training.

    With ``--prior flow`` it then goes through the flow.
    """
    run = existing_run(arguments.root, arguments.run)
    out = out_file(arguments, ".gif")

    from vae import pictures

    files = [event["samples"] for event in run.events() if event["kind"] == "preview"]
    files = [file for file in dict.fromkeys(files) if (run.folder / file).is_file()]
    if not files:
        raise InputError(f"Run {run.name} has no previews yet: train it first.")
    frames = [pictures.read_png(run.folder / file) for file in files]
    if arguments.prior == "flow":
        frames += _through_flow(run)
    pictures.write_animation(out, frames, arguments.frame_seconds)
    print(out)
    return {"run": run.name, "out": str(out), "frames": len(frames)}


# ------------------------------------------------------------------------------------- aids
