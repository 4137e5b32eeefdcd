"""Every image set of torchvision is read from its layout on disk: images, labels, own split."""

from __future__ import annotations

import inspect
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets
from torchvision.datasets import utils

from tests.vae.data.torchvision_layouts import LAYOUTS, colour
from vae.config import DataConfig
from vae.data.collection import Collection
from vae.data.dataset import open_dataset
from vae.data.sources import locate
from vae.data.torchvision.torchvision_table import REFUSED, REFUSED_MODULES
from vae.errors import ExplainedError, FileError, InputError

DRAWN = ("FakeData",)  # noise, made as it is read
UNORDERED = ("Omniglot", "SUN397")  # torchvision takes the files as the disk lists them


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, and no checksums: small files of ours cannot have those of the real ones."""

    def is_there(path: str | Path, md5: str | None = None) -> bool:
        return os.path.isfile(path)

    def unreachable(*args: object, **kwargs: object) -> None:
        raise OSError("Network is unreachable")

    for name in [name for name in sys.modules if name.startswith("torchvision.datasets.")]:
        module = sys.modules[name]
        if hasattr(module, "check_integrity"):
            monkeypatch.setattr(module, "check_integrity", is_there)
        for function in vars(utils):
            if function.startswith("download_") and hasattr(module, function):
                monkeypatch.setattr(module, function, unreachable)


def is_refused(name: str) -> bool:
    kind = getattr(datasets, name)
    return name in REFUSED or kind.__module__.rpartition(".")[2] in REFUSED_MODULES


def names_of_sets() -> list[str]:
    return [name for name in datasets.__all__ if inspect.isclass(getattr(datasets, name))]


def colours(data: Collection) -> list[np.ndarray]:
    """The mean colour of each image, of a grey one its level. [3] or []"""
    return [np.asarray(data.read(index)).mean(axis=(0, 1)) for index in range(len(data.names))]


def labels(data: Collection) -> list[str | None]:
    if "label" not in data.columns:
        return [None] * len(data.names)
    column = data.columns["label"]
    return [column.classes[value] for value in column.values]


def is_colour(found: np.ndarray, number: int) -> bool:
    expected = colour(number) if found.ndim else 8 * number
    return bool(np.all(np.abs(found - expected) <= 4))


def test_every_set_of_torchvision_is_tried_here_or_refused() -> None:
    for name in names_of_sets():
        assert (name in LAYOUTS or name in DRAWN) != is_refused(name), name


# torchvision leaves the two tables of SBU open.
@pytest.mark.filterwarnings("ignore:unclosed file .*SBU_captioned:ResourceWarning")
@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.usefixtures("offline")
def test_a_set_on_disk_is_its_images_its_labels_and_its_own_split(
    name: str, tmp_path: Path
) -> None:
    if not hasattr(datasets, name):
        pytest.skip(f"this torchvision has no {name}")
    layout = LAYOUTS[name](tmp_path)
    source = locate(f"torchvision:{name}{'/' * bool(layout.suffix)}{layout.suffix}", tmp_path)
    data = source.load()
    expected = [*layout.train, *layout.validation]
    if name in UNORDERED:
        found = colours(data)
        places = [next(i for i, c in enumerate(found) if is_colour(c, n)) for n, _ in expected]
        assert sorted(places) == list(range(len(expected)))
        assert sorted(places[: len(layout.train)]) == list(range(len(layout.train)))
        assert [labels(data)[place] for place in places] == [label for _, label in expected]
    else:
        assert len(data.names) == len(expected)
        for found, (number, _) in zip(colours(data), expected, strict=True):
            assert is_colour(found, number), (found, number)
        assert labels(data) == [label for _, label in expected]
    assert data.validation_from == (len(layout.train) if layout.validation else None)
    assert Counter(item.reason for item in data.skipped) == (
        {"test": layout.apart} if layout.apart else {}
    )


@pytest.mark.usefixtures("offline")
def test_the_attributes_of_celeba_come_with_its_images(tmp_path: Path) -> None:
    LAYOUTS["CelebA"](tmp_path)
    data = locate("torchvision:CelebA", tmp_path).load()
    assert data.columns.keys() == {"Smiling", "Young"}
    assert data.columns["Smiling"].classes == ("no", "yes")
    assert data.columns["Smiling"].values.tolist() == [0, 1, 0, 1, 0, 1]
    assert "3 test images are kept apart" in " ".join(data.warnings)


@pytest.mark.usefixtures("offline")
def test_parts_are_used_where_they_are_asked_for(tmp_path: Path) -> None:
    LAYOUTS["SVHN"](tmp_path)
    assert "torchvision:SVHN/train+extra" in " ".join(
        locate("torchvision:SVHN", tmp_path).load().warnings
    )
    more = locate("torchvision:SVHN/train+extra", tmp_path).load()
    assert [n for found in colours(more) for n in range(10) if is_colour(found, n)] == [
        *range(4),
        9,
        9,
    ]
    assert more.validation_from is None
    LAYOUTS["STL10"](tmp_path)
    unlabelled = locate("torchvision:STL10/train+unlabeled", tmp_path).load()
    assert labels(unlabelled) == ["airplane", "bird", "airplane", "bird", "unknown"]
    LAYOUTS["Flowers102"](tmp_path)
    assert len(locate("torchvision:Flowers102/train+val+test", tmp_path).load().names) == 9


@pytest.mark.usefixtures("offline")
def test_each_split_of_emnist_is_a_set_of_its_own(tmp_path: Path) -> None:
    LAYOUTS["EMNIST"](tmp_path / "data")
    config = DataConfig(source="torchvision:EMNIST/digits", image_size=16)
    digits = open_dataset(config, tmp_path / "cache")
    assert digits.name == "EMNIST digits"
    with pytest.raises(InputError, match=r"several sets.*torchvision:EMNIST/mnist"):
        locate("torchvision:EMNIST", tmp_path).load()
    with pytest.raises(InputError, match=r"no part 'lettres': expected balanced, .*letters"):
        locate("torchvision:EMNIST/lettres", tmp_path).load()


@pytest.mark.usefixtures("offline")
def test_where_the_test_part_is_missing_the_split_is_random_and_that_is_said(
    tmp_path: Path,
) -> None:
    LAYOUTS["SVHN"](tmp_path)
    (tmp_path / "test_32x32.mat").unlink()
    data = locate("torchvision:SVHN", tmp_path).load()
    assert len(data.names) == 4
    assert data.validation_from is None
    assert "split at random" in " ".join(data.warnings)


@pytest.mark.parametrize("name", [name for name in names_of_sets() if is_refused(name)])
def test_a_set_that_is_no_set_of_single_images_is_refused_in_one_sentence(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        locate(f"torchvision:{name}", tmp_path).load()
    assert str(caught.value).startswith(f"torchvision:{name} ")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.usefixtures("offline")
def test_a_set_that_is_not_there_is_one_sentence(name: str, tmp_path: Path) -> None:
    suffix = {"EMNIST": "/letters"}.get(name, "")
    with pytest.raises(FileError, match=f"^torchvision:{name} is not in the folder") as caught:
        locate(f"torchvision:{name}{suffix}", tmp_path).load()
    assert "\n" not in str(caught.value)


def test_noise_is_drawn_where_it_is_asked_for(tmp_path: Path) -> None:
    data = locate("torchvision:FakeData", tmp_path).load()
    assert len(data.names) == 1000
    assert np.asarray(data.read(3)).shape == (224, 224, 3)


@pytest.mark.usefixtures("offline")
def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ExplainedError, match="needs the package h5py: pip install h5py"):
        locate("torchvision:PCAM", tmp_path).load()
