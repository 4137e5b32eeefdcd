"""The files of images that were chosen on the page, as a zip file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from explorer.server import image_files
from vae.data.dataset import Dataset, open_dataset
from vae.runs.folder import Run

OWN = {"origin": "http://localhost:8501", "host": "localhost:8501"}


@pytest.fixture
def run(trained_root: Path) -> Run:
    return Run(trained_root / "tiny")


@pytest.fixture
def dataset(trained_root: Path, run: Run) -> Dataset:
    return open_dataset(run.config().data, trained_root / ".data")


@pytest.fixture
def client(trained_root: Path) -> Iterator[TestClient]:
    app = Starlette(routes=[Mount("/live", routes=[image_files.make_route(trained_root)])])
    with TestClient(app, base_url="http://localhost:8501") as client:
        yield client


def test_the_images_that_were_chosen_come_as_files(
    client: TestClient, run: Run, dataset: Dataset
) -> None:
    address = image_files.address(run, dataset, [3, 17])
    assert client.head(address, headers=OWN).status_code == 200
    answer = client.get(address, headers=OWN)
    assert "tiny-2-images.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["3.png", "17.png"]
        with archive.open("17.png") as file, Image.open(file) as image:
            np.testing.assert_array_equal(np.asarray(image), dataset.take(np.array([17]))[0])


def test_images_that_nobody_chose_here_are_refused(
    client: TestClient, run: Run, dataset: Dataset
) -> None:
    address = image_files.address(run, dataset, [4])
    for other in (
        address.replace(".zip", "0.zip"),
        address.replace("/tiny/", "/nobody/"),
        address.replace("data=", "data=0"),
    ):
        for answer in (client.head(other, headers=OWN), client.get(other, headers=OWN)):
            assert answer.status_code == 404
        assert answer.text.endswith(".")
    assert client.get(address, headers={**OWN, "origin": "http://evil.example"}).status_code == 403


def test_what_the_server_keeps_of_choices_is_bounded(
    client: TestClient, run: Run, dataset: Dataset
) -> None:
    first = image_files.address(run, dataset, [5])
    for image in range(image_files.MAX_KNOWN - 1):
        image_files.address(run, dataset, [6, image])
    assert client.head(first, headers=OWN).status_code == 200
    image_files.address(run, dataset, [7])
    assert client.head(first, headers=OWN).status_code == 404
