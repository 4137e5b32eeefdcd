"""The command `select`: some images of a run, for a new data version or for elsewhere."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from vae.commands.open_run import Result, on_device, open_run_and_data, run_images
from vae.commands.progress import Progress
from vae.errors import InputError, reading
from vae.runs.folder import Run, data_cache, existing_run

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.data.versions.version_file import How

NUM_SHOWN = 24  # images in the text; --json has all


def select(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Choose images of a run: list them, train without them or on them alone, copy their files."""
    if arguments.highest_loss is not None and arguments.highest_loss < 1:
        raise InputError("--highest_loss must be at least 1.")
    losses: dict[int, float] = {}
    if arguments.highest_loss is not None:
        run, model, weights, dataset = open_run_and_data(arguments, progress)

        from vae.evaluation.image_losses import known_losses, losses_file

        known = known_losses(run, on_device(model), weights, dataset, progress)
        chosen = known.highest(arguments.highest_loss).tolist()
        losses = {image: float(known.loss[image]) for image in chosen}
    else:
        run = existing_run(arguments.root, arguments.run)
        dataset = run_images(run, arguments.root, progress)
        chosen = _images(arguments.images, dataset)
    progress.close()
    for image in chosen[:NUM_SHOWN]:
        loss = f"{losses[image]:>12,.1f} nats  " if losses else ""
        print(f"{loss}image {image}  {dataset.names[image]}")
    if len(chosen) > NUM_SHOWN:
        print(f"and {len(chosen) - NUM_SHOWN:,} more")
    version = _version(arguments, run, dataset, chosen)
    exported = _export(arguments, run, dataset, chosen, progress)
    if losses:
        print(losses_file(run))
    return {
        "run": run.name,
        "images": [
            {"image": image, "name": dataset.names[image]}
            | ({"loss": _finite(losses[image])} if losses else {})
            for image in chosen
        ],
        "version": version,
        "export": exported,
    }


def _finite(loss: float) -> float | None:
    return loss if abs(loss) < float("inf") else None


def _images(text: str, dataset: Dataset) -> list[int]:
    """The images that `text` names, or the lines of the file at `text`. Raises InputError."""
    from vae.directions.definitions import numbers_in

    file = Path(text)
    if not file.is_file():
        if not text[:1].isdecimal():
            raise InputError(
                f"There is no file {text!r}: give numbers such as 3,17,40-60, or a text file with "
                "a number or a name a line."
            )
        found = list(numbers_in(text))
    else:
        with reading(file):
            lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        places = {name: image for image, name in enumerate(dataset.names)}
        found = []
        for line in filter(None, map(str.strip, lines)):
            if line not in places and not line.isdecimal():
                raise InputError(
                    f"There is no image {line!r} in {dataset.name}, where names look like "
                    f"{dataset.names[0]!r} and numbers count from 0."
                )
            found.append(places[line] if line in places else int(line))
    beyond = [image for image in found if image >= len(dataset)]
    if beyond:
        raise InputError(f"There is no image {beyond[0]}: the data have 0 to {len(dataset) - 1}.")
    return list(dict.fromkeys(found))


def _version(
    arguments: argparse.Namespace, run: Run, dataset: Dataset, chosen: list[int]
) -> Result | None:
    """Make the data version that was asked for, and say how to train on it."""
    if arguments.keep is None and arguments.leave_out is None:
        return None

    from vae.data.versions.new_version import make_version

    how: How = "leave_out" if arguments.keep is None else "keep"
    name = arguments.leave_out if arguments.keep is None else arguments.keep
    cache = data_cache(arguments.root)
    file = make_version(cache, run.config().data, dataset, chosen, how, name)
    num_kept = len(dataset) - len(chosen) if how == "leave_out" else len(chosen)
    root = "" if arguments.root == Path("checkpoints") else f" --root {shlex.quote(str(run.root))}"
    print(
        f"Data version {file}: {num_kept:,} of the {len(dataset):,} images stay, "
        f"{len(dataset) - num_kept:,} are left out.\n"
        f"Train on it: python -m vae train {file.stem} --data {shlex.quote(str(file))}{root}"
    )
    return {
        "source": str(file),
        "how": how,
        "num_images": num_kept,
        "num_left_out": len(dataset) - num_kept,
    }


def _export(
    arguments: argparse.Namespace,
    run: Run,
    dataset: Dataset,
    chosen: list[int],
    progress: Progress,
) -> Result | None:
    """Copy the files that were asked for."""
    if arguments.export is None:
        return None

    from vae.data.versions.exported_files import export, files_of

    files = files_of(data_cache(arguments.root), run.config().data, dataset, chosen)
    num, num_originals = export(arguments.export, files, len(chosen), progress)
    progress.close()
    kinds = {num: "the files themselves", 0: "as PNG, as the model sees them"}
    what = kinds.get(num_originals, f"{num_originals:,} of them the files themselves, else PNG")
    print(f"{arguments.export}: {num:,} image{'s' * (num != 1)}, {what}.")
    return {"out": str(arguments.export), "num": num, "num_originals": num_originals}
