"""Where a run has a flow of its weights, the page goes by it; else by the posterior means."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.components import typicality
from explorer.panels.sliders import panel as sliders
from explorer.state import chosen_path, opened_run
from explorer.state.session import Session
from vae.errors import InputError
from vae.latent.aggregate import fit_aggregate
from vae.latent.encoding import load_latents, save_latents
from vae.latent.flow_paths import FlowRoads
from vae.latent.paths import Roads
from vae.runs.folder import Run


@pytest.fixture
def session(trained_root: Path, tmp_path: Path) -> Session:
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    return Session(tmp_path, Run(tmp_path / "tiny"))


def without_flow(session: Session) -> Session:
    session.run.flow_file.unlink()
    return session


def test_typicality_is_the_rank_of_its_density(session: Session) -> None:
    mu, fitted = load_latents(session.run.latents_file).mu, session.flow()
    assert fitted is not None
    density = fitted.flow.log_prob(torch.from_numpy(mu)).numpy()
    for z, here in zip(mu, density, strict=True):
        share = typicality.share_of(session, z)
        assert share == pytest.approx((fitted.typical < here).mean())
    assert typicality.share_of(session, fitted.sample(1, 0, temperature=0)[0]) == 1
    assert typicality.share_of(session, np.full(mu.shape[1], 50.0)) == 0


def test_without_a_flow_it_is_that_of_the_aggregate_posterior(session: Session) -> None:
    latents = load_latents(without_flow(session).run.latents_file)
    aggregate = fit_aggregate(latents.mu, latents.logvar, seed=0)
    for z in latents.mu:
        assert typicality.share_of(session, z) == aggregate.typicality(z)


def test_where_nothing_is_active_it_says_so(session: Session) -> None:
    latents = load_latents(session.run.latents_file)
    z = latents.mu[0].copy()
    latents.mu[:] = 0
    save_latents(session.run.latents_file, latents)
    with pytest.raises(InputError, match="No latent dimension is active"):
        typicality.share_of(session, z)


def test_dense_paths_go_along_the_flow_where_there_is_one(session: Session) -> None:
    assert isinstance(chosen_path.roads(session), FlowRoads)
    assert isinstance(chosen_path.roads(without_flow(session)), Roads)


def test_random_points_are_of_the_flow_first(session: Session) -> None:
    opened = opened_run.opened(session)
    assert opened is not None
    samples = sliders._samples(opened)
    assert list(samples) == ["the flow", "the data"]
    fitted = session.flow()
    assert fitted is not None
    np.testing.assert_allclose(samples["the flow"], fitted.sample(64, 0), atol=1e-4)
    assert list(sliders._samples(opened_run.opened(without_flow(session)))) == ["the data"]


def test_a_flow_of_other_weights_is_not_used(session: Session) -> None:
    """As after `checkpoint --use best`."""
    data = session.run.weights_file.read_bytes()
    session.run.weights_file.write_bytes(data.replace(b'"epoch":"2"', b'"epoch":"1"'))
    assert session.flow() is None
    assert isinstance(chosen_path.roads(session), Roads)
