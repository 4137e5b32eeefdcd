"""The commands that write latents: `encode`, `project`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from vae.commands.open_run import Result, on_device, open_run_and_data, out_file
from vae.commands.progress import Progress
from vae.errors import InputError
from vae.runs.umap_options import PLACED, UmapOptions, making_of


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

    An earlier map in --out, of the same images by the same method with the same options, is where
    the new one starts, so that the map keeps its shape while the model trains. Of very many images
    UMAP places a sample, and each other one among its nearest of them.
    """
    out = out_file(arguments, ".npz")
    given = {
        name: getattr(arguments, name)
        for name in ("neighbours", "min_distance")
        if getattr(arguments, name) is not None
    }
    is_umap = arguments.method == "umap"
    if given and not is_umap:
        raise InputError(f"--{min(given)} is of --method umap: leave it out, or choose umap.")
    options = UmapOptions(**given)
    run, model, weights, dataset = open_run_and_data(arguments, progress)

    import numpy as np

    from vae.latent import encoding, projection, umap_layout
    from vae.latent.encoding import encode_all

    made_of = {"data": dataset.fingerprint, "method": arguments.method}
    points = encode_all(on_device(model), dataset, arguments.num, weights.step, progress)
    earlier = projection.earlier_map(out, made_of)
    if is_umap and making_of(out).options != options:
        earlier = None
    points = projection.project(
        points, arguments.method, arguments.seed, progress, earlier, options
    )
    num = len(points.index)
    columns: dict[str, str | float] = dict(made_of)
    result: Result = {
        "run": run.name,
        "out": str(out),
        "num": num,
        "method": arguments.method,
        "from_step": None if earlier is None else earlier.step,
    }
    if is_umap:
        num_fitted = umap_layout.num_fitted(num)
        result |= asdict(options) | {"num_fitted": num_fitted}
        columns |= asdict(options)
        if num_fitted < num:
            columns["num_fitted"] = num_fitted
            progress.close()
            print(f"UMAP placed {num_fitted:,} of the {num:,} images, and {PLACED}.")
    encoding.save_latents(out, points, **{name: np.array(told) for name, told in columns.items()})
    print(out)
    return result
