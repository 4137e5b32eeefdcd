"""Which images and which noise a step sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae.latent.fixed_noise import noise
from vae.training.batches import batch_index, steps_per_epoch


@pytest.mark.parametrize(("num", "batch_size"), [(60, 16), (64, 16), (65, 16), (5, 16), (1, 16)])
def test_each_epoch_sees_every_image_once(num: int, batch_size: int) -> None:
    train_index = np.arange(100, 100 + num)
    steps = steps_per_epoch(num, batch_size)
    for epoch in range(3):
        seen = np.concatenate(
            [batch_index(train_index, 0, batch_size, epoch * steps + i) for i in range(steps)]
        )
        if num == 1:
            assert seen.tolist() == [100, 100]
        else:
            left_out = int(num % batch_size == 1)
            assert len(set(seen.tolist())) == len(seen) == num - left_out


def test_two_epochs_have_two_orders() -> None:
    train_index = np.arange(64)
    assert not np.array_equal(
        batch_index(train_index, 0, 64, 0), batch_index(train_index, 0, 64, 1)
    )


def test_noise_is_a_function_of_seed_and_step() -> None:
    assert torch.equal(noise(1, 2, (3, 4)), noise(1, 2, (3, 4)))
    assert not torch.equal(noise(1, 2, (3, 4)), noise(1, 3, (3, 4)))
    assert not torch.equal(noise(1, 2, (3, 4)), noise(2, 2, (3, 4)))
