"""The evaluation of a run, kept in its folder with the step and the weights that it is of."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from vae import frechet, neighbours
from vae.checkpoints import Weights
from vae.config import ConfigError
from vae.dataset import Dataset
from vae.files import atomic_json
from vae.latents import Progress
from vae.metrics import evaluate, frechet_distances
from vae.neighbours import Known
from vae.networks import VAE
from vae.runs import Run


def known_images(
    run: Run, model: VAE, weights: Weights, dataset: Dataset, progress: Progress | None = None
) -> Known:
    """The training images as these weights see them, from the run's folder or made and kept there.

    Where the folder cannot be written, that is said and they are made anew each time.
    """
    try:
        known = neighbours.load_known(run.samplers_file)
        if (known.digest, known.fingerprint) == (weights.digest, dataset.fingerprint):
            return known
    except (FileNotFoundError, ConfigError):
        pass  # made anew
    known = neighbours.know(model, dataset, weights.digest, progress=progress)
    try:
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
    split: str,
    importance_samples: int,
    bound_num: int | None,
    frechet_num: int,
    network: frechet.Network,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Every measure of a run on a split; that of the validation images is kept in its folder.

    `frechet_num`: images in each set of the Frechet distances, 0 for none of them.
    """
    began = time.time()
    index, others = dataset.validation, dataset.train
    if split == "train":
        index, others = others, index
    result = {"run": run.name, "split": split, "step": weights.step, "data": dataset.name}
    result |= evaluate(
        model, dataset, index, importance_samples, bound_num=bound_num, progress=progress
    )
    if frechet_num:
        known = known_images(run, model, weights, dataset, progress)
        distances = frechet_distances(
            *(model, dataset, index, others, known.mixture, network, frechet_num),
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
            atomic_json(run.evaluation_file, result)
        except OSError as error:
            print(f"The result could not be kept in the run's folder: {error}", file=sys.stderr)
    return result


def kept_evaluation(run: Run) -> dict[str, Any] | None:
    """What the newest evaluation of the run's validation images found; None before the first."""
    try:
        document = json.loads(run.evaluation_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return document if isinstance(document, dict) and "elbo" in document else None
