"""A data version of any source uses every image once or leaves it out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.vae.data.folders.samples import examples
from tests.vae.data.layouts.every import THEMES
from tests.vae.data.layouts.layout import Layout
from tests.vae.data.samples import counts, warnings_of
from tests.vae.data.versions.sources import (
    NUM,
    SOURCES,
    Make,
    in_split_folder,
    in_split_npz,
    opened,
    version,
)
from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.data.report import report
from vae.data.versions import version_file as versions
from vae.data.versions.new_version import make_version
from vae.data.versions.version_file import How
from vae.runs.folder import data_cache


@pytest.mark.parametrize("make", SOURCES)
@pytest.mark.parametrize("how", versions.HOWS)
def test_every_image_is_used_once_or_left_out_and_each_row_stays_with_its_image(
    make: Make, how: How, tmp_path: Path, root: Path
) -> None:
    source = make(tmp_path)
    whole = opened(source, root)
    assert len(whole) == NUM
    chosen = [1, 2, 5, 9, 11]
    some = opened(version(source, root, chosen, how), root)
    used = [i for i in range(NUM) if (i in chosen) == (how == "keep")]
    np.testing.assert_array_equal(some.take(np.arange(len(some))), whole.take(np.array(used)))
    assert list(some.names) == [whole.names[index] for index in used]
    for name, column in whole.attributes.items():
        np.testing.assert_array_equal(some.attributes[name], column[used])
    assert some.classes == whole.classes
    assert counts(some)["used"] + counts(some)["excluded"] == NUM
    left_out = [whole.names[index] for index in range(NUM) if index not in used]
    assert examples(some, "excluded") == [f"{name}: left out by hand" for name in left_out]
    told = "with 5 images only, chosen" if how == "keep" else "without 5 images, left out"
    assert f"A version of {source} {told} by hand." in warnings_of(some)


LAYOUTS = [layout for theme in THEMES for layout in theme.layouts if len(layout.images) > 3]


@pytest.mark.parametrize("how", versions.HOWS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.id)
def test_any_layout_has_versions(layout: Layout, how: How, tmp_path: Path) -> None:
    if layout.missing:
        pytest.skip(f"{', '.join(layout.missing)} is not installed")
    at, root = tmp_path / "given", tmp_path / "runs"
    at.mkdir()
    root.mkdir()
    (root / "data").symlink_to(at)  # where torchvision looks
    given = dict(option.removeprefix("--data.").split("=") for option in layout.options)
    values = {name: int(v) if v.isdigit() else v for name, v in given.items()}
    source = str(layout.make(at))
    data = DataConfig(source=source, **values)  # type: ignore[arg-type]
    whole = open_dataset(data, data_cache(root))
    assert len(set(whole.names)) == len(whole)
    left_out = [0, len(whole) // 2, len(whole) - 1]
    left_out = [0, len(whole) // 2] if len(whole) < 6 else left_out
    kept = [image for image in range(len(whole)) if image not in left_out]
    file = make_version(
        data_cache(root), data, whole, left_out if how == "leave_out" else kept, how
    )
    some = open_dataset(replace(data, source=str(file)), data_cache(root))
    numbers = [layout.read(x) for x in x_of(whole)]
    assert [layout.read(x) for x in x_of(some)] == [numbers[image] for image in kept]
    assert list(some.names) == [whole.names[image] for image in kept]
    for name, column in whole.attributes.items():
        np.testing.assert_array_equal(some.attributes[name], column[kept])
    if layout.held_out is not None and set(whole.validation) - set(left_out):
        wanted = [numbers[image] for image in whole.validation if image in kept]
        assert [numbers[kept[image]] for image in some.validation] == wanted


def x_of(data: Dataset) -> NDArray[np.float64]:
    """[N, C, H, W] in [0, 1]"""
    return (data.take(np.arange(len(data))) / 255).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("make", [in_split_npz, in_split_folder])
def test_a_version_has_the_split_of_its_source(make: Make, tmp_path: Path, root: Path) -> None:
    some = opened(version(make(tmp_path), root, [0, 3, 9], "leave_out"), root)
    assert report(some)["split"] == {"train": 6, "validation": 3, "from": "own"}
    assert some.validation.tolist() == [6, 7, 8]


def test_where_one_side_of_the_split_is_gone_a_new_one_is_drawn_and_said(
    tmp_path: Path, root: Path
) -> None:
    source = in_split_folder(tmp_path)
    assert "a new one is drawn" not in warnings_of(opened(source, root))
    some = opened(version(source, root, [8, 9, 10], "keep"), root)
    assert report(some)["split"] == {"train": 2, "validation": 1, "from": "random"}
    assert "a new one is drawn" in warnings_of(some)
