"""What is minimised: each objective against its formula, in numbers and in the trainer."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vae.config import Config, ModelConfig, TrainConfig, with_values
from vae.data.dataset import open_dataset
from vae.errors import InputError
from vae.latent.encoding import to_unit
from vae.latent.fixed_noise import noise
from vae.model.elbo import Terms, kl_parts
from vae.model.likelihoods import Gaussian
from vae.model.networks import VAE
from vae.model.posterior import Posterior
from vae.option_choices import LIKELIHOODS
from vae.runs.config_file import from_json
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.training.objectives import Objective
from vae.training.state import prepare
from vae.training.trainer import Trainer
from vae.training.validation import Validation, validate

NUM_IMAGES = 40


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_terms(num_samples: int = 1) -> Terms:
    mu = torch.randn(16, 3, generator=generator(1)) * torch.tensor([2.0, 1.0, 0.1])
    posterior = Posterior(mu, torch.randn(16, 3, generator=generator(2)) - 1)
    eps = torch.randn(num_samples, 16, 3, generator=generator(3))
    nll = 50 + 10 * torch.randn(num_samples, 16, generator=generator(4))
    return Terms(nll, posterior.sample(eps), posterior)


def measure(terms: Terms, step: int | None = 1000, **options: Any) -> dict[str, float]:
    objective = Objective(TrainConfig(**options), NUM_IMAGES)
    measures = objective.measure(terms, objective.weights(step))
    assert tuple(measures) == objective.names
    return {name: value.item() for name, value in measures.items()}


def kl_of(terms: Terms) -> torch.Tensor:
    """By torch.distributions. [N, D]"""
    posterior = terms.posterior
    return kl_divergence(Normal(posterior.mu, posterior.sigma), Normal(0.0, 1.0))


def test_whatever_is_minimised_nll_and_kl_are_the_same() -> None:
    terms = some_terms(4)
    options: list[dict[str, Any]] = [
        {},
        {"beta": 4.0},
        {"free_bits": 0.5},
        {"capacity": 3.0},
        {"estimator": "sampled"},
        {"objective": "importance_weighted", "num_samples": 4},
        {"objective": "beta_tc", "beta": 3.0},
        {"objective": "autoencoder"},
    ]
    for given in options:
        measures = measure(terms, **given)
        assert measures["nll"] == pytest.approx(terms.nll_of_sample.mean().item())
        assert measures["kl"] == pytest.approx(kl_of(terms).sum(1).mean().item())


def test_the_elbo_is_weighted_by_beta_in_the_loss() -> None:
    terms = some_terms()
    plain, heavy = measure(terms), measure(terms, beta=4.0)
    assert plain["loss"] == pytest.approx(-terms.elbo.mean().item())
    assert heavy["loss"] == pytest.approx(heavy["nll"] + 4 * heavy["kl"])


def test_beta_and_capacity_rise_with_the_steps() -> None:
    terms = some_terms()
    kl, nll = measure(terms)["kl"], measure(terms)["nll"]
    for step, part in ((0, 0.0), (5, 0.5), (10, 1.0), (99, 1.0), (None, 1.0)):
        loss = measure(terms, step, beta=2.0, warmup_steps=10)["loss"]
        assert loss == pytest.approx(nll + 2 * part * kl)
        loss = measure(terms, step, beta=100.0, warmup_steps=10, capacity=8.0)["loss"]
        assert loss == pytest.approx(nll + 100 * abs(kl - 8 * part))  # Burgess et al.: beta stays
    cyclical = {"warmup_steps": 5, "cycle_steps": 10}
    for step, beta in ((0, 0.0), (2, 0.4), (5, 1.0), (9, 1.0), (10, 0.0), (12, 0.4), (None, 1.0)):
        assert measure(terms, step, **cyclical)["loss"] == pytest.approx(nll + beta * kl)


def test_free_bits_cost_nothing_and_pull_at_nothing() -> None:
    """Kingma et al. 2016: the maximum with the batch's mean, dimension by dimension."""
    terms = some_terms()
    kl_per_dim = kl_of(terms).mean(0)
    level = (kl_per_dim.sort().values[:2].mean()).item()  # one dimension lies below it
    measures = measure(terms, free_bits=level)
    wanted = sum(max(level, kl) for kl in kl_per_dim.tolist())
    assert measures["loss"] == pytest.approx(measures["nll"] + wanted)
    mu = terms.posterior.mu.clone().requires_grad_()
    free = Terms(terms.nll_of_sample, terms.z, Posterior(mu, terms.posterior.logvar))
    objective = Objective(TrainConfig(free_bits=level), NUM_IMAGES)
    objective.measure(free, objective.weights(0))["loss"].backward()
    assert mu.grad is not None
    assert (mu.grad.abs().sum(0) > 0).tolist() == (kl_per_dim > level).tolist()


