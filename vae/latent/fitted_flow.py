"""The flow of a run: fitted to its codes, and kept in its folder with the weights it belongs to.

N images, D latent dimensions.
"""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from vae.atomic import atomic_write
from vae.data.dataset import Dataset
from vae.errors import FileError
from vae.latent.encoding import Floats, Progress, encode_posteriors, some_of
from vae.latent.fit_flow import MOST_IMAGES, STEPS, fit_flow
from vae.model.flow import Flow
from vae.model.networks import VAE
from vae.runs.folder import Run
from vae.runs.history import metadata_of


@dataclass(frozen=True)
class FittedFlow:
    """A flow, what it is worth, and the weights whose codes it was fitted to."""

    flow: Flow
    gain: float  # mean of log p(z) - log N(z; 0, I) on images that chose the flow, in nats
    digest: str  # of the weights file
    typical: Floats  # log p(mu) of some of those images, rising

    @property
    def identity(self) -> str:
        """What no other flow has, of the same weights either."""
        return f"{self.digest}:{self.gain!r}"

    def log_prob(self, z: Floats) -> Floats:
        """log p(z) of points [N, D], of each with 0 where z says nothing, as in `typical`. [N]"""
        with torch.inference_mode():
            points = self.flow.at_rest(torch.from_numpy(np.asarray(z, np.float32)))
            values: Floats = self.flow.log_prob(points).numpy()
        return values

    def sample(self, num: int, seed: int, temperature: float = 1.0) -> NDArray[np.float32]:
        """As `Flow.sample`. [num, D]"""
        z: NDArray[np.float32] = self.flow.sample(num, seed, temperature).numpy()
        return z


def flow_of(run: Run, digest: str) -> FittedFlow | None:
    """The flow in the run's folder; None where there is none of these weights."""
    try:
        found = load_flow(run.flow_file.read_bytes())
    except (FileNotFoundError, FileError):
        return None
    return found if found.digest == digest else None


def flow_made(
    run: Run,
    model: VAE,
    digest: str,
    dataset: Dataset,
    progress: Progress | None = None,
    steps: int = STEPS,
) -> FittedFlow:
    """The flow of these weights, from the run's folder or made and kept there.

    It is fitted to training images, `MOST_IMAGES` at most. Where the folder cannot be written, a
    line on standard error says so.
    """
    if found := flow_of(run, digest):
        return found
    index = dataset.train[some_of(len(dataset.train), MOST_IMAGES, 0)]
    mu, logvar = encode_posteriors(model, dataset, index, progress)
    if run.config().train.objective == "autoencoder":
        logvar[:] = -10.0  # it has no noise, and log variances that nothing was learnt of
    fit = fit_flow(mu, logvar, progress=progress, steps=steps)
    fitted = FittedFlow(fit.flow, fit.gain, digest, fit.typical)
    try:
        run.make_writable()
        atomic_write(run.flow_file, flow_bytes(fitted))
    except OSError as error:
        print(f"The flow could not be kept in the run's folder: {error}", file=sys.stderr)
    return fitted


def flow_bytes(fitted: FittedFlow) -> bytes:
    """A flow as the bytes of a safetensors file."""
    flow = fitted.flow
    sizes = [flow.latent_dim, len(flow.active), flow.hidden, flow.num_blocks]
    metadata = {"gain": repr(fitted.gain), "digest": fitted.digest, "sizes": json.dumps(sizes)}
    tensors = {
        name: (tensor.half() if name.startswith("velocity.") else tensor).contiguous()
        for name, tensor in flow.state_dict().items()
    }
    tensors["typical"] = torch.from_numpy(fitted.typical)
    return save_tensors(tensors, metadata)


def load_flow(data: bytes) -> FittedFlow:
    """The flow in the bytes of a file. Raises FileError where they are none."""
    try:
        metadata = metadata_of(io.BytesIO(data))
        tensors = load_tensors(data)
        typical: Floats = tensors.pop("typical").numpy()
        flow = Flow(*json.loads(metadata["sizes"]))
        flow.load_state_dict(tensors)
        flow.eval().requires_grad_(False)
        return FittedFlow(flow, float(metadata["gain"]), metadata["digest"], typical)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise FileError(f"flow.safetensors cannot be read: {reason}") from error
