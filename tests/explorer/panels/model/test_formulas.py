"""The formulas of the Model panel say what the loss is: read back and computed, they agree."""

from __future__ import annotations

import re

import pytest
import torch

from explorer.panels.model.theory.formulas import (
    LIKELIHOOD_WORDS,
    loss_tex,
    loss_words,
    nll_tex,
    number,
)
from vae.config import TrainConfig
from vae.model.elbo import Terms
from vae.model.likelihood_choice import make_likelihood
from vae.model.posterior import Posterior
from vae.option_choices import LIKELIHOODS
from vae.training.objectives import Objective

COMBINATIONS = [
    {},
    {"beta": 4.0},
    {"beta": 0.5, "warmup_steps": 1000},
    {"warmup_steps": 500, "cycle_steps": 2000},
    {"free_bits": 0.25},
    {"free_bits": 0.25, "beta": 2.0},
    {"capacity": 9.0, "beta": 30.0, "warmup_steps": 100},
    {"capacity": 9.0},
    {"estimator": "sampled", "beta": 3.0},
    {"objective": "importance_weighted", "num_samples": 5},
    {"objective": "beta_tc", "beta": 6.0},
    {"objective": "beta_tc", "beta": 6.0, "warmup_steps": 1000},
    {"objective": "autoencoder"},
]
NAMES = {
    r"\text{nll}": "nll",
    r"\sum_{j=1}^{D} \max": "free",
    r"\text{kl}_j": "kl_j",
    r"\text{kl}": "kl",
    r"\bigl(\log q(z \mid x) - \log p(z)\bigr)": "kl_of_sample",
    r"I(x; z)": "mutual_information",
    r"D_{\mathrm{KL}}\bigl(q(z)\,\|\,\textstyle\prod_j q(z_j)\bigr)": "total_correlation",
    r"\sum_{j} D_{\mathrm{KL}}\bigl(q(z_j)\,\|\,p(z_j)\bigr)": "dimension_kl",
    r"-\log p(x \mid z{=}\mu)": "nll",
    r" = -\text{elbo}": "",
    r"\bmod": "%",
    r"\bigl(": "(",
    r"\bigr)": ")",
    r"\bigl|": "abs(",
    r"\bigr|": ")",
    r"\min": "min",
    r"\cdot": "*",
}


def value_of(tex: str, names: dict[str, object]) -> float:
    """The right side of a formula, computed as Python reads it."""
    text = tex.partition(" = ")[2].replace("{,}", "")
    for old in sorted(NAMES, key=len, reverse=True):
        text = text.replace(old, f" {NAMES[old]} ")
    text = re.sub(r"\\tfrac\{(.*?)\}\{(.*?)\}", r"((\1) / (\2))", text)
    text = re.sub(r"(?<=[\d)])\s*\\,\s*", " * ", text)
    return float(eval(text.strip(), {"abs": abs, "min": min}, names))


@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
@pytest.mark.parametrize("step", [0, 40, 750, 5000])
def test_the_loss_is_the_one_that_is_minimised(options: dict, step: int) -> None:
    train = TrainConfig(**options)
    torch.manual_seed(0)
    posterior = Posterior(torch.randn(16, 3), torch.randn(16, 3))
    num = train.num_samples
    z = posterior.sample(torch.randn(num, 16, 3))
    terms = Terms(100 * torch.rand(num, 16), z, posterior)
    objective = Objective(train, 1000)
    measured = objective.measure(terms, objective.weights(step))
    tex = loss_tex(train)
    if train.objective == "importance_weighted":
        assert rf"\frac{{1}}{{{num}}} \sum_{{k=1}}^{{{num}}}" in tex
        return
    per_dim = posterior.kl_per_dim().mean(0)
    names = {name: tensor.item() for name, tensor in measured.items()} | {
        "t": step,
        "kl_of_sample": terms.kl_of_sample.mean().item(),
        "kl_j": per_dim,
        "free": lambda bits, kl: kl.clamp_min(bits).sum().item(),
    }
    assert value_of(tex, names) == pytest.approx(measured["loss"].item(), rel=1e-5)
    is_elbo = not options
    assert (r"-\text{elbo}" in tex) == is_elbo


@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
def test_the_words_name_the_numbers(options: dict) -> None:
    train = TrainConfig(**options)
    words = loss_words(train)
    for name, value in options.items():
        if name not in ("objective", "estimator", "warmup_steps") and value != 1:
            assert f"{value:,}" in words or f"{value:g}" in words, name


@pytest.mark.parametrize(("name", "sigma"), [("gaussian", 0.05), ("laplace", 0.08)])
def test_the_nll_is_that_of_the_likelihood(name: str, sigma: float) -> None:
    x, output = torch.rand(1, 1, 4, 4), torch.randn(1, 1, 4, 4)
    likelihood = make_likelihood(name, sigma, (1, 4, 4))
    tex = nll_tex(name, sigma)
    text = tex.partition(" = ")[2].replace(r"\sum_{p=1}^{P} ", "total").replace(r"\Bigl", "")
    text = text.replace(r"\Bigr", "").replace(r"\log ", "log").replace(r"\cdot", "*")
    text = text.replace(r"|x_p - \hat x_p|", "error").replace(r"(x_p - \hat x_p)^2", "error**2")
    text = re.sub(r"\\frac\{(.*?)\}\{(.*?)\}", r"((\1) / (\2))", text).replace("^2", "**2")
    text = text.replace(r"\tfrac12 log2\pi", "0.9189385").replace("log0", "log(0")
    text = re.sub(r"log\((0[.\d]*) \+", r"log(\1) +", text)
    error = (x - likelihood.mean(output)).abs()
    names = {"error": error, "log": lambda v: torch.tensor(v).log(), "total": torch.sum}
    got = eval(text, names)
    assert got.item() == pytest.approx(likelihood.nll(output, x).item(), rel=1e-3)


def test_every_likelihood_has_a_formula_and_words() -> None:
    formulas = {nll_tex(name, None) for name in LIKELIHOODS}
    assert len(formulas) == len(LIKELIHOODS) == len(LIKELIHOOD_WORDS)
    assert r"\frac{1}{8} \sum_{l=1}^{8}" in nll_tex("bernoulli", None, 8)


def test_numbers_of_formulas_are_short() -> None:
    values = {0.054051: "0.05405", 12345.6: "12{,}346", 1.0: "1", 2.5e-7: r"2.5 \cdot 10^{-7}"}
    assert {value: number(value) for value in values} == values
