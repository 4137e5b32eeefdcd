"""What a notebook needs of a run: `import vae` offers these functions by their names.

N images, H = W pixels, C channels (1 or 3), D latent dimensions, K key points, S steps.

    import vae

    model, weights = vae.load("checkpoints/anime-faces")
    z = vae.sample(model, 8, seed=0)
    vae.save("faces.png", vae.grid(vae.decode(model, z), columns=4))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae import pictures
from vae.option_choices import Curve
from vae.pictures import grid as grid
from vae.runs.events import images_of
from vae.runs.folder import Run, data_cache

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


def load(folder: str | Path, checkpoint: str | int | None = None) -> tuple[VAE, Weights]:
    """The model of a run's folder, frozen, on the CPU, and what its weights file says.

    `checkpoint`: best, newest or a step that `python -m vae checkpoint RUN` lists; None: the one in
    use. A folder that `python -m vae export` wrote will do as well. Raises InputError, FileError.
    """
    from vae.model.checkpoints import load_model

    return load_model(Run(Path(folder)), checkpoint)


def dataset(folder: str | Path) -> Dataset:
    """The images that a run was trained on: ``dataset(folder).take([0, 17])`` has some of them.

    Raises InputError where they are gone.
    """
    from vae.data.run_images import open_run_images

    run = Run(Path(folder))
    events = run.events()
    cache = data_cache(run.root.absolute())
    return open_run_images(run.config(events).data, cache, images_of(events))


def encode(model: VAE, images: Pixels) -> Floats:
    """Posterior means of images [N, H, W, C]. [N, D]"""
    import torch

    from vae.latent.encoding import to_unit

    device = next(model.parameters()).device
    with torch.inference_mode():
        mu: Floats = model.encode(to_unit(images, device)).mu.cpu().numpy()
    return mu


def decode(model: VAE, z: Floats | Sequence[Sequence[float]]) -> Pixels:
    """The mean of p(x given z) as pixels. z [N, D] -> [N, H, W, C]"""
    import torch

    device = next(model.parameters()).device
    with torch.inference_mode():
        x = model.decode(torch.from_numpy(np.array(z, np.float32)).to(device))
    return pictures.from_unit(x.cpu().numpy())


def sample(model: VAE, num: int, seed: int = 0) -> Floats:
    """Points of the prior N(0, I). [num, D]"""
    import torch

    from vae.latent.encoding import sample_prior

    z: Floats = sample_prior(num, model.latent_dim, torch.Generator().manual_seed(seed)).numpy()
    return z


def interpolate(keys: Floats, steps: int, kind: Curve = "slerp") -> Floats:
    """`steps` points from the first to the last of K key points [K, D]. [S, D]

    `kind`: slerp or lerp. Raises InputError.
    """
    import torch

    from vae.latent import paths

    points: Floats = paths.interpolate(list(torch.from_numpy(np.array(keys))), steps, kind).numpy()
    return points


def save(file: str | Path, images: Pixels, **settings: Any) -> None:
    """Write one picture [H, W, C] as .png, or pictures [N, H, W, C] as .gif, .webp or .mp4.

    `settings`: of an animation, as vae.pictures.animation has them. Raises InputError, FileError.
    """
    file = Path(file)
    if images.ndim == 3:
        pictures.write_still(file, images)
    else:
        pictures.write_animation(file, list(pictures.to_rgb(images)), **settings)
