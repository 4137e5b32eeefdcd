"""When a training draws, measures and saves is counted as it happens."""

from __future__ import annotations

import pytest

from vae.runs.milestones import (
    Costs,
    checkpoint_is_due,
    checkpoint_may_wait,
    num_checkpoints,
    num_previews,
    preview_is_due,
)


def test_previews_are_dense_early_and_few_in_all() -> None:
    due = [step for step in range(10_000) if preview_is_due(step)]
    assert due[:5] == [0, 1, 2, 3, 4]
    assert len(due) < 130
    assert due[-1] - due[-2] > 100


@pytest.mark.parametrize("num_steps", [*range(40), 100, 101, 1000])
def test_the_previews_of_a_training_are_counted(num_steps: int) -> None:
    drawn = [step for step in range(num_steps + 1) if preview_is_due(step) or step == num_steps]
    assert num_previews(num_steps) == len(drawn)


@pytest.mark.parametrize("every", [1, 7, 20, 250])
@pytest.mark.parametrize("per_epoch", [1, 4, 20, 33])
@pytest.mark.parametrize("num_epochs", [1, 3, 40])
def test_the_checkpoints_of_a_training_are_counted(
    every: int, per_epoch: int, num_epochs: int
) -> None:
    num_steps = per_epoch * num_epochs
    saved = sum(checkpoint_is_due(step, every, per_epoch) for step in range(1, num_steps + 1))
    assert num_checkpoints(num_steps, every, per_epoch) == saved


@pytest.mark.parametrize(("num_validation", "in_the_end"), [(2000, 0), (5000, 2.5)])
def test_what_a_training_takes_is_the_sum_of_its_parts(
    num_validation: int, in_the_end: float
) -> None:
    costs = Costs(first_pictures=5, step=0.1, preview=0.01, evaluation=2)
    parts = 5 + 30 * 0.1 + (num_previews(30) - 1) * 0.01  # the first of them is in the 5 seconds
    parts += (4 + in_the_end) * 2  # after steps 10, 20 and 30, and 25
    assert costs.all(30, 25, 10, num_validation) == pytest.approx(parts)


def test_measuring_and_saving_take_a_fifth_of_a_long_training_at_most() -> None:
    assert not checkpoint_may_wait(spent=9, trained=0)
    assert checkpoint_may_wait(spent=11, trained=4)
    assert not checkpoint_may_wait(spent=29, trained=100)
    costs = Costs(first_pictures=0, step=0.01, preview=0, evaluation=2)
    assert costs.all(10_000, 10**6, 10, 0) == pytest.approx(100 + 10 + 0.2 * 100 + 2)
