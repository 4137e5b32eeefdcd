"""Paths through dense regions along a flow: great arcs in its base, where all is dense.

N images, D latent dimensions, S points of a path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vae.latent.encoding import Floats
from vae.latent.fitted_flow import FittedFlow
from vae.latent.paths import RESOLUTION, lerp, slerp

NUM_CARRIED = 65  # points of a leg that are carried along the flow; lines join them
FAR = 3.0  # times the usual distance sqrt D of a point of the base from its origin


@dataclass(frozen=True)
class FlowRoads:
    """A flow fitted to the codes, in whose base dense regions are those near the great arcs."""

    fitted: FittedFlow

    @torch.inference_mode()
    def leg(self, a: Floats, b: Floats) -> Floats:
        """The curve from a [D] to b [D] that is a great arc in the base. [RESOLUTION, D]

        A straight line where an end lies far from all codes: there the flow was never fitted.
        """
        ends = torch.from_numpy(np.stack([a, b]).astype(np.float32))
        base = self.fitted.flow.to_base(ends)
        if not (base.norm(dim=1) <= FAR * base.shape[1] ** 0.5).all():
            return lerp(ends[0], ends[1], torch.linspace(0, 1, RESOLUTION)).numpy()
        arc = slerp(base[0], base[1], torch.linspace(0, 1, NUM_CARRIED))
        carried: Floats = self.fitted.flow.from_base(arc).numpy()
        carried[0], carried[-1] = a, b
        places, parts = np.linspace(0, 1, RESOLUTION), np.linspace(0, 1, NUM_CARRIED)
        columns = [np.interp(places, parts, column) for column in carried.T]
        return np.stack(columns, axis=1).astype(np.float32)

    def log_density(self, z: Floats) -> Floats:
        """log p(z) of points [S, D] above that of a typical image, in nats; 0 is typical. [S]"""
        density: Floats = self.fitted.log_prob(z) - np.median(self.fitted.typical)
        return density
