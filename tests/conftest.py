"""Small real runs that several tests look at; and what tests start ends with them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import degenerate_data, leftover_processes
from vae.commands.parser import main

TINY = [
    "--data.num_images=60",
    "--data.image_size=32",
    "--model.channels=4,8,8,8,8",
    "--model.latent_dim=6",
    "--train.batch_size=16",
    "--train.epochs=2",
]
SESSION = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    # More threads than free cores wait for each other: eight times the work on a busy machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the fixtures end theirs
    mark = config.stash[SESSION] = leftover_processes.new_mark()
    os.environ[leftover_processes.VARIABLE] = (
        f"{os.environ.get(leftover_processes.VARIABLE, '')} {mark}"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long_files_first(items)
    of_gpus = [item for item in items if item.get_closest_marker("gpu")]
    if not of_gpus:
        return
    import torch

    if not torch.cuda.is_available():
        for item in of_gpus:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def long_files_first(items: list[pytest.Item]) -> None:
    """So that several workers, each of which takes file after file, end at about the same time."""
    order = ["slow", "browser"]
    places = {item.path: len(order) for item in items}
    for item in items:
        marks = [mark.name for mark in item.iter_markers() if mark.name in order]
        places[item.path] = min([places[item.path], *map(order.index, marks)])
    items.sort(key=lambda item: places[item.path])


def pytest_unconfigure(config: pytest.Config) -> None:
    leftover_processes.end(config.stash[SESSION])  # also where the fixtures were given no time


@pytest.fixture(scope="session", autouse=True)
def session_leaves_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails, and says which, where a process outlives the fixture that started it."""
    yield
    left = leftover_processes.end(request.config.stash[SESSION])
    assert not left, f"These processes were left running: {left}"


@pytest.fixture(autouse=True)
def what_a_test_starts_ends_with_it() -> Iterator[None]:
    """Also where the test fails: a trainer would else train for good."""
    with leftover_processes.marking() as mark:
        yield
    leftover_processes.end(mark)


@pytest.fixture(scope="session")
def trained_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that holds one, `tiny`, trained on 60 synthetic faces. Only to be read."""
    folder = tmp_path_factory.mktemp("runs")
    assert main(["train", "tiny", "--root", str(folder), *TINY]) == 0
    return folder


@pytest.fixture(scope="session")
def degenerate_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that are each trained on hardly any data. Only to be read."""
    folder = tmp_path_factory.mktemp("degenerate")
    degenerate_data.train_all(folder)
    return folder
