"""The evaluation of a run, kept in its folder with the step and the weights it belongs to."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae import pictures
from vae.atomic import atomic_json
from vae.data.dataset import Dataset
from vae.errors import ExplainedError
from vae.evaluation import frechet
from vae.evaluation.metrics import BATCH, evaluate
from vae.latent import encoding, neighbours
from vae.latent.encoding import Indices, Progress, some_of, to_unit
from vae.latent.fitted_flow import flow_made, flow_of
from vae.latent.mixture import Mixture
from vae.latent.neighbours import Known
from vae.model.checkpoints import Weights
from vae.model.flow import Flow
from vae.model.networks import VAE
from vae.option_choices import Split
from vae.runs.folder import Run


def known_images(
    run: Run, model: VAE, weights: Weights, dataset: Dataset, progress: Progress | None = None
) -> Known:
    """The training images encoded with these weights, from the run's folder or made and kept there.

    Where the folder cannot be written, a line on standard error says so.
    """
    try:
        known = neighbours.load_known(run.samplers_file)
        if (known.digest, known.fingerprint) == (weights.digest, dataset.fingerprint):
            return known
    except (FileNotFoundError, ExplainedError):
        pass  # made again
    known = neighbours.know(model, dataset, weights.digest, progress=progress)
    try:
        run.make_writable()
        neighbours.save_known(run.samplers_file, known)
    except OSError as error:
        print(f"The mixture could not be kept in the run's folder: {error}", file=sys.stderr)
    return known


def evaluate_run(
    run: Run,
    model: VAE,
    weights: Weights,
    dataset: Dataset,
    *,
    split: Split,
    importance_samples: int,
    bound_num: int | None,
    frechet_num: int,
    network: frechet.Network,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Every measure of a run on a split; validation results are kept in the run's folder.

    Those of the flow too where there is one, or where the config wants one, which is fitted.

    `frechet_num`: images in each set of the Frechet distances; 0 leaves them out.
    """
    began = time.time()
    index, others = dataset.validation, dataset.train
    if split == "train":
        index, others = others, index
    result = {"run": run.name, "split": split, "step": weights.step, "data": dataset.name}
    fitted = flow_of(run, weights.digest)
    if fitted is None and run.config().model.prior == "flow":
        fitted = flow_made(run, model, weights.digest, dataset, progress)
    flow = fitted.flow if fitted is not None else None
    result |= evaluate(
        model, dataset, index, importance_samples, flow=flow, bound_num=bound_num, progress=progress
    )
    if frechet_num:
        known = known_images(run, model, weights, dataset, progress)
        distances = frechet_distances(
            *(model, dataset, index, others, known.mixture, flow, network, frechet_num),
            progress=progress,
        )
        if distances:
            result |= distances | {"frechet_split": split}
        result["mixture_components"] = len(known.mixture.weights)
    result |= {
        "digest": weights.digest,
        "fingerprint": dataset.fingerprint,
        "time": round(began),
        "seconds": round(time.time() - began, 1),
    }
    if split == "validation":
        try:
            run.make_writable()
            atomic_json(run.evaluation_file, result)
        except OSError as error:
            print(f"The result could not be kept in the run's folder: {error}", file=sys.stderr)
    return result


def kept_evaluation(run: Run) -> dict[str, Any] | None:
    """The newest evaluation of the run's validation images; None before the first."""
    try:
        document = json.loads(run.evaluation_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return document if isinstance(document, dict) and "elbo" in document else None


@torch.inference_mode()
def frechet_distances(
    model: VAE,
    dataset: Dataset,
    index: Indices,
    others: Indices,
    mixture: Mixture,
    flow: Flow | None,
    network: frechet.Network,
    num: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The Frechet distance of sets of `num` images from as many real images of `index`.

    frechet_reconstructions: reconstructions of those same images; frechet_samples: from the prior,
    frechet_mixture and frechet_flow: from what was fitted, at temperature 1; frechet_real: as many
    real images of `others`, the distance to expect of perfect samples. Empty for fewer than two
    images. All images are compared in 8 bits.
    """
    num = min(num, len(index))
    if num < 2:
        return {}
    device = next(model.parameters()).device
    real = index[some_of(len(index), num, seed)]
    rest = others[some_of(len(others), num, seed + 1)]
    prior = encoding.sample_prior(num, model.latent_dim, torch.Generator().manual_seed(seed))
    drawn = torch.from_numpy(mixture.sample(num, seed))
    sources: dict[str, Any] = {
        "reference": lambda some: dataset.take(real[some]),
        "frechet_reconstructions": lambda some: decoded(
            model.encode(to_unit(dataset.take(real[some]), device)).mu
        ),
        "frechet_samples": lambda some: decoded(prior[some]),
        "frechet_mixture": lambda some: decoded(drawn[some]),
        "frechet_real": lambda some: dataset.take(rest[some]),
    }
    if flow is not None:
        of_flow = flow.sample(num, seed)
        sources["frechet_flow"] = lambda some: decoded(of_flow[some])

    def decoded(z: Tensor) -> NDArray[np.uint8]:
        return pictures.from_unit(model.decode(z.to(device)).cpu().numpy())

    found: dict[str, frechet.Gaussian] = {}
    done, total = 0, num * len(sources)
    for name, source in sources.items():
        count = len(rest) if name == "frechet_real" else num
        features = []
        for start in range(0, count, BATCH):
            if progress is not None:
                progress("frechet", done + start, total)
            features.append(network.features(source(slice(start, min(count, start + BATCH)))))
        done += num
        if count >= 2:
            found[name] = frechet.gaussian(np.concatenate(features))
    if progress is not None:
        progress("frechet", total, total)
    reference = found.pop("reference")
    return {
        **{name: frechet.distance(each, reference) for name, each in found.items()},
        "frechet_features": network.name,
        "frechet_num": num,
        "frechet_resize": network.resize,
    }
