"""Does a direction do what its name says, and does its leakage table say what else it does?

    python benchmarks/directions.py [--sets synthetic cartoon] [--epochs 3] [--units 2]

A judge that knows nothing of the latent space, a small CNN trained on images and on their
reconstructions, looks at faces of the validation set that were moved by +- units along
directions made of attributes. Three ways to make them are compared: the difference of means, of
which the product makes a person's directions, the weights of a ridge readout, and the axes of the
attributes together (`vae/directions/attribute_axes.py`), which Sliders opens on.

    moved      what one unit does to the named attribute, in deviations of the judge's score
    flipped    of the faces that the judge calls off, the share that it calls on after + units
    leak       what one unit does to the other attributes, root mean square: by the judge, and as
               the leakage table predicts it
    agree      correlation of predicted and judged movement over all attributes

`synthetic` is the shipped run; `cartoon` trains one for `--epochs` on --archive. One thread.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae.data.dataset import Dataset, open_dataset
from vae.directions import contrasts, leakage
from vae.directions.attribute_axes import AttributeAxes, attribute_axes
from vae.directions.axes import axis_of
from vae.directions.definitions import Definition
from vae.latent.encoding import encode_images, to_unit
from vae.model.checkpoints import load_model
from vae.model.networks import VAE
from vae.runs.folder import Run, data_cache

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = ROOT.parent / "shared" / "data" / "cartoon_noble96" / "cartoon_noble96.zip"
NUM_TRAIN, NUM_VALIDATION = 6000, 1000  # images of the judge
NUM_MEANS = 3000  # images of the directions
NUM_FACES = 200  # moved
JUDGED = 0.5  # correlation with the truth on held-out images that a judge's score must have

MADE_OF = {
    "synthetic": [
        ("hair_style", "twin tails"),
        ("hair_style", "short"),
        ("fringe", "parted"),
        ("glasses", "round"),
        ("hair_hue", "around 0.333"),
        ("skin_tone", contrasts.UPPER),
        ("eye_openness", contrasts.UPPER),
        ("head_turn", contrasts.UPPER),
        ("head_nod", contrasts.UPPER),
        ("scale", contrasts.UPPER),
    ],
    "cartoon": [
        ("male", "1"),
        ("glasses", "0"),
        ("beard", "0"),
        ("mirrored", "1"),
        ("scale", contrasts.UPPER),
        ("dx", contrasts.UPPER),
        ("dy", contrasts.UPPER),
    ],
}


class Judge(nn.Module):
    """One score for each target of each attribute, from pixels."""

    def __init__(self, num_targets: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((3, 24), (24, 48), (48, 96), (96, 128)):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(num_targets))

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.layers(x)
        return scores


def targets_of(dataset: Dataset) -> tuple[list[str], list[bool], np.ndarray]:
    """Names, whether each is a class, and values [N, T] of everything that is known."""
    names, are_classes, columns = [], [], []
    index = np.arange(len(dataset))
    for name in dataset.attributes:
        labels, values = leakage.targets_of(name, dataset.attributes, dataset.classes, index)
        if len(labels) > 10 or not np.isfinite(values).all():
            continue
        names += [f"{name} {label}".strip() for label in labels]
        are_classes += [contrasts.is_class(name, dataset.attributes, dataset.classes)] * len(labels)
        columns.append(values)
    return names, are_classes, np.concatenate(columns, 1)


def train_judge(model: VAE, dataset: Dataset, epochs: int) -> tuple[Judge, np.ndarray]:
    """The judge, and how well each of its scores agrees with the truth on held-out images [T]."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    index = np.random.default_rng(0).permutation(dataset.train)[:NUM_TRAIN]
    _, are_classes, everything = targets_of(dataset)
    values = everything[index]
    centre, spread = values.mean(0), values.std(0) + 1e-9
    is_class = torch.tensor(are_classes)
    y = torch.from_numpy(np.where(are_classes, values, (values - centre) / spread)).float()
    judge, pixels = Judge(len(are_classes)), dataset.take(index)
    with torch.no_grad():
        judge(to_unit(pixels[:2]))
    adam = torch.optim.Adam(judge.parameters(), 2e-3)
    steps = epochs * (len(index) // 64)
    falling = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, steps)
    for _ in range(epochs):
        for some in torch.randperm(len(index), generator=generator).split(64)[: len(index) // 64]:
            x = to_unit(pixels[some.numpy()])
            with torch.no_grad():
                x[::2] = model.decode(model.encode(x[::2]).mu)
            scores, wanted = judge(x), y[some]
            by_class = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
            loss = torch.where(is_class, by_class, (scores - wanted).square()).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            falling.step()
    judge.eval()
    held_out = dataset.validation[:NUM_VALIDATION]
    truth = everything[held_out]
    scores = judged(judge, to_unit(dataset.take(held_out)))
    quality = [np.corrcoef(scores[:, t], truth[:, t])[0, 1] for t in range(truth.shape[1])]
    return judge, np.nan_to_num(np.array(quality))


@torch.inference_mode()
def judged(judge: Judge, x: Tensor) -> np.ndarray:
    return torch.cat([judge(some) for some in x.split(100)]).numpy()


def faces(model: VAE, z: np.ndarray) -> Tensor:
    with torch.inference_mode():
        return torch.cat([model.decode(some) for some in torch.from_numpy(z).float().split(100)])


def cartoon(archive: Path, epochs: int, root: Path) -> Run:
    """A run on the archive, trained now."""
    words = ["train", "cartoon", "--root", str(root), f"--train.epochs={epochs}"]
    words += [f"--data={archive}", "--data.image_size=64", "--data.num_images=4000"]
    subprocess.run(
        [sys.executable, "-m", "vae", *words],
        check=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Run(root / "cartoon")


def vector_of(axes: AttributeAxes, attribute: str, value: str, dataset: Dataset) -> np.ndarray:
    """Of length 1, towards a class, a place on the circle, or more of a quantity. [D]"""
    vector = axes.moves[0]
    if axes.kind == "choice":
        vector = axes.values[axes.labels.index(value)] @ axes.moves
    elif axes.kind == "circle":
        period = contrasts.period_of(dataset.attributes[attribute])
        angle = 2 * np.pi * float(value.removeprefix("around ")) / period
        vector = np.array([np.cos(angle), np.sin(angle)]) @ axes.moves
    elif axes.labels and value not in axes.labels:
        vector = -vector
    length: np.ndarray = vector / np.linalg.norm(vector)
    return length


def compare(name: str, run: Run, cache: Path, units: float, judge_epochs: int) -> None:
    model, weights = load_model(run)
    dataset = open_dataset(run.config().data, cache)
    began = time.perf_counter()
    judge, quality = train_judge(model, dataset, judge_epochs)
    names, _, _ = targets_of(dataset)
    some = np.sort(np.random.default_rng(1).permutation(dataset.train)[:NUM_MEANS])
    latents = encode_images(model, dataset, some, weights.step)
    mu, attributes, classes = latents.mu, dataset.attributes, dataset.classes
    read = leakage.readouts(some, mu, attributes, classes)
    rows = {
        f"{one.attribute} {label}".strip(): (one.weights[t] / one.deviations[t], one.explained[t])
        for one in read
        for t, label in enumerate(one.labels)
    }
    readable = np.array([n in rows and rows[n][1] >= leakage.READABLE for n in names])
    seen = np.flatnonzero(readable & (quality >= JUDGED))
    weight = np.stack([rows[names[t]][0] for t in seen])  # [T, D]
    z = encode_images(model, dataset, dataset.validation[:NUM_FACES], weights.step).mu
    still = judged(judge, faces(model, z))[:, seen]
    spread, upper = still.std(0), np.percentile(still, 75, axis=0)
    print(
        f"\n{name}: weights of step {weights.step}, directions from {len(some)} images, "
        f"{len(seen)} of {len(names)} targets judged and readable, {units:g} units, "
        f"judge trained in {time.perf_counter() - began:.0f} s"
    )
    header = f"{'direction':<28}{'made by':<9}{'moved':>7}{'flipped':>9}"
    print(header + f"{'leak judged':>13}{'predicted':>11}{'agree':>7}  largest leak by the judge")
    of_all = {a.attribute: a for a in attribute_axes(read, some, mu, attributes, classes)}
    totals: dict[str, list[list[float]]] = {"means": [], "ridge": [], "axes": []}
    for attribute, value in MADE_OF[name]:
        definition = Definition("x", attribute=attribute, value=value)
        axis = axis_of(definition, {}, some, mu, attributes, classes)
        on, off = contrasts.sides(attribute, value, attributes, classes, some)
        target = f"{attribute} {value}".strip() if f"{attribute} {value}" in names else attribute
        own = [k for k, t in enumerate(seen) if names[t].startswith(attribute)]
        it = [k for k, t in enumerate(seen) if names[t] == target]
        there = mu[on | off].astype(np.float64)
        w = leakage.ridge(there, on[on | off][:, None].astype(np.float64))[0]
        joint = vector_of(of_all[attribute], attribute, value, dataset)
        ways = {"means": axis.vector, "ridge": w / np.linalg.norm(w), "axes": joint}
        for way, vector in ways.items():
            unit = float((mu @ vector).std())
            up, down = (
                judged(judge, faces(model, z + side * units * unit * vector))[:, seen]
                for side in (1, -1)
            )
            change = (up - down).mean(0) / spread / (2 * units)  # deviations per unit
            predicted = unit * weight @ vector
            others = [k for k in range(len(seen)) if k not in own]
            circle = float(np.linalg.norm(change[own])) if own else float("nan")
            moved = change[it[0]] if it else circle
            is_off = still[:, it[0]] <= max(upper[it[0]], 0.0) if it else np.zeros(0, bool)
            flips = up[is_off, it[0]] > max(upper[it[0]], 0.0) if it else np.zeros(0)
            flipped = float(flips.mean()) if len(flips) else float("nan")
            leak, foreseen = (
                float(np.sqrt((change_[others] ** 2).mean())) for change_ in (change, predicted)
            )
            agree = float(np.corrcoef(change, predicted)[0, 1])
            worst = max(others, key=lambda k: abs(change[k]))
            totals[way].append([moved, flipped, leak, foreseen, agree])
            print(
                f"{attribute + ' ' + value:<28}{way:<9}{moved:7.2f}{flipped:9.0%}{leak:13.2f}"
                f"{foreseen:11.2f}{agree:7.2f}  {names[seen[worst]]} {change[worst]:+.2f} "
                f"(predicted {predicted[worst]:+.2f})"
            )
    for way, numbers in totals.items():
        moved, flipped, leak, foreseen, agree = np.nanmean(np.array(numbers), 0)
        print(
            f"{'mean':<28}{way:<9}{moved:7.2f}{flipped:9.0%}{leak:13.2f}{foreseen:11.2f}{agree:7.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=list(MADE_OF), default=list(MADE_OF))
    parser.add_argument("--epochs", type=int, default=3, help="of the VAE of `cartoon`")
    parser.add_argument("--judge_epochs", type=int, default=5)
    parser.add_argument("--units", type=float, default=2.0)
    parser.add_argument("--archive", type=Path, default=ARCHIVE)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.sets:
            run, cache = Run(ROOT / "checkpoints" / "anime-faces"), data_cache(Path(folder))
            if name == "cartoon":
                run = cartoon(arguments.archive, arguments.epochs, Path(folder))
            compare(name, run, cache, arguments.units, arguments.judge_epochs)


if __name__ == "__main__":
    main()
