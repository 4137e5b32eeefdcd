"""What the doctor finds in evaluations, and what it does not take for a fault."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vae.doctor.evaluations import evaluation
from vae.config import Config, with_values
from vae.doctor.diagnose import findings


def found(*events: dict, **options: object) -> str:
    config = with_values(Config(), {n.replace("_", ".", 1): v for n, v in options.items()})
    found = findings(list(events), config, "finished")
    return "\n".join(f"{finding.text} {finding.more}" for finding in found)


def test_a_healthy_run_has_no_findings() -> None:
    first, last = evaluation(1, -200.0, [2.0] * 4, 4), evaluation(900, -90.0, [3.0] * 4, 4)
    assert found(first, last) == ""


def test_a_collapse_is_found_with_a_remedy() -> None:
    said = found(evaluation(900, -200.0, [0.001] * 4, 0))
    assert "Posterior collapse" in said
    assert "warmup_steps" in said


def test_unused_dimensions_are_named_without_alarm() -> None:
    said = found(evaluation(900, -90.0, [4.0, 0.0, 0.0, 0.0], 1))
    assert "3 of 4 latent dimensions are unused" in said


def training(train: list[float], validation: list[float]) -> list[dict]:
    """The events of a run: ten steps of each training elbo, then an evaluation."""
    events = []
    for i, (elbo, held_out) in enumerate(zip(train, validation, strict=True)):
        events += [
            {"kind": "step", "step": 100 * i + 10 * j, "elbo": elbo + (-1) ** j}
            for j in range(1, 11)
        ]
        events.append(evaluation(100 * (i + 1), held_out, [3.0] * 4, 4))
    return events


LEARNING = [1000 - 600 * 0.9**i for i in range(40)]
BY_HEART = [elbo - 10 * max(0, i - 20) for i, elbo in enumerate(LEARNING)]


def noisy(elbos: list[float], seed: int, spread: float = 8.0) -> list[float]:
    return (np.array(elbos) + np.random.default_rng(seed).normal(0, spread, len(elbos))).tolist()


def test_one_evaluation_below_the_best_is_no_finding() -> None:
    validation = [*LEARNING[:-1], LEARNING[-2] - 300]
    assert found(*training(LEARNING, validation)) == ""


@pytest.mark.parametrize("gap", [0.0, 30.0])
def test_a_noisy_healthy_run_has_no_findings(gap: float) -> None:
    """Wherever it is looked at, and with training images ahead as they always are."""
    for seed in range(20):
        validation = noisy([elbo - gap for elbo in LEARNING], seed)
        said = [found(*training(LEARNING[:n], validation[:n])) for n in range(2, 41)]
        assert not any(said), (seed, said)


def test_validation_that_falls_with_training_is_not_learning_by_heart() -> None:
    assert found(*training(BY_HEART, BY_HEART)) == ""


@pytest.mark.parametrize("spread", [0.0, 3.0, 8.0])
def test_learning_by_heart_is_found(spread: float) -> None:
    for seed in range(20):
        said = found(*training(LEARNING, noisy(BY_HEART, seed, spread)))
        assert "memorises its training images" in said, seed
        assert "checkpoint RUN --use best" in said


def test_learning_by_heart_is_told_with_its_numbers() -> None:
    """An even fall of 10 nats: the last five are 40 to 80 below the best, 60 on average."""
    train = [100.0 + 10 * i for i in range(12)]
    validation = [90.0, 100.0, 110.0, 120.0, *[110.0 - 10 * i for i in range(8)]]
    said = found(*training(train, validation))
    assert "best at step 400" in said
    assert "5 evaluations are 60.0 nats lower" in said
    # The last two evaluations' steps lie at 205 on average, those before the best at 125.
    assert "rose by 80.0 nats" in said


def test_the_second_measure_of_the_last_step_is_no_new_best() -> None:
    """All validation images may be easier than those measured on the way."""
    again = evaluation(4000, LEARNING[-1] + 500, [3.0] * 4, 4)
    assert found(*training(LEARNING, BY_HEART), again) == found(*training(LEARNING, BY_HEART)) != ""


def test_a_sigma_fixed_too_large_is_found() -> None:
    said = found(evaluation(900, 90.0, [3.0] * 4, 4, sigma=0.7071), model_sigma=0.7071)
    assert "fixed at 180 grey levels" in said
    assert "error is only 26" in said  # sqrt(0.01) * 255 = 25.5
