"""How far a set of images is from the real ones: the Frechet distance between their features.

N images, F features, H = W pixels.

Heusel et al. 2017 (arXiv:1706.08500), equation 6: both sets of features are taken for Gaussians,
and the distance between the two is squared Wasserstein-2, Dowson & Landau 1982. It depends on the
network, the number of images and how they are resized: a result names all three, and only results
that agree in them may be compared.

Two networks. `RandomFeatures` needs no file: a small convolutional network with fixed random
weights, as Naeem et al. 2020 (arXiv:2002.09797, section 3.2) argue for where the pictures are
unlike ImageNet's. `InceptionFeatures` is the network of the published FIDs, by the package
torch-fidelity and a file of weights that the user has; nothing is downloaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vae.errors import FileError, InputError

Doubles = NDArray[np.float64]
Pixels = NDArray[np.uint8]

RANDOM_NAME = "random-conv-v1"  # another name as soon as a weight differs
INCEPTION_NAME = "inception-v3-compat"  # as torch-fidelity calls it
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"  # where torch.hub keeps downloads
WIDTHS = (16, 32, 64, 128)
SIZE = 64  # pixels a side that the random network looks at
BATCH = 64


class Network(Protocol):
    """Turns images into features."""

    name: str
    resize: str  # in words

    def features(self, images: Pixels) -> Doubles:
        """Features of pictures [N, H, W, C], C 1 or 3. [N, F]"""


class RandomFeatures:
    """Mean and deviation over the places of each channel of four random layers. F = 480."""

    name = RANDOM_NAME
    resize = f"to {SIZE} px where larger or smaller, bilinear with antialiasing"

    def __init__(self) -> None:
        # The one generator of numpy whose stream is frozen for good, NEP 19.
        random = np.random.RandomState(20200221)
        self.weights, before = [], 3
        for width in WIDTHS:
            weight = random.standard_normal((width, before, 3, 3)) * math.sqrt(2 / (9 * before))
            self.weights.append(torch.from_numpy(weight.astype(np.float32)))
            before = width

    @torch.inference_mode()
    def features(self, images: Pixels) -> Doubles:
        """Features of pictures [N, H, W, C], C 1 or 3. [N, 480]"""
        return np.concatenate(
            [self._of(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        )

    def _of(self, images: Pixels) -> Doubles:
        x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
        x = x.expand(-1, 3, -1, -1)
        if x.shape[2:] != (SIZE, SIZE):
            x = F.interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True)
        found: list[Tensor] = []
        for weight in self.weights:
            x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), weight))
            found += [x.mean((2, 3)), x.std((2, 3), correction=0)]
            x = F.avg_pool2d(x, 2)
        result: Doubles = torch.cat(found, 1).double().numpy()
        return result


class InceptionFeatures:
    """The 2048 pooled features that published FIDs are made of; needs the package torch-fidelity.

    Raises InputError where the package or the weights are missing or something else.
    """

    name = INCEPTION_NAME
    resize = "to 299 px, bilinear as TensorFlow 1, inside the network"

    def __init__(self, weights: Path) -> None:
        try:
            module: Any = importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")
        except ImportError as error:
            raise InputError(
                f"Inception features need the package torch-fidelity ({error}): pip install "
                "torch-fidelity, or leave out --inception to use the built-in network."
            ) from error
        try:
            # The package unpickles the file without a check; this one refuses anything but tensors.
            torch.load(weights, map_location="cpu", weights_only=True)
            extractor = module.FeatureExtractorInceptionV3
            self._network = extractor(self.name, ["2048"], feature_extractor_weights_path=weights)
        except Exception as error:  # torch raises almost anything for a broken file
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise FileError(
                f"{weights} is not the file of torch-fidelity's Inception weights: {reason}"
            ) from error
        self._network.eval()

    @torch.inference_mode()
    def features(self, images: Pixels) -> Doubles:
        """Features of pictures [N, H, W, C], C 1 or 3. [N, 2048]"""
        found = []
        for start in range(0, len(images), BATCH):
            x = torch.from_numpy(np.ascontiguousarray(images[start : start + BATCH]))
            x = x.permute(0, 3, 1, 2).expand(-1, 3, -1, -1).contiguous()
            found.append(self._network(x)[0].double().numpy())
        return np.concatenate(found)


def network(inception: Path | None) -> Network:
    """Inception where a file of its weights is given or lies in torch's cache; else the random one.

    The file in the cache counts only where torch-fidelity is installed. Raises InputError.
    """
    if inception is not None:
        if not inception.is_file():
            raise InputError(f"There is no file {inception} with Inception weights.")
        return InceptionFeatures(inception)
    there = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_FILE
    if there.is_file() and importlib.util.find_spec("torch_fidelity") is not None:
        return InceptionFeatures(there)
    return RandomFeatures()


class Gaussian(NamedTuple):
    """Mean and covariance of features."""

    mean: Doubles  # [F]
    covariance: Doubles  # [F, F], by N - 1


def gaussian(features: Doubles) -> Gaussian:
    """Mean and covariance of features [N, F], N >= 2."""
    return Gaussian(features.mean(0), np.atleast_2d(np.cov(features, rowvar=False)))


def distance(a: Gaussian, b: Gaussian) -> float:
    """Frechet distance of two Gaussians, at least 0; Heusel et al. 2017 equation 6.

    |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)). The trace of the root is taken of the
    symmetric C_a^(1/2) C_b C_a^(1/2), which has the same eigenvalues.
    """
    values, vectors = np.linalg.eigh(a.covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    between = np.linalg.eigvalsh(root @ b.covariance @ root)
    together = float(np.sqrt(np.maximum(between, 0.0)).sum())
    apart = float(((a.mean - b.mean) ** 2).sum())
    traces = float(np.trace(a.covariance) + np.trace(b.covariance))
    return max(0.0, apart + traces - 2 * together)
