"""Paths through dense regions along a flow: great arcs in its base, where all is dense.

N images, D latent dimensions, S points of a path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vae.latent.encoding import Floats
from vae.latent.paths import RESOLUTION, lerp, slerp
from vae.model.flow import Flow

FAR = 3.0  # times the usual distance sqrt D of a point of the base from its origin


@dataclass(frozen=True)
class FlowRoads:
    """A flow fitted to the codes, in whose base dense regions are those near the great arcs."""

    flow: Flow
    typical: float  # median of log p(z) over posterior means

    @torch.inference_mode()
    def leg(self, a: Floats, b: Floats) -> Floats:
        """The curve from a [D] to b [D] that is a great arc in the base. [RESOLUTION, D]

        A straight line where an end lies far from all codes: there the flow was never fitted.
        """
        ends = torch.from_numpy(np.stack([a, b]).astype(np.float32))
        base = self.flow.to_base(ends)[0]
        if not (base.norm(dim=1) <= FAR * base.shape[1] ** 0.5).all():
            return lerp(ends[0], ends[1], torch.linspace(0, 1, RESOLUTION)).numpy()
        arc = slerp(base[0], base[1], torch.linspace(0, 1, RESOLUTION))
        curve: Floats = self.flow.from_base(arc).numpy()
        curve[0], curve[-1] = a, b
        return curve

    def log_density(self, z: Floats) -> Floats:
        """log p(z) of points [S, D] above that of a typical image, in nats; 0 is typical. [S]"""
        return log_prob_of(self.flow, z) - np.float32(self.typical)


def flow_roads(flow: Flow, mu: Floats) -> FlowRoads:
    """The roads of a flow among posterior means [N, D]."""
    return FlowRoads(flow, float(np.median(log_prob_of(flow, mu))))


@torch.inference_mode()
def log_prob_of(flow: Flow, z: Floats) -> Floats:
    """log p(z) of each point [N, D] under a flow, in nats. [N]"""
    values: Floats = flow.log_prob(torch.from_numpy(np.asarray(z, np.float32))).numpy()
    return values
