"""The batches of a training, as they reach its steps."""

from __future__ import annotations

from types import SimpleNamespace

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


@pytest.mark.parametrize("is_resident", [False, True])
def test_half_of_a_step_is_flipped_where_that_is_asked(dataset: Dataset, is_resident: bool) -> None:
    train = TrainConfig(batch_size=16, flips="yes")
    halves = []
    with Feed(dataset, train, torch.device("cpu"), is_resident) as feed:
        for step in (0, 1, 7, 0):
            wanted = dataset.take(batch_index(dataset.train, 0, 16, step))
            images = feed.images(step).numpy()
            is_flipped = [
                not np.array_equal(image, one) for image, one in zip(images, wanted, strict=True)
            ]
            assert sum(is_flipped) == len(wanted) // 2
            wanted[is_flipped] = wanted[is_flipped, :, ::-1]
            assert np.array_equal(images, wanted)
            halves.append(is_flipped)
    assert halves[0] == halves[3]
    assert len({tuple(half[:6]) for half in halves}) > 1


@pytest.mark.parametrize("num", [1, 2])
def test_processes_flip_what_one_would(dataset: Dataset, num: int) -> None:
    train = TrainConfig(batch_size=16, flips="yes")
    with Feed(dataset, train, torch.device("cpu")) as feed:
        wanted = feed.images(3)
    shares = []
    for i in range(num):
        processes = SimpleNamespace(share=lambda n, i=i: slice(i * n // num, (i + 1) * n // num))
        with Feed(dataset, train, torch.device("cpu"), None, processes) as feed:  # type: ignore[arg-type]
            shares.append(feed.images(3))
    assert torch.equal(torch.cat(shares), wanted)


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
