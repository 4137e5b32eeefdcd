"""A prior that fits: a normalising flow between N(0, I) and where the codes of images lie.

The aggregate posterior q(z) = mean over images of q(z given x) is not N(0, I), and what is drawn
from N(0, I) falls into its gaps. A flow is a map e = f(z) that can be turned round, so that
log p(z) = log N(f(z); 0, I) + log |det df/dz| is exact (Rezende & Mohamed 2015). Ours is of affine
couplings (Dinh et al. 2017, Real NVP) between fixed rotations, after a linear map that makes mean
and covariance those of N(0, I). Dimensions that say nothing about images stay as they are.

D latent dimensions, A of them active, N points.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vae.model.posterior import prior_log_prob

LOG_SCALE_BOUND = 2.0  # of one coupling, softly


class Coupling(nn.Module):
    """Rotates, and then scales and shifts one half of the numbers by what the other half says."""

    rotation: Tensor

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.num_given = size // 2
        self.net = nn.Sequential(
            nn.Linear(self.num_given, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 * (size - self.num_given)),
        )
        self.register_buffer("rotation", torch.eye(size))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, A] -> [N, A], and the log determinant [N]"""
        x = x @ self.rotation
        given, rest = x[:, : self.num_given], x[:, self.num_given :]
        shift, log_scale = self._of(given)
        return torch.cat([given, (rest - shift) * torch.exp(-log_scale)], 1), -log_scale.sum(1)

    def inverse(self, x: Tensor) -> Tensor:
        """[N, A] -> [N, A]"""
        given, rest = x[:, : self.num_given], x[:, self.num_given :]
        shift, log_scale = self._of(given)
        return torch.cat([given, rest * torch.exp(log_scale) + shift], 1) @ self.rotation.T

    def _of(self, given: Tensor) -> tuple[Tensor, Tensor]:
        shift, raw = self.net(given).chunk(2, 1)
        return shift, LOG_SCALE_BOUND * torch.tanh(raw / LOG_SCALE_BOUND)


class Flow(nn.Module):
    """p(z), a density of z [N, D] that can be measured and drawn from."""

    active: Tensor
    centre: Tensor
    root: Tensor

    def __init__(self, latent_dim: int, num_active: int, num_couplings: int, hidden: int) -> None:
        """The flow that changes nothing."""
        super().__init__()
        self.latent_dim, self.hidden = latent_dim, hidden
        self.register_buffer("active", torch.arange(num_active))
        self.register_buffer("centre", torch.zeros(num_active))
        self.register_buffer("root", torch.eye(num_active))  # Cholesky's, of the covariance
        if num_active < 2:  # one half would be empty
            num_couplings = 0
        self.couplings = nn.ModuleList(Coupling(num_active, hidden) for _ in range(num_couplings))

    def to_base(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """e = f(z), which is N(0, I) where z is p(z), and log |det df/dz|. [N, D] -> [N, D], [N]"""
        x = (z[:, self.active] - self.centre).T
        x = torch.linalg.solve_triangular(self.root, x, upper=False).T
        log_det = -self.root.diagonal().log().sum().expand(len(z))
        for coupling in self.couplings:
            x, more = coupling(x)
            log_det = log_det + more
        return z.index_copy(1, self.active, x), log_det

    def from_base(self, e: Tensor) -> Tensor:
        """z = f^-1(e). [N, D] -> [N, D]"""
        x = e[:, self.active]
        for coupling in reversed(self.couplings):
            assert isinstance(coupling, Coupling)
            x = coupling.inverse(x)
        return e.index_copy(1, self.active, x @ self.root.T + self.centre)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z) in nats. [..., D] -> [...]"""
        e, log_det = self.to_base(z.reshape(-1, self.latent_dim))
        return (prior_log_prob(e) + log_det).reshape(z.shape[:-1])

    @torch.inference_mode()
    def sample(self, num: int, seed: int, temperature: float = 1.0) -> Tensor:
        """Points of p(z), their noise times `temperature`: 1 is p(z), 0 one point. [num, D]

        The same seed gives the same points, nearer to or further from that one.
        """
        noise = torch.randn(num, self.latent_dim, generator=torch.Generator().manual_seed(seed))
        return self.from_base(temperature * noise)