def test_the_sampled_estimator_has_the_analytic_one_as_its_mean() -> None:
    terms = some_terms(20_000)
    sampled = measure(terms, estimator="sampled", beta=2.0)
    assert sampled["loss"] == pytest.approx(measure(terms, beta=2.0)["loss"], abs=0.05)
    assert sampled["loss"] != measure(terms, beta=2.0)["loss"]


def test_the_importance_weighted_loss_is_the_negative_bound() -> None:
    """In plain numbers: log of the mean of p(x, z) / q(z given x)."""
    terms = some_terms(5)
    q = Normal(terms.posterior.mu, terms.posterior.sigma)
    log_p = -terms.nll_of_sample + Normal(0.0, 1.0).log_prob(terms.z).sum(2)
    weights = (log_p - q.log_prob(terms.z).sum(2)).double().exp()
    measures = measure(terms, objective="importance_weighted", num_samples=5)
    assert measures["bound"] == pytest.approx(weights.mean(0).log().mean().item())
    assert measures["loss"] == -measures["bound"]


def test_beta_tc_weighs_the_total_correlation_alone() -> None:
    terms = some_terms()
    parts = kl_parts(terms.posterior, terms.z[0], NUM_IMAGES)
    plain = measure(terms, objective="beta_tc")
    heavy = measure(terms, objective="beta_tc", beta=6.0)
    assert plain["loss"] == pytest.approx(measure(terms, estimator="sampled")["loss"], rel=1e-5)
    extra = 5 * parts.total_correlation.item()
    assert heavy["loss"] - plain["loss"] == pytest.approx(extra, rel=1e-3)
    assert heavy["total_correlation"] == pytest.approx(parts.total_correlation.item())


def test_an_autoencoder_has_no_noise_and_minimises_the_nll() -> None:
    terms = some_terms()
    assert measure(terms, objective="autoencoder")["loss"] == pytest.approx(terms.nll.mean().item())
    assert Objective(TrainConfig(objective="autoencoder"), 1).beta(0) == 0.0


# ------------------------------------------------------------------------------ refused at the door


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"objective": "vae"}, "elbo, importance_weighted"),
        ({"objective": "importance_weighted"}, "train.num_samples"),
        (
            {"objective": "importance_weighted", "num_samples": 5, "estimator": "analytic"},
            "train.estimator",
        ),
        ({"objective": "importance_weighted", "num_samples": 5, "beta": 2.0}, "train.beta"),
        ({"objective": "autoencoder", "free_bits": 0.1}, "train.free_bits"),
        ({"objective": "autoencoder", "beta": 2.0}, "train.beta"),
        ({"objective": "autoencoder", "num_samples": 2}, "train.num_samples"),
        ({"objective": "beta_tc", "num_samples": 2}, "train.num_samples"),
        ({"objective": "beta_tc", "batch_size": 1}, "train.batch_size"),
        ({"free_bits": 0.1, "capacity": 5.0}, "train.capacity and train.free_bits"),
        ({"free_bits": 0.1, "estimator": "sampled"}, "train.free_bits"),
        ({"capacity": 5.0, "cycle_steps": 10}, "train.cycle_steps"),
        ({"cycle_steps": 10}, "train.warmup_steps"),
        ({"cycle_steps": 10, "warmup_steps": 11}, "train.warmup_steps"),
        ({"free_bits": -1.0}, "train.free_bits"),
        ({"capacity": math.inf}, "train.capacity"),
        ({"estimator": "magic"}, "analytic, sampled"),
        ({"lr_schedule": "step"}, "constant, cosine"),
    ],
)
def test_what_contradicts_itself_is_refused_in_one_sentence(
    options: dict[str, Any], named: str
) -> None:
    with pytest.raises(InputError) as caught:
        TrainConfig(**options)
    sentence = str(caught.value)
    assert named in sentence
    assert sentence.count(". ") == 0
    assert sentence.endswith(".")


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian_bands", "gaussian_per_pixel"])
def test_a_fixed_sigma_belongs_to_likelihoods_that_have_one(likelihood: str) -> None:
    with pytest.raises(InputError, match=r"model\.sigma .* model\.likelihood"):
        ModelConfig(likelihood=likelihood, sigma=0.1)


