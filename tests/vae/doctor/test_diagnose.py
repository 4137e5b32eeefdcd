"""The doctor: a collapse is found where theory puts it, a healthy run is left in peace."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vae.config import Config, TrainConfig, parse_option, with_values
from vae.doctor import remedies
from vae.doctor.diagnose import findings
from vae.doctor.finding import Finding
from vae.doctor.regularity import SIGMA_FLOOR, SILENT_NATS, silent_dimensions
from vae.doctor.remedies import Remedy, as_flags, goes_on, new_name
from vae.model.elbo import Terms
from vae.model.likelihoods import MIN_SIGMA
from vae.model.posterior import Posterior, active_units
from vae.runs.events import Event
from vae.runs.folder import Run
from vae.training.objectives import Objective

EIGENVALUES = torch.tensor([30.0, 12.0, 6.0, 3.0, 1.5, 0.7, 0.3, 0.12, 0.05, 0.02])
SHIPPED = Path(__file__).parents[3] / "checkpoints" / "anime-faces"
ALARMS = ("error", "warning")


def event_of(kl: Tensor, mu_variance: Tensor, nll: float, step: int = 5000) -> Event:
    """The evaluation that a trainer would write. kl, mu_variance [D]"""
    total = kl.sum().item()
    return {
        "kind": "eval",
        "step": step,
        "epoch": 9,
        "nll": nll,
        "kl": total,
        "elbo": -(nll + total),
        "mse": 0.01,
        "active_units": int((mu_variance > 0.01).sum()),
        **{f"kl_{j}": value for j, value in enumerate(kl.tolist())},
    }


def optimum(beta: float, sigma: float) -> Event:
    """The exact optimum of a linear VAE with one dimension for each eigenvalue.

    Lucas et al. 2019: it is probabilistic PCA, with beta sigma^2 for the noise. The posterior
    variance of a kept dimension is beta sigma^2 / eigenvalue, and that of its means the rest of 1.
    """
    ratio = (beta * sigma**2 / EIGENVALUES).clamp_max(1.0)
    return event_of(-0.5 * ratio.log(), 1 - ratio, nll=50.0)


def said(events: list[Event], config: Config | None = None, status: str = "finished") -> list:
    return findings(events, config or Config(), status)


def alarms(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.kind in ALARMS]


# ---------------------------------------------------------------------------------- collapse


@pytest.mark.parametrize("beta", [0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("sigma", [0.3, 0.6])
def test_the_silent_dimensions_are_those_below_the_noise(beta: float, sigma: float) -> None:
    event = optimum(beta, sigma)
    below = {j for j, value in enumerate(EIGENVALUES.tolist()) if value <= beta * sigma**2}
    assert set(silent_dimensions(event)) == below
    assert event["active_units"] == len(EIGENVALUES) - len(below)
    found = said([event], with_values(Config(), {"train.beta": beta}))
    named = {j for finding in found for j in finding.dimensions}
    assert named == below
    if beta == 0.1 and not below:
        assert not alarms(found)


def trained(beta: float, seed: int) -> tuple[Event, Tensor]:
    """A linear VAE after 1500 steps of Adam on data of known eigenvalues, and those. [D]

    The decoder and the encoder's mean are matrices, its logvar a vector, sigma is held at 0.6.
    """
    torch.manual_seed(seed)
    sigma, dim, num = 0.6, len(EIGENVALUES), 4000
    turn, _ = torch.linalg.qr(torch.randn(dim, dim))
    x = torch.randn(num, dim) * EIGENVALUES.sqrt() @ turn.T
    spectrum = torch.linalg.eigvalsh(x.T @ x / num).flip(0)
    encoder, decoder = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
    logvar = nn.Parameter(torch.zeros(dim))
    objective = Objective(TrainConfig(beta=beta), num)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), logvar], lr=0.02)
    generator = torch.Generator().manual_seed(seed)

    def forward(x: Tensor, eps: Tensor) -> Terms:
        posterior = Posterior(encoder(x), logvar.expand(len(x), dim))
        z = posterior.sample(eps)
        squared = (x - decoder(z)).square().sum(1) / (2 * sigma**2)
        nll = squared + dim * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
        return Terms(nll[None], z[None], posterior)

    for step in range(1500):
        for group in optimizer.param_groups:
            group["lr"] = 0.02 * (1 - step / 1500) + 1e-4
        batch = x[torch.randint(num, (200,), generator=generator)]
        terms = forward(batch, torch.randn(200, dim))
        loss = objective.measure(terms, objective.weights(step))["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        terms = forward(x, torch.randn(num, dim))
        mu = terms.posterior.mu
        kl = terms.posterior.kl_per_dim().mean(0)
        event = event_of(kl, mu.var(0), terms.nll.mean().item())
        assert event["active_units"] == int(active_units(mu).sum())
    return event, spectrum


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("beta", [0.1, 1.0, 10.0, 100.0])
def test_the_collapse_of_a_trained_linear_model_is_that_of_theory(beta: float, seed: int) -> None:
    event, spectrum = trained(beta, seed)
    wanted = int((spectrum <= beta * 0.6**2).sum())
    flagged = len(silent_dimensions(event))
    assert abs(flagged - wanted) <= 1
    assert abs(len(spectrum) - event["active_units"] - wanted) <= 1
    found = said([event], with_values(Config(), {"train.beta": beta}))
    if beta == 100:
        assert flagged >= 0.9 * len(spectrum)
        assert [finding.kind for finding in alarms(found)], "so much is worth an alarm"
    if beta <= 1:
        assert not alarms(found), "what lies below the noise is rightly left out"


@pytest.mark.parametrize("beta", [10.0, 100.0])
def test_a_beta_that_switches_off_most_dimensions_is_named_with_a_remedy(beta: float) -> None:
    (found,) = alarms(said([optimum(beta, 0.6)], with_values(Config(), {"train.beta": beta})))
    assert f"beta is {beta:g}" in found.text or f"Beta is {beta:g}" in found.text
    assert found.remedies[0].options == {"train.beta": 1.0}


# ------------------------------------------------------------------------- healthy runs


@pytest.mark.skipif(not SHIPPED.exists(), reason="the shipped run is not here")
def test_the_shipped_run_is_well_at_every_moment() -> None:
    run = Run(SHIPPED)
    events, config = run.events(), run.config()
    for num in range(0, len(events) + 1, 3):
        assert not alarms(findings(events[:num], config, "running")), num
    assert not alarms(findings(events, config, run.status()))


def test_a_run_that_has_just_begun_is_well(trained_root: Path) -> None:
    run = Run(trained_root / "tiny")
    events, config = run.events(), run.config()
    for num in range(len(events) + 1):
        assert not alarms(findings(events[:num], config, "running")), num


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.0, 2.0])
def test_a_growing_code_is_no_explosion(beta: float) -> None:
    """The KL rises from nothing to its place, quickly at first, and the elbo with it."""
    events = [
        event_of(
            torch.full((8,), 4.0 * (1 - 0.7**i) + 0.02), torch.ones(8), 500 - 300 * (1 - 0.8**i)
        )
        | {"step": 50 * (i + 1)}
        for i in range(20)
    ]
    config = with_values(Config(), {"train.beta": beta})
    for num in range(1, 21):
        assert not alarms(said(events[:num], config)), num


# ------------------------------------------------------------------------- what goes wrong


def healthy(num: int) -> list[Event]:
    return [
        event_of(torch.full((8,), 3.0), torch.ones(8), 100.0 - i) | {"step": 200 * (i + 1)}
        for i in range(num)
    ]


def test_a_collapse_is_found_whatever_the_elbo_says() -> None:
    """As measured: a free sigma for each band collapses, with a better elbo than one for all."""
    healthy_one = event_of(torch.full((64,), 2.1), torch.ones(64), -13_491.0)
    collapsed = event_of(torch.full((64,), 0.0005), torch.zeros(64), -21_628.0)
    assert collapsed["elbo"] > healthy_one["elbo"]
    assert not alarms(said([healthy_one]))
    (found,) = alarms(said([collapsed]))
    assert (found.name, found.kind) == ("collapse", "error")
    assert "The elbo does not show this" in found.more
    after = healthy_one | {"step": 2000}
    assert [f.name for f in alarms(said([after, collapsed]))] == ["collapse"]


def test_an_explosion_is_found_with_its_numbers() -> None:
    wild = event_of(torch.full((8,), 40.0), torch.ones(8), 900.0) | {"step": 2000}
    (found,) = alarms(said([*healthy(6), wild]))
    assert "320 nats at step 2,000, usually 24 before" in found.text
    assert found.remedies[0].options == {"train.lr": 0.00033}


def test_a_code_that_grows_with_the_elbo_is_no_explosion() -> None:
    leap = event_of(torch.full((8,), 40.0), torch.ones(8), -900.0) | {"step": 2000}
    assert not alarms(said([*healthy(6), leap]))


def test_free_bits_are_not_offered_twice() -> None:
    gone = optimum(1.0, 30.0)
    labels = [remedy.label for remedy in alarms(said([gone]))[0].remedies]
    assert labels == ["Allow 0.25 free nats per dimension", "Restart with a warm-up"]
    config = with_values(Config(), {"train.free_bits": 0.5})
    assert [remedy.label for remedy in alarms(said([gone], config))[0].remedies] == labels[1:]


def test_a_code_that_grows_while_beta_rises_is_no_explosion() -> None:
    wild = event_of(torch.full((8,), 40.0), torch.ones(8), 900.0) | {"step": 2000}
    config = with_values(Config(), {"train.warmup_steps": 5000})
    assert not alarms(said([*healthy(6), {"kind": "step", "step": 1990}, wild], config))


def test_a_diverged_run_is_resumed_more_calmly() -> None:
    reason = "FloatingPointError: training diverged: 20 steps in a row were not finite"
    events = [*healthy(2), {"kind": "end", "step": 400, "status": "failed", "reason": reason}]
    (found,) = alarms(said(events, status="failed"))
    assert "diverged" in found.text
    assert found.remedies == (Remedy("Lower the learning rate to 0.00033", {"train.lr": 0.00033}),)


def test_steps_passed_over_long_ago_are_no_alarm() -> None:
    note = {"kind": "note", "step": 50, "text": "A step was skipped: ... not finite."}
    assert alarms(said([note, {"kind": "step", "step": 90}]))
    later = said([note, {"kind": "step", "step": 5000}])
    assert not alarms(later)
    assert "1 step was skipped" in later[0].text


def test_an_evaluation_that_is_not_finite_is_an_error() -> None:
    broken = {"kind": "eval", "step": 800, "epoch": 2, "active_units": 0}
    (found,) = alarms(said([*healthy(2), broken]))
    assert "not finite" in found.text


def test_a_sigma_at_its_floor_is_dead() -> None:
    assert pytest.approx(MIN_SIGMA) == SIGMA_FLOOR
    event = healthy(1)[0] | {"sigma": MIN_SIGMA, "mse": 1e-6}
    (found,) = alarms(said([event]))
    assert "lower limit** of 0.5 grey levels" in found.text
    assert found.remedies[0].options == {"model.sigma": 2 / 255}
    for name in ("gaussian_bands", "gaussian_per_pixel"):
        (found,) = alarms(said([event], with_values(Config(), {"model.likelihood": name})))
        assert found.remedies[0].options == {"model.likelihood": "gaussian"}


def test_a_sigma_of_the_training_images_alone_is_found() -> None:
    event = healthy(1)[0] | {"sigma": 0.01, "mse": 0.01}
    (found,) = alarms(said([event]))
    assert "2.6 grey levels, but the error on validation images is 26" in found.text
    assert "train.flips" not in found.remedies[0].options
    (own,) = alarms(said([event], with_values(Config(), {"data.source": "/pictures"})))
    assert own.remedies[0].options == {"train.flips": "yes"}
    assert "Not digits" in own.more
    grey = {"data.source": "/digits", "model.likelihood": "bernoulli"}
    (few,) = said([{"kind": "start", "step": 0, "num_train": 54}], with_values(Config(), grey))
    assert not few.remedies
    assert not alarms(said([event | {"sigma": 0.08}]))


def test_a_small_beta_under_regularises_and_a_moderate_one_does_not() -> None:
    event = event_of(torch.full((8,), 12.0), torch.ones(8), -500.0)
    config = with_values(Config(), {"train.beta": 0.01})
    (found,) = alarms(said([event], config))
    assert "carry 96 nats, 12 for each active dimension" in found.text
    assert not alarms(said([event], with_values(config, {"train.beta": 0.1})))
    rising = with_values(config, {"train.warmup_steps": 9000})
    assert not alarms(said([{"kind": "step", "step": 4990}, event], rising))


def test_few_images_are_good_to_know() -> None:
    (found,) = said([{"kind": "start", "step": 0, "num_train": 54, "steps_per_epoch": 4}])
    assert (found.kind, found.remedies[0].options) == ("info", {"data.num_images": 80000})
    folder = with_values(Config(), {"data.source": "/pictures"})
    (found,) = said([{"kind": "start", "step": 0, "num_train": 54}], folder)
    assert [remedy.options for remedy in found.remedies] == [{"train.flips": "yes"}]
    assert "Not digits" in found.more
    flipped = with_values(folder, {"train.flips": "yes"})
    (found,) = said([{"kind": "start", "step": 0, "num_train": 54}], flipped)
    assert not found.remedies
    assert not found.more


def test_the_gravest_comes_first() -> None:
    note = {"kind": "note", "step": 5000, "text": "The gradient was not finite."}
    kinds = [finding.kind for finding in said([optimum(1.0, 9.0), note])]
    assert kinds == sorted(kinds, key=("error", "warning", "info").index)
    assert set(kinds) == {"error", "warning"}


# ------------------------------------------------------------------------------- remedies


CONFIGS = [
    {},
    {"train.beta": 50.0},
    {"train.capacity": 0.2, "train.beta": 9.0},
    {"train.free_bits": 0.01},
    {"train.estimator": "sampled"},
    {"train.objective": "beta_tc", "train.beta": 60.0},
    {"train.objective": "importance_weighted", "train.num_samples": 4},
    {"model.sigma": 0.7071, "model.likelihood": "gaussian"},
    {"model.likelihood": "gaussian_bands"},
    {"model.likelihood": "gaussian_per_pixel"},
    {"train.warmup_steps": 10, "train.cycle_steps": 20},
    {"train.beta": 0.001},
    {"model.channels": (4, 4, 4, 4, 4), "data.num_images": 60},
]
TROUBLES = [
    [optimum(1.0, 30.0)],
    [optimum(60.0, 0.6)],
    [healthy(1)[0] | {"sigma": MIN_SIGMA, "mse": 1e-6}],
    [healthy(1)[0] | {"sigma": 0.01, "mse": 0.01}],
    [event_of(torch.full((8,), 12.0), torch.ones(8), -500.0)],
    [*healthy(6), event_of(torch.full((8,), 40.0), torch.ones(8), 900.0) | {"step": 2000}],
    [{"kind": "note", "step": 1, "text": "not finite"}],
    [{"kind": "start", "step": 0, "num_train": 54, "steps_per_epoch": 4}],
]


@pytest.mark.parametrize("options", CONFIGS, ids=str)
def test_every_remedy_is_a_config_that_holds_and_that_the_command_reads(options: dict) -> None:
    config = with_values(Config(), options)
    for events in TROUBLES:
        for finding in findings(events, config, "running"):
            for remedy in finding.remedies:
                assert remedy.options
                changed = with_values(config, remedy.options)
                assert changed != config, "a remedy changes something"
                read = {n: parse_option(n, text) for n, text in as_flags(remedy.options).items()}
                assert read == dict(remedy.options)


def test_a_remedy_goes_on_where_it_can(tmp_path: Path) -> None:
    run = Run(tmp_path / "faces-2")
    run.checkpoints.mkdir(parents=True)
    beta, sigma = Remedy("", {"train.beta": 1.0}), Remedy("", {"model.sigma": None})
    assert goes_on(beta, run, "running")
    assert not goes_on(beta, run, "paused"), "there is no state to go on from"
    (run.checkpoints / "state-00000020.pt").touch()
    assert goes_on(beta, run, "paused")
    assert not goes_on(beta, run, "finished")
    assert not goes_on(sigma, run, "running")
    assert not goes_on(Remedy("", {"train.beta": 1.0}, anew=True), run, "running")
    assert new_name(tmp_path, "faces-2") == "faces-3"
    assert new_name(tmp_path, "anime-faces") == "anime-faces-2"
    every = remedies.all_options(Config(), beta)
    flags = as_flags(every)
    assert flags["model.channels"] == "32,64,128,192,192"
    assert with_values(Config(), {n: parse_option(n, t) for n, t in flags.items()}) == with_values(
        Config(), every
    )


def test_silence_is_less_than_a_hundredth_of_a_nat() -> None:
    kl = torch.tensor([1.0, SILENT_NATS / 2, 0.2])
    assert silent_dimensions(event_of(kl, torch.ones(3), 0.0)) == (1,)
    json.dumps(event_of(kl, torch.ones(3), 0.0))
