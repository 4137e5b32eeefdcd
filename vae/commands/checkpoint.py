"""The command `checkpoint`: which weights of a run are kept, and which of them are in use."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from vae.commands.open_run import Result, run_images
from vae.commands.progress import Progress
from vae.runs.folder import existing_run
from vae.runs.history import Kept, chosen_step, kept_checkpoints


def checkpoint(arguments: argparse.Namespace, progress: Progress) -> Result:
    """List the checkpoints of a run whose weights are kept, or put one of them into use."""
    run = existing_run(arguments.root, arguments.run)
    events = run.events()
    if arguments.use is None:
        chosen_step(run, events, "newest")  # there is one
    else:
        step = chosen_step(run, events, arguments.use)
        dataset = run_images(run, arguments.root, progress)

        from vae.latent.weights_in_use import put_into_use

        put_into_use(run, step, dataset, progress)
        progress.close()
    kept = kept_checkpoints(run, events)
    for each in kept:
        print(_line(each))
    in_use = next((each for each in kept if each.is_in_use), None)
    newest = kept[-1]
    if in_use is None:
        print(f"None is in use: {run.weights_file.name} is damaged. Choose one with --use.")
    else:
        print(f"Every command and every panel uses the weights of step {in_use.step:,}.")
    if in_use is not None and not in_use.is_newest:
        print(
            "Training goes on from the newest training state all the same, and its next "
            "checkpoint puts the newest weights back into use, as --use newest does."
        )
    if arguments.use is not None:
        print(run.weights_file)
    return {
        "run": run.name,
        "in_use": None if in_use is None else in_use.step,
        "newest": newest.step,
        "best": next((each.step for each in kept if each.is_best), None),
        "checkpoints": [asdict(each) for each in kept],
    }


def _line(kept: Kept) -> str:
    epoch = "?" if kept.epoch is None else f"{kept.epoch:,}"
    words = {"best": kept.is_best, "newest": kept.is_newest, "in use": kept.is_in_use}
    loss, elbo = (
        f"{name} {'-' if value is None else format(value, ',.1f'):>10}"
        for name, value in (("loss", kept.loss), ("elbo", kept.elbo))
    )
    told = ", ".join(word for word, is_so in words.items() if is_so)
    return f"step {kept.step:>9,}  epoch {epoch:>5}  {loss}  {elbo}  {told}".rstrip()