def test_a_config_from_before_there_were_objectives_is_the_elbo() -> None:
    document = {
        "data": {"source": "synthetic"},
        "model": {"name": "conv", "likelihood": "gaussian", "sigma": None},
        "train": {"epochs": 3, "lr": 0.001, "beta": 2.0, "warmup_steps": 5},
    }
    train = from_json(json.dumps(document)).train
    assert (train.objective, train.beta, train.lr_schedule) == ("elbo", 2.0, "constant")
    assert Objective(train, 10).beta(None) == 2.0


def test_the_old_sigma_of_a_state_is_found_where_it_was() -> None:
    """Runs of older versions hold these names in their weights."""
    names = set(VAE(ModelConfig(name="mlp"), (3, 16, 16)).state_dict())
    assert {"likelihood.squared_error", "likelihood.num_updates"} <= names
    assert isinstance(VAE(ModelConfig(name="mlp"), (3, 16, 16)).likelihood, Gaussian)


# ------------------------------------------------------------------------------------ in the model


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("network", ["conv", "mlp"])
def test_every_likelihood_has_a_decoder_that_fits(name: str, network: str) -> None:
    config = ModelConfig(network, 4, (4, 4, 4, 4, 4), 16, name)
    model = VAE(config, (3, 20, 20))
    x = torch.rand(6, 3, 20, 20, generator=generator())
    eps = torch.randn(5, 6, 4, generator=generator())
    terms = model(x, eps)
    assert terms.nll.shape == terms.kl.shape == (6,)
    assert terms.log_weights.shape == (5, 6)
    assert model.decode(terms.z[0]).shape == x.shape
    assert torch.isfinite(terms.elbo).all()


def test_samples_of_one_pass_are_those_of_many() -> None:
    model = VAE(ModelConfig("mlp", 4, hidden_dim=16), (1, 8, 8)).eval()
    x = torch.rand(6, 1, 8, 8, generator=generator())
    eps = torch.randn(5, 6, 4, generator=generator())
    together = model(x, eps)
    for i in range(5):
        alone = model(x, eps[i])
        torch.testing.assert_close(together.nll_of_sample[i], alone.nll)
        torch.testing.assert_close(together.z[i], alone.z[0])


def test_mu_and_sigma_come_from_the_encoder() -> None:
    """Some tutorials have them come from the decoder."""
    model = VAE(ModelConfig("mlp", 4, hidden_dim=16), (1, 8, 8))
    posterior = model.encode(torch.rand(2, 1, 8, 8, generator=generator()))
    total = posterior.mu.sum() + posterior.logvar.sum()
    decoder = torch.autograd.grad(
        total, list(model.decoder.parameters()), allow_unused=True, retain_graph=True
    )
    assert all(gradient is None for gradient in decoder)
    encoder = torch.autograd.grad(total, list(model.encoder.parameters()))
    assert all(gradient.abs().sum() > 0 for gradient in encoder)


# ---------------------------------------------------------------------------------- in the trainer

TINY = with_values(
    Config(),
    {
        "data.num_images": 60,
        "data.image_size": 32,
        "model.name": "mlp",
        "model.hidden_dim": 32,
        "model.latent_dim": 6,
        "train.batch_size": 16,
        "train.epochs": 2,
        "train.checkpoint_every": 5,
    },
)
OBJECTIVES: dict[str, dict[str, Any]] = {
    "beta": {"train.beta": 4.0, "train.warmup_steps": 4},
    "cyclical": {"train.warmup_steps": 2, "train.cycle_steps": 3},
    "capacity": {"train.capacity": 5.0, "train.warmup_steps": 4, "train.beta": 10.0},
    "free bits": {"train.free_bits": 0.3},
    "samples": {"train.num_samples": 3},
    "sampled": {"train.estimator": "sampled"},
    "importance weighted": {"train.objective": "importance_weighted", "train.num_samples": 3},
    "beta-tc": {"train.objective": "beta_tc", "train.beta": 6.0},
    "autoencoder": {"train.objective": "autoencoder"},
    "laplace": {"model.likelihood": "laplace"},
    "bands": {"model.likelihood": "gaussian_bands"},
    "per pixel": {"model.likelihood": "gaussian_per_pixel"},
}


def make_trainer(folder: Path, config: Config) -> Trainer:
    run = Run(folder)
    dataset = open_dataset(config.data, folder.parent / ".data")
    return Trainer(run, prepare(run, config, dataset), dataset)


