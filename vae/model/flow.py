"""A prior that fits: a continuous flow between N(0, I) and where the codes of images lie.

The aggregate posterior q(z) = mean over images of q(z given x) is not N(0, I), and what is drawn
from N(0, I) falls into its gaps. A flow carries noise e along a field of velocities: x(0) = e,
dx/dt = v(x, t), and x(1) is z, up to a linear map that makes mean and covariance those of N(0, I).
Gone back, it is a map e = f(z), and log p(z) = log N(f(z); 0, I) - the integral of div v along the
way + log |det| of the linear map (Chen et al. 2018, arXiv:1806.07366). How v is learnt is in
`latent/fit_flow.py`. Dimensions that say nothing about images stay as they are.

D latent dimensions, A of them active, N points, P probes.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae.model.posterior import prior_log_prob

STEPS = 16  # of Runge and Kutta's method of fourth order
SIMPSON = [c / 3 for c in (1, *(4, 2) * (STEPS // 2 - 1), 4, 1)]  # rule, for the divergence
NUM_FREQUENCIES, FASTEST = 32, 100.0  # of the waves that tell the time
MOST_ROWS = 16_384  # points times probes that are held at once
NEVER_ZERO = 1e-5  # added to a variance


class Block(nn.Module):
    """h + W silu(V norm(h))."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)

    def forward(self, h: Tensor) -> Tensor:
        """[..., hidden]"""
        normed = F.layer_norm(h, h.shape[-1:], eps=NEVER_ZERO)
        added: Tensor = self.last(F.silu(self.first(normed)))
        return h + added

    def with_change(self, h: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and how it changes where h [N, hidden] changes by `change` [P, N, hidden]."""
        centred = h - h.mean(-1, keepdim=True)
        scale = (centred.square().mean(-1, keepdim=True) + NEVER_ZERO).rsqrt()
        normed = centred * scale
        own = change - change.mean(-1, keepdim=True)
        own = scale * (own - normed * (normed * own).mean(-1, keepdim=True))
        before = self.first(normed)
        gate = torch.sigmoid(before)
        slope = gate * (1 + before * (1 - gate))
        after = F.linear(slope * F.linear(own, self.first.weight), self.last.weight)
        return h + self.last(before * gate), change + after


class Velocity(nn.Module):
    """v(x, t): where a point is carried at a time."""

    frequencies: Tensor

    def __init__(self, size: int, hidden: int, num_blocks: int) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(size, hidden), nn.Linear(hidden, size)
        self.time = nn.Linear(2 * NUM_FREQUENCIES, hidden)
        self.blocks = nn.ModuleList(Block(hidden) for _ in range(num_blocks))
        frequencies = torch.exp(torch.linspace(0, math.log(FASTEST), NUM_FREQUENCIES))
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """[N, A], and [N, 1] or a number -> [N, A]"""
        h = self._entered(x, t)
        for block in self.blocks:
            h = block(h)
        velocity: Tensor = self.leave(F.silu(h))
        return velocity

    def divergence(self, x: Tensor, t: Tensor, probes: Tensor) -> Tensor:
        """The mean over probes e [P, N, A] of e . (dv/dx) e. [N]

        That is div v, the trace of dv/dx, where the mean of e e' is the identity, or is expected
        to be.
        """
        h, change = self._entered(x, t), F.linear(probes, self.enter.weight)
        for block in self.blocks:
            assert isinstance(block, Block)
            h, change = block.with_change(h, change)
        gate = torch.sigmoid(h)
        change = F.linear(gate * (1 + h * (1 - gate)) * change, self.leave.weight)
        divergence: Tensor = (change * probes).sum(-1).mean(0)
        return divergence

    def _entered(self, x: Tensor, t: Tensor) -> Tensor:
        angles = t[..., None] * self.frequencies if t.dim() == 0 else t * self.frequencies
        waves = torch.cat([torch.sin(angles), torch.cos(angles)], -1)
        entered: Tensor = self.enter(x) + self.time(waves)
        return entered


class Flow(nn.Module):
    """p(z), a density of z [N, D] that can be measured and drawn from."""

    active: Tensor
    centre: Tensor
    root: Tensor

    def __init__(self, latent_dim: int, num_active: int, hidden: int, num_blocks: int) -> None:
        """At first the linear map that changes nothing; that alone where nothing is `hidden`."""
        super().__init__()
        self.latent_dim, self.hidden, self.num_blocks = latent_dim, hidden, num_blocks
        self.register_buffer("active", torch.arange(num_active))
        self.register_buffer("centre", torch.zeros(num_active))
        self.register_buffer("root", torch.eye(num_active))  # Cholesky's, of the covariance
        is_curved = hidden > 0 and num_active > 0
        self.velocity = Velocity(num_active, hidden, num_blocks) if is_curved else None

    def whitened(self, z: Tensor) -> Tensor:
        """The active dimensions of z, with the linear map taken back. [N, D] -> [N, A]"""
        x = (z[:, self.active] - self.centre).T
        whitened: Tensor = torch.linalg.solve_triangular(self.root, x, upper=False).T
        return whitened

    def at_rest(self, z: Tensor) -> Tensor:
        """z with 0 where it says nothing, in which samples differ from means. [N, D]"""
        return torch.zeros_like(z).index_copy(1, self.active, z[:, self.active])

    def to_base(self, z: Tensor) -> Tensor:
        """e = f(z), which is N(0, I) where z is p(z). [N, D] -> [N, D]"""
        e, _ = self._carried(self.whitened(z), 1.0, 0.0)
        return z.index_copy(1, self.active, e)

    def from_base(self, e: Tensor) -> Tensor:
        """z = f^-1(e). [N, D] -> [N, D]"""
        x, _ = self._carried(e[:, self.active], 0.0, 1.0)
        return e.index_copy(1, self.active, x @ self.root.T + self.centre)

    def log_prob(self, z: Tensor, num_probes: int | None = None) -> Tensor:
        """log p(z) in nats, as exact as the steps are. [..., D] -> [...]

        With `num_probes` the divergence of each point is estimated (Hutchinson 1990): quicker where
        D is large, with an error of mean 0 which differs from point to point, in 64 dimensions of
        10 nats with 1 probe. The same points have the same errors each time.
        """
        points = z.reshape(-1, self.latent_dim)
        generator = torch.Generator().manual_seed(0)
        num = len(self.active)
        is_exact = num_probes is None or num_probes >= num
        most = max(1, MOST_ROWS // max(1, num if is_exact else num_probes or 1))
        found = [torch.zeros(0).to(points)]
        for part in torch.split(points, most):
            x = self.whitened(part)
            if is_exact:
                probes = (math.sqrt(num) * torch.eye(num).to(x))[:, None].expand(num, len(x), num)
            else:
                signs = torch.randint(0, 2, (num_probes or 1, *x.shape), generator=generator)
                probes = (2 * signs - 1).to(x)
            e, divergence = self._carried(x, 1.0, 0.0, probes)
            base = part.index_copy(1, self.active, e)
            found.append(prior_log_prob(base) + divergence - self.root.diagonal().log().sum())
        return torch.cat(found).reshape(z.shape[:-1])

    @torch.inference_mode()
    def sample(self, num: int, seed: int, temperature: float = 1.0) -> Tensor:
        """Points of p(z), their noise times `temperature`: 1 is p(z), 0 one point. [num, D]

        The same seed gives the same points, nearer to or further from that one.
        """
        noise = torch.randn(num, self.latent_dim, generator=torch.Generator().manual_seed(seed))
        return self.from_base(temperature * noise)

    def _carried(
        self, x: Tensor, start: float, end: float, probes: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Where points x [N, A] are at time `end`, and the integral of div v on the way. [N]"""
        total, size = x.new_zeros(len(x)), (end - start) / STEPS
        if self.velocity is None:
            return x, total
        for step in range(STEPS):
            now = start + size * step
            total = total + size * SIMPSON[step] * self._divergence(x, now, probes)
            first = self._velocity(x, now)
            second = self._velocity(x + size / 2 * first, now + size / 2)
            third = self._velocity(x + size / 2 * second, now + size / 2)
            last = self._velocity(x + size * third, now + size)
            x = x + size / 6 * (first + 2 * second + 2 * third + last)
        return x, total + size * SIMPSON[-1] * self._divergence(x, end, probes)

    def _velocity(self, x: Tensor, time: float) -> Tensor:
        assert self.velocity is not None
        velocity: Tensor = self.velocity(x, x.new_tensor(time))
        return velocity

    def _divergence(self, x: Tensor, time: float, probes: Tensor | None) -> Tensor:
        """0 where nobody asks. [N]"""
        if probes is None or self.velocity is None:
            return x.new_zeros(len(x))
        return self.velocity.divergence(x, x.new_tensor(time), probes)
