"""The batches of a training, as they reach its steps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae.config import DataConfig, TrainConfig
from vae.data.dataset import Dataset, open_dataset
from vae.training.batches import batch_index, steps_per_epoch
from vae.training.feed import Feed

TRAIN = TrainConfig(batch_size=16)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    config = DataConfig(num_images=60, image_size=16)
    return open_dataset(config, tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("is_resident", [False, True])
def test_each_step_gets_the_images_of_its_batch(dataset: Dataset, is_resident: bool) -> None:
    steps = range(2 * steps_per_epoch(len(dataset.train), 16))
    with Feed(dataset, TRAIN, torch.device("cpu"), is_resident) as feed:
        for step in steps:
            wanted = dataset.take(batch_index(dataset.train, 0, 16, step))
            assert np.array_equal(feed.images(step).numpy(), wanted)


@pytest.mark.parametrize("is_resident", [False, True])
def test_it_begins_anywhere(dataset: Dataset, is_resident: bool) -> None:
    """A resumed training asks for a later step first, and nothing was read ahead for it."""
    with Feed(dataset, TRAIN, torch.device("cpu"), is_resident) as feed:
        for step in (7, 3, 4, 0):
            wanted = dataset.take(batch_index(dataset.train, 0, 16, step))
            assert np.array_equal(feed.images(step).numpy(), wanted)


def test_a_resident_set_is_read_once(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    take = Dataset.take

    def counted(self: Dataset, index: np.ndarray) -> np.ndarray:
        read.extend(index.tolist())
        return take(self, index)

    monkeypatch.setattr(Dataset, "take", counted)
    with Feed(dataset, TRAIN, torch.device("cpu"), is_resident=True) as feed:
        for step in range(10):
            feed.images(step)
    assert sorted(read) == dataset.train.tolist()


@pytest.mark.gpu
@pytest.mark.parametrize("is_resident", [False, True])
def test_batches_on_a_gpu_are_those_on_the_host(dataset: Dataset, is_resident: bool) -> None:
    with Feed(dataset, TRAIN, torch.device("cuda"), is_resident) as feed:
        for step in range(10):
            images = feed.images(step)
            assert images.is_cuda
            wanted = dataset.take(batch_index(dataset.train, 0, 16, step))
            assert np.array_equal(images.cpu().numpy(), wanted)