def train(folder: Path, config: Config, pause_at: int | None = None) -> Trainer:
    trainer = make_trainer(folder, config)
    trainer.train(lambda: "pause" if trainer.step == pause_at else "", lambda *_: None)
    return trainer


def validated(trainer: Trainer) -> Validation:
    """What the first 6 validation images say."""
    return validate(trainer.model, trainer.dataset, trainer.objective, trainer.step, 6)


def best(trainer: Trainer) -> tuple[float, int]:
    return trainer.state.best_loss, trainer.state.best_step


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_trains_and_goes_on_as_if_it_had_never_stopped(
    tmp_path: Path, name: str
) -> None:
    config = with_values(TINY, OBJECTIVES[name])
    whole = train(tmp_path / "whole", config)
    train(tmp_path / "parts", config, pause_at=3)
    parts = train(tmp_path / "parts", config)
    state = parts.model.state_dict()
    for key, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, state[key]), key
    evaluation = last_event(parts.run.events(), "eval")
    assert evaluation["loss"] == last_event(whole.run.events(), "eval")["loss"]
    for kind in ("step", "eval"):
        event = last_event(parts.run.events(), kind)
        assert event["elbo"] == pytest.approx(-(event["nll"] + event["kl"]))
        assert ("bound" in event) == (name == "importance weighted")
        assert ("total_correlation" in event) == (name == "beta-tc")
    assert best(parts) == best(whole)


def test_every_objective_leads_elsewhere(tmp_path: Path) -> None:
    """What is logged as the loss is also what the gradient is taken of."""
    ends = [train(tmp_path / "elbo", TINY).model.state_dict()["encoder.1.weight"]]
    for name, options in OBJECTIVES.items():
        end = train(tmp_path / name, with_values(TINY, options)).model.state_dict()
        assert not any(torch.equal(end["encoder.1.weight"], other) for other in ends), name
        ends.append(end["encoder.1.weight"])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_loss_of_an_evaluation_is_that_of_training(tmp_path: Path, name: str) -> None:
    """Another weight there, or a mean of means, would keep the wrong checkpoint."""
    trainer = train(tmp_path / "a", with_values(TINY, OBJECTIVES[name]))
    terms, _, final_loss = validated(trainer)
    dataset, config = trainer.dataset, trainer.config.train
    x = to_unit(dataset.take(dataset.validation[:6]))
    shape = (6, 6) if config.num_samples == 1 else (config.num_samples, 6, 6)
    eps = noise(config.seed, 0, shape)
    trainer.model.eval()
    with torch.no_grad():
        forward = trainer.model(x, eps if name != "autoencoder" else torch.zeros(6, 6))
        wanted = trainer.objective.measure(forward, trainer.objective.weights(trainer.step))
    assert terms["loss"] == pytest.approx(wanted["loss"].item(), rel=1e-5)
    # All warm-ups are over; in a cycle only the risen beta is comparable.
    if name == "cyclical":
        assert final_loss == pytest.approx(terms["nll"] + terms["kl"], rel=1e-5)
    else:
        assert final_loss == pytest.approx(terms["loss"], rel=1e-5)


def test_the_mean_over_uneven_batches_is_that_over_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = train(tmp_path / "a", TINY)
    whole, _, _ = validated(trainer)
    monkeypatch.setattr("vae.latent.encoding.ENCODE_BATCH", 4)
    parts, _, _ = validated(trainer)
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-6)
    assert parts["nll"] == pytest.approx(whole["nll"], rel=1e-6)


def test_the_best_of_another_beta_is_not_the_best_of_this(tmp_path: Path) -> None:
    train(tmp_path / "a", TINY)
    same = make_trainer(tmp_path / "a", TINY)
    other = make_trainer(tmp_path / "a", with_values(TINY, {"train.beta": 4.0}))
    for trainer in (same, other):
        trainer.writer.close()
    assert best(same)[1] > 0
    assert best(other) == (math.inf, 0)


def test_a_rise_is_seen_in_the_log(tmp_path: Path) -> None:
    beta = train(tmp_path / "beta", with_values(TINY, OBJECTIVES["cyclical"]))
    (event,) = [event for event in beta.run.events() if event["kind"] == "step"]
    assert event["step"] == 8
    assert event["beta"] == 0.5  # step 7 is the second of the third cycle of three
    capacity = train(tmp_path / "capacity", with_values(TINY, OBJECTIVES["capacity"]))
    event = last_event(capacity.run.events(), "step")
    assert (event["beta"], event["capacity"]) == (10.0, 5.0)
