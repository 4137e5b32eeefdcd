"""The flow: a map that can be turned round, whose density is as exact as its steps are."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vae.model import flow as module
from vae.model.flow import Flow
from vae.model.posterior import prior_log_prob

NEAR = {"rtol": 1e-3, "atol": 1e-3}  # what steps of finite length leave


def made(latent_dim: int = 6, num_active: int = 5) -> Flow:
    """A flow that changes much, with the last dimensions left out."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    flow = Flow(latent_dim, num_active, 16, 2).double()
    for parameter in flow.parameters():
        with torch.no_grad():
            parameter.copy_(0.2 * drawn(*parameter.shape))
    if flow.velocity is not None:
        with torch.no_grad():  # as in flows of codes, little changes from one step to the next
            flow.velocity.time.weight *= 0.1
    flow.centre = drawn(num_active)
    flow.root = torch.eye(num_active).double() + 0.3 * drawn(num_active, num_active).tril(-1)
    flow.root *= 0.7
    return flow.eval().requires_grad_(False)


def points(num: int = 8, latent_dim: int = 6) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(num, latent_dim, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("latent_dim", "num_active"), [(6, 5), (6, 6), (3, 2), (4, 1), (3, 0)])
def test_it_can_be_turned_round(latent_dim: int, num_active: int) -> None:
    flow, z = made(latent_dim, num_active), points(20, latent_dim)
    torch.testing.assert_close(flow.from_base(flow.to_base(z)), z, **NEAR)
    torch.testing.assert_close(flow.to_base(flow.from_base(z)), z, **NEAR)
    assert num_active < 2 or (flow.to_base(z) - flow.whitened(z).mean()).std() > 0.5


def test_it_carries_points_far() -> None:
    """Else what is tested here would hold of the linear map alone."""
    flow, z = made(6, 6), points()
    assert (flow.to_base(z) - flow.whitened(z)).abs().mean() > 0.3


def test_its_density_is_that_of_the_change_of_variables() -> None:
    flow, z = made(), points()
    for point, got in zip(z, flow.log_prob(z), strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda p: flow.to_base(p[None])[0], point)
        base = flow.to_base(point[None])[0]
        wanted = prior_log_prob(base) + torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(got, wanted, rtol=0, atol=0.01)


def test_a_divergence_is_the_trace_of_the_jacobian() -> None:
    velocity, x, t = made(6, 6).velocity, points(), torch.tensor(0.3, dtype=torch.float64)
    assert velocity is not None
    probes = points(3 * 8).reshape(3, 8, 6)
    got = velocity.divergence(x, t, probes)
    for n, point in enumerate(x):
        jacobian = torch.autograd.functional.jacobian(lambda p: velocity(p, t), point)
        wanted = torch.stack([probe @ jacobian @ probe for probe in probes[:, n]]).mean()
        torch.testing.assert_close(got[n], wanted)


def test_few_probes_are_right_in_the_mean_and_the_same_each_time() -> None:
    flow, z = made(), points(1)
    many = flow.log_prob(z.expand(20_000, -1), 1)
    error = (many.std() / len(many) ** 0.5).item()
    assert many.std() > 0.05
    assert many.mean().item() == pytest.approx(flow.log_prob(z).item(), abs=4 * error)
    torch.testing.assert_close(flow.log_prob(z, 2), flow.log_prob(z, 2), rtol=0, atol=0)


def test_many_points_are_measured_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    flow, z = made(), points(30)
    exact, estimated = flow.log_prob(z), flow.log_prob(z, 1)
    monkeypatch.setattr(module, "MOST_ROWS", 12)
    torch.testing.assert_close(flow.log_prob(z.reshape(5, 6, 6)).flatten(), exact)
    in_parts = flow.log_prob(z, 1)
    assert (in_parts - flow.log_prob(z[:12], 1).repeat(3)[:30]).std() > 0.05, "errors of their own"
    assert in_parts.mean().item() == pytest.approx(estimated.mean().item(), abs=0.5)
    assert flow.log_prob(z[:0]).shape == (0,)


def test_its_density_is_one_in_all() -> None:
    """By importance sampling from a wider normal density, in two dimensions."""
    flow = made(2, 2)
    z = 6 * points(200_000, 2)
    wide = torch.distributions.Normal(0.0, 6.0).log_prob(z).sum(1)
    assert torch.exp(flow.log_prob(z) - wide).mean() == pytest.approx(1.0, abs=0.02)


def test_what_says_nothing_stays_as_it_is() -> None:
    flow, z = made(6, 4), points()
    flow.active = torch.tensor([5, 0, 3, 2])
    base = flow.to_base(z)
    torch.testing.assert_close(base[:, [1, 4]], z[:, [1, 4]], rtol=0, atol=0)
    assert (base[:, [0, 2, 3, 5]] != z[:, [0, 2, 3, 5]]).all()
    torch.testing.assert_close(flow.from_base(base), z, **NEAR)
    at_rest = flow.at_rest(z)
    assert not at_rest[:, [1, 4]].any()
    torch.testing.assert_close(at_rest[:, [0, 2, 3, 5]], z[:, [0, 2, 3, 5]])


def test_no_velocity_changes_nothing() -> None:
    z = points(4, 3).float()
    torch.testing.assert_close(Flow(3, 0, 0, 0).log_prob(z), prior_log_prob(z))


def test_samples_are_of_the_seed_and_of_the_temperature() -> None:
    flow = made().float()
    torch.testing.assert_close(flow.sample(5, 3), flow.sample(5, 3), rtol=0, atol=0)
    assert (flow.sample(5, 3) != flow.sample(5, 4)).any()
    cold = flow.sample(5, 3, temperature=0.0)
    torch.testing.assert_close(cold, cold[:1].expand(5, -1))
    near = flow.to_base(flow.sample(5, 3, 0.5)).norm(dim=1)
    far = flow.to_base(flow.sample(5, 3, 1.0)).norm(dim=1)
    torch.testing.assert_close(2 * near, far, rtol=1e-3, atol=1e-3)
