"""How long a map of neighbours takes, how true it is, whether it repeats and goes on: a table.

    python -m vae train digits --data MNIST --model.name mlp --model.latent_dim 32 --train.epochs 4
    python -m vae encode digits --data MNIST --out means.npz
    python -m vae train digits --train.epochs 6
    python -m vae encode digits --data MNIST --out later.npz
    python -m benchmarks.neighbour_maps means.npz later.npz [--systems ours pacmap ...]
    python -m benchmarks.neighbour_maps --points 1000000  # ours alone, on points of our own drawing

Each layout is made in a process of its own, so that imports and compilation count, as they do for
who waits; then once more in the same process, compiled. Another process repeats it with the same
seed, and goes on from it to the means of later weights. *Trustworthiness* (Venna & Kaski 2001) is
exact for 2,000 drawn points among all; *kept* is the part of their 15 nearest that are still among
their 15 nearest. *Apart* is the Procrustes distance, 0 for the same shape and 1 for another.
umap-learn comes with the product; the others by `pip install pacmap openTSNE torchdr`.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
System = Callable[[Floats, Floats | None], Floats]

NEIGHBOURS = 15
NUM_ASKED = 2000


# ------------------------------------------------------------------------------- systems


def _silent(*_: object) -> None:
    return None


def _started(init: Floats) -> Floats:
    """An earlier layout at the scale at which layouts begin."""
    return (init - init.mean(0)) / init.std(0)[0] * 1e-4


def ours(mu: Floats, init: Floats | None) -> Floats:
    from vae.latent.projection import umap

    return umap(mu, 0, _silent, init)


def umap_seeded(mu: Floats, init: Floats | None) -> Floats:
    from umap import UMAP

    start = "pca" if init is None else init
    some = UMAP(n_neighbors=NEIGHBOURS, random_state=0, n_jobs=1, init=start)
    return np.asarray(some.fit_transform(mu), np.float32)


def umap_threads(mu: Floats, init: Floats | None) -> Floats:
    from umap import UMAP

    start = "pca" if init is None else init
    return np.asarray(UMAP(n_neighbors=NEIGHBOURS, init=start).fit_transform(mu), np.float32)


def pacmap(mu: Floats, init: Floats | None) -> Floats:
    from pacmap import PaCMAP

    start = "pca" if init is None else init
    return np.asarray(PaCMAP(random_state=0).fit_transform(mu, init=start), np.float32)


def opentsne(mu: Floats, init: Floats | None) -> Floats:
    from openTSNE import TSNE

    start = "pca" if init is None else _started(init)
    return np.asarray(TSNE(random_state=0, n_jobs=-1, initialization=start).fit(mu), np.float32)


def torchdr(mu: Floats, init: Floats | None) -> Floats:
    import torch
    from torchdr import UMAP

    device = "cuda" if torch.cuda.is_available() else "cpu"
    start = "pca" if init is None else torch.from_numpy(init)
    some = UMAP(n_neighbors=NEIGHBOURS, init=start, random_state=0, device=device)
    return np.asarray(some.fit_transform(mu), np.float32)


SYSTEMS: dict[str, System] = {
    "ours": ours,
    "umap_seeded": umap_seeded,
    "umap_threads": umap_threads,
    "pacmap": pacmap,
    "opentsne": opentsne,
    "torchdr": torchdr,
}


# ------------------------------------------------------------------------------ measures


def faithfulness(mu: Floats, xy: Floats, rows: NDArray[np.int64]) -> tuple[float, float]:
    """Trustworthiness of a layout at these rows among all, and the part of neighbours kept."""
    from sklearn.neighbors import NearestNeighbors

    num, k = len(mu), NEIGHBOURS
    near = NearestNeighbors(n_neighbors=k + 1).fit(xy).kneighbors(xy[rows], return_distance=False)
    points = mu.astype(np.float64)
    squares = (points**2).sum(1)
    beyond = kept = 0
    for row, found in zip(rows, near, strict=True):
        apart = squares - 2 * points @ points[row]
        apart[row] = -np.inf
        order = np.sort(apart)
        ranks = np.searchsorted(order, apart[found[found != row][:k]])
        beyond += int(np.maximum(ranks - k, 0).sum())
        kept += int((ranks <= k).sum())
    asked = len(rows) * k
    return 1 - 2 * beyond / (asked * (2 * num - 3 * k - 1)), kept / asked


def apart(one: Floats, other: Floats) -> float:
    from scipy.spatial import procrustes

    return float(procrustes(one, other)[2])


def drawn(num: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).choice(num, min(num, NUM_ASKED), replace=False)


def peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


# ----------------------------------------------------------------------------- processes


def in_process(name: str, means: Path, start: Path | None, out: Path, is_again: bool) -> None:
    """Lay out the means, write the layout, and print the seconds as JSON."""
    mu = np.load(means)["mu"]
    init = None if start is None else np.load(start)
    began = time.perf_counter()
    xy = SYSTEMS[name](mu, init)
    seconds = time.perf_counter() - began
    told = {"seconds": seconds, "cpu": time.process_time(), "gigabytes": peak_gigabytes()}
    if is_again:
        began = time.perf_counter()
        again = SYSTEMS[name](mu, init)
        told |= {"again": time.perf_counter() - began, "is_same": bool((xy == again).all())}
    np.save(out, xy)
    print(json.dumps(told))


def many(num: int, num_fitted: int | None) -> str:
    """Ours on `num` points near a curved surface of 8 dimensions in 32: a line of figures."""
    from vae.latent import projection, umap_layout

    if num_fitted is not None:
        umap_layout.NUM_FITTED = num_fitted
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(50, 8)) * 2
    bent, flat = draw.normal(size=(2, 8, 32)) / 4
    mu = np.empty((num, 32), np.float32)
    for start in range(0, num, 2**15):
        some = mu[start : start + 2**15]
        inner = centres[draw.integers(0, 50, len(some))] + draw.normal(size=(len(some), 8))
        some[:] = np.sin(inner @ bent) + inner @ flat + 0.1 * draw.normal(size=some.shape)
    before = peak_gigabytes()
    marks: list[tuple[str, float]] = []

    def progress(what: str, *_: int) -> None:
        if not marks or marks[-1][0] != what:
            marks.append((what, time.perf_counter()))

    xy = projection.umap(mu, 0, progress)
    marks.append(("end", time.perf_counter()))
    parts = [f"{a[0]} {b[1] - a[1]:.0f} s" for a, b in itertools.pairwise(marks)]
    rows = umap_layout.some_of(num, umap_layout.num_fitted(num), 0)
    some = np.random.default_rng(1).choice(num, min(num, 500), replace=False)
    is_placed = ~np.isin(some, rows)
    truth = [faithfulness(mu, xy, some[one])[0] for one in (~is_placed, is_placed) if one.any()]
    began = time.perf_counter()
    projection.pca(mu)
    return (
        f"{num:,} points, {len(rows):,} of them by UMAP: {', '.join(parts)}; resident "
        f"{before:.2f} GB before and {peak_gigabytes():.2f} GB at most; trustworthiness of those "
        f"by UMAP and of the placed {', '.join(f'{one:.4f}' for one in truth)}; PCA "
        f"{time.perf_counter() - began:.1f} s"
    )


def run(name: str, means: Path, start: Path | None, out: Path, is_again: bool) -> dict[str, float]:
    words = [name, str(means), str(start or "-"), str(out), str(int(is_again))]
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.neighbour_maps", "--process"]
    done = subprocess.run([*command, *words], stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def row_of(name: str, means: Path, later: Path, folder: Path) -> str:
    """One line of the table."""
    first, second, on = (folder / f"{name}-{part}.npy" for part in ("first", "second", "later"))
    cold = run(name, means, None, first, True)
    run(name, means, None, second, False)
    warm = run(name, later, first, on, False)
    mu, then = np.load(means)["mu"], np.load(later)["mu"]
    xy, other, kept = np.load(first), np.load(second), np.load(on)
    rows = drawn(len(mu))
    trust, share = faithfulness(mu, xy, rows)
    trust_on, _ = faithfulness(then, kept, rows)
    repeats = "bit for bit" if (xy == other).all() else f"apart {apart(xy, other):.3f}"
    return (
        f"| {name} | {cold['seconds']:.1f} | {cold['cpu']:.0f} | {cold['again']:.1f} | "
        f"{cold['gigabytes']:.2f} | {trust:.4f} | {share:.3f} | {repeats} | "
        f"{warm['seconds']:.1f} | {apart(xy, kept):.3f} | {trust_on:.4f} |"
    )


def main() -> None:
    words = sys.argv[1:]
    if words[:1] == ["--process"]:
        name, means, start, out, is_again = words[1:]
        in_process(
            name, Path(means), None if start == "-" else Path(start), Path(out), is_again == "1"
        )
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("means", type=Path, nargs="?")
    parser.add_argument("later", type=Path, nargs="?")
    parser.add_argument("--points", type=int, help="draw so many, and map them by ours alone")
    parser.add_argument("--num_fitted", type=int, help="of these, in place of the usual number")
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    arguments = parser.parse_args(words)
    if arguments.points is not None:
        print(many(arguments.points, arguments.num_fitted))
        return
    heads = "system|s|CPU s|s again|GB|trust|kept|same seed|s on|apart on|trust on".split("|")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    needed = {"pacmap": "pacmap", "torchdr": "torchdr", "opentsne": "openTSNE"}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.systems:
            if name in needed and importlib.util.find_spec(needed[name]) is None:
                print(f"| {name} | not installed |")
                continue
            print(row_of(name, arguments.means, arguments.later, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
