"""The command `directions`: what a run keeps of them, what each moves, a new one, one removed."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from vae.commands.open_run import Result, open_run_and_data
from vae.commands.progress import Progress
from vae.errors import InputError, writing
from vae.runs.folder import Run

NUM_SHOWN = 5  # attributes that a direction moves, in the text


def directions(arguments: argparse.Namespace, progress: Progress) -> Result:
    """List the directions of a run and what each moves; make one or remove one."""
    if arguments.add is not None and arguments.remove is not None:
        raise InputError("--add and --remove are two commands: give one of them.")
    run, model, _, dataset = open_run_and_data(arguments, progress)

    from vae.directions import leakage
    from vae.directions.axes import axes_of, cosines
    from vae.directions.contrasts import values_of
    from vae.directions.definitions import (
        Definition,
        add_direction,
        load_directions,
        numbers_in,
        remove_direction,
    )
    from vae.latent.encoding import load_latents, means_with

    if arguments.remove is not None:
        remove_direction(_writable(run), arguments.remove)
    definitions = load_directions(run.directions_file)
    added = []
    if arguments.add is not None:
        if bool(arguments.attribute) == bool(arguments.a or arguments.b):
            raise InputError("A direction needs --attribute, or the two groups --a and --b.")
        name, value = arguments.attribute, arguments.value
        if not value and name in dataset.attributes:
            values = values_of(name, dataset.attributes, dataset.classes)
            value = values[0] if len(values) == 1 else ""
        added = [
            Definition(
                arguments.add.strip(),
                numbers_in(arguments.a),
                numbers_in(arguments.b),
                name,
                value,
                tuple(arguments.orthogonal_to),
            )
        ]
    means = [path for path in (run.latents_file, run.maps / "pca.npz") if path.is_file()]
    if not means:
        raise InputError(f"Run {run.name} has no posterior means yet: train it first.")
    points = load_latents(max(means, key=lambda path: path.stat().st_mtime_ns))
    wanted = {image for one in [*definitions, *added] for image in (*one.a, *one.b)}
    known = dataset.attributes, dataset.classes
    index, mu = means_with(points, wanted, model, dataset)
    axes, failed = axes_of([*definitions, *added], index, mu, *known)
    for one in added:
        if one.name in failed:
            raise InputError(failed[one.name])
        add_direction(_writable(run), one)
        definitions.append(one)

    read = leakage.readouts(points.index, points.mu, *known)
    angles = cosines(axes)
    rows: list[Result] = []
    for one in definitions:
        row: Result = asdict(one)
        if one.name in failed:
            rows.append(row | {"error": failed[one.name]})
            continue
        axis, place = axes[one.name], list(axes).index(one.name)
        row |= {"unit": axis.unit, "num_a": axis.num_a, "num_b": axis.num_b}
        row["leakage"] = [
            asdict(move) | {"is_readable": move.is_readable}
            for move in leakage.leakage(axis, read, *known)
        ]
        row["cosines"] = {
            other: float(cosine)
            for other, cosine in zip(axes, angles[place], strict=True)
            if other != one.name
        }
        rows.append(row)
    _print(run, rows)
    return {"run": run.name, "directions": rows}


def _writable(run: Run) -> Path:
    """The file of the directions, where it may be written."""
    with writing(run.directions_file):
        run.make_writable()
    return run.directions_file


def _print(run: Run, rows: list[Result]) -> None:
    """A direction a paragraph: what it moves most, in standard deviations."""
    if not rows:
        print(f"Run {run.name} has no directions: make one with --add.")
    for row in rows:
        print(row["name"])
        if "error" in row:
            print(f"  {row['error']}")
            continue
        print(f"  mean of {row['num_a']:,} images minus mean of {row['num_b']:,}")
        for move in [move for move in row["leakage"] if move["is_readable"]][:NUM_SHOWN]:
            name = f"{move['attribute']} {move['towards']}".strip()
            print(f"  {name:<28} {move['deviations']:+.2f}")
