"""The commands that write latents: `encode`, `project`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vae.commands.open_run import Result, on_device, open_run_and_data, out_file
from vae.commands.progress import Progress

if TYPE_CHECKING:
    pass


def encode(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Write mu, logvar, label and name of every image of a source."""
    out = out_file(arguments, ".npz")
    run, model, weights, dataset = open_run_and_data(arguments, progress, arguments.data)

    import numpy as np

    from vae.latent import encoding
    from vae.latent.encoding import encode_all

    result = encode_all(on_device(model), dataset, None, weights.step, progress)
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
    out = out_file(arguments, ".npz")
    run, model, weights, dataset = open_run_and_data(arguments, progress)

    import numpy as np

    from vae.latent import encoding, projection
    from vae.latent.encoding import encode_all

    made_of = {"data": dataset.fingerprint, "method": arguments.method}
    points = encode_all(on_device(model), dataset, arguments.num, weights.step, progress)
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
