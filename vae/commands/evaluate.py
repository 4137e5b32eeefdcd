"""The command `evaluate`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vae.commands.open_run import Result, on_device, open_run_and_data
from vae.commands.progress import Progress
from vae.errors import InputError

if TYPE_CHECKING:
    pass


def evaluate(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Measure a run: elbo and its parts in nats per image, and how good its pictures are."""
    if arguments.importance_samples < 1:
        raise InputError("--importance_samples must be at least 1.")
    for name in ("bound_num", "frechet_num"):
        if getattr(arguments, name) < 0:
            raise InputError(f"--{name} must be at least 0.")
    run, model, weights, dataset = open_run_and_data(arguments, progress)

    from vae.evaluation import frechet
    from vae.evaluation.evaluate import evaluate_run

    result = evaluate_run(
        *(run, on_device(model), weights, dataset),
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
