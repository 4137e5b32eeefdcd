"""What follows the last step: a flow of the codes, where one is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.vae.training.test_trainer import TINY, train
from vae.config import with_values
from vae.data.dataset import open_dataset
from vae.latent.encoding import encode_posteriors
from vae.latent.fit_flow import fit_flow
from vae.latent.fitted_flow import flow_of
from vae.latent.weights_in_use import put_into_use
from vae.model.checkpoints import load_model
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.runs.history import steps_in_history
from vae.training import ending
from vae.training.state import prepare
from vae.training.trainer import Trainer

SEVERAL = with_values(
    TINY, {"data.num_images": 700, "train.epochs": 2, "model.name": "mlp", "train.warmup_steps": 30}
)


def digest_of(run: Run) -> str:
    return load_model(run)[1].digest


def test_a_finished_run_has_the_flow_of_its_weights(tmp_path: Path) -> None:
    run, _ = train(tmp_path / "a", SEVERAL)
    found = flow_of(run, digest_of(run))
    assert found is not None
    assert found.gain > 0.1
    event = last_event(run.events(), "flow")
    assert event["gain"] == pytest.approx(found.gain)
    assert run.events()[-1]["kind"] == "end"
    again, _ = train(tmp_path / "a", with_values(SEVERAL, {"train.epochs": 3}))
    assert digest_of(again) != found.digest
    assert flow_of(again, digest_of(again)) is not None


def test_a_flow_is_of_the_codes_of_the_weights_in_use(tmp_path: Path) -> None:
    """Older ones were put into use, and the finished run is started again."""
    run, _ = train(tmp_path / "a", with_values(SEVERAL, {"train.checkpoint_every": 3}))
    dataset = open_dataset(SEVERAL.data, tmp_path / ".data")
    put_into_use(run, steps_in_history(run)[0], dataset)
    older = load_model(run)[0]
    _, status = train(tmp_path / "a", with_values(SEVERAL, {"train.checkpoint_every": 3}))
    assert status == "finished"
    found = flow_of(run, digest_of(run))
    assert found is not None
    mu, logvar = encode_posteriors(older, dataset, dataset.train)
    wanted = fit_flow(mu, logvar, steps=last_event(run.events(), "end")["step"]).flow
    z = torch.from_numpy(mu[:5])
    torch.testing.assert_close(found.flow.log_prob(z), wanted.log_prob(z), rtol=1e-3, atol=1e-2)


def test_it_has_none_where_none_is_wanted_or_it_is_not_over(tmp_path: Path) -> None:
    run, status = train(tmp_path / "a", with_values(TINY, {"model.prior": "normal"}))
    assert status == "finished"
    assert not run.flow_file.exists()
    run, status = train(tmp_path / "b", pause_at=5)
    assert status == "paused"
    assert not run.flow_file.exists()


def test_a_limit_is_an_end_too(tmp_path: Path) -> None:
    run, status = train(tmp_path / "a", with_values(TINY, {"train.max_minutes": 1e-9}))
    assert status == "stopped"
    assert run.flow_file.exists()


@pytest.mark.parametrize("when", ["encode", "flow"])
def test_a_request_ends_it_without_a_flow(tmp_path: Path, when: str) -> None:
    """The run is finished all the same: its last step was taken."""
    run, dataset = Run(tmp_path / "a"), open_dataset(SEVERAL.data, tmp_path / ".data")
    trainer = Trainer(run, prepare(run, SEVERAL, dataset), dataset)
    told: list[str] = []

    def asked() -> str:
        return "stop" if when in told else ""

    assert trainer.train(asked, lambda what, done, total: told.append(what)) == "finished"
    assert told.count(when) == 1
    assert not run.flow_file.exists()
    assert "asked to end first" in last_event(run.events(), "note")["text"]
    assert last_event(run.events(), "end")["status"] == "finished"
    assert trainer.run.status() == "finished"
    train(tmp_path / "a", SEVERAL)
    assert run.flow_file.exists()


def test_a_flow_that_fails_leaves_the_run_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("not enough memory")

    monkeypatch.setattr(ending, "flow_made", failing)
    run, status = train(tmp_path / "a")
    assert status == run.status() == "finished"
    text = last_event(run.events(), "note")["text"]
    assert text.startswith("The flow could not be fitted:")
    assert text.endswith("not enough memory")


def test_an_autoencoder_has_a_flow_of_its_means(tmp_path: Path) -> None:
    """Its log variances were never trained, and say noise of about 1."""
    config = with_values(SEVERAL, {"train.objective": "autoencoder", "train.warmup_steps": 0})
    run, _ = train(tmp_path / "a", config)
    found = flow_of(run, digest_of(run))
    assert found is not None
    dataset = open_dataset(config.data, tmp_path / ".data")
    mu, _ = encode_posteriors(load_model(run)[0], dataset, dataset.train)
    spread = found.flow.sample(2000, 0).std(0)
    np.testing.assert_allclose(spread, mu.std(0), rtol=0.35)
