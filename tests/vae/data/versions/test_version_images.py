"""Which images of its source a version means: copies, names, numbers, versions of versions."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vae.data.folders.samples import encoded, write
from tests.vae.data.samples import counts, warnings_of
from tests.vae.data.versions.sources import (
    NUM,
    in_folder,
    in_npz,
    opened,
    version,
)
from vae.config import DataConfig
from vae.data.dataset import open_dataset
from vae.data.versions import version_file as versions
from vae.runs.folder import data_cache


def test_the_copies_of_an_image_that_is_left_out_do_not_take_its_place(
    tmp_path: Path, root: Path
) -> None:
    source = in_folder(tmp_path)
    write(source / "z" / "copy.png", encoded(0))
    whole = opened(source, root)
    assert counts(whole)["duplicate"] == 1
    chosen = [list(whole.names).index("a/00.png")]
    file = version(source, root, chosen, "leave_out")
    for _ in range(2):
        some = opened(file, root)
        assert "z/copy.png" not in some.names
        assert (counts(some)["used"], counts(some)["excluded"]) == (NUM - 1, 1)
        write(source / "0" / "first.png", encoded(0))  # sorted before the one that is left out
    assert "0/first.png" not in some.names


def test_a_kept_image_stays_though_copies_of_it_are_not_kept(tmp_path: Path, root: Path) -> None:
    source = in_folder(tmp_path)
    file = version(source, root, [0, 2], "keep")
    write(source / "0" / "first.png", encoded(0))
    some = opened(file, root)
    assert list(some.names) == ["a/00.png", "a/04.png"]
    assert counts(some)["excluded"] == NUM - 1


def test_images_of_one_name_in_a_zip_are_told_apart(tmp_path: Path, root: Path) -> None:
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        for index in range(4):
            with (
                pytest.warns(UserWarning, match="Duplicate name")
                if index
                else contextlib.nullcontext()
            ):
                archive.writestr("face.png", encoded(index))
        archive.writestr("face.png (2)", encoded(9))
    whole = opened(tmp_path / "twice.zip", root)
    assert len(set(whole.names)) == len(whole) == 5
    some = opened(version(tmp_path / "twice.zip", root, [2], "leave_out"), root)
    kept = [0, 1, 3, 4]
    np.testing.assert_array_equal(some.take(np.arange(4)), whole.take(np.array(kept)))


def test_names_are_found_again_where_the_folder_around_all_is_another(
    tmp_path: Path, root: Path
) -> None:
    source = tmp_path / "faces"
    for index in range(5):
        write(source / "a" / f"{index}.png", encoded(index))
    file = version(source, root, [1, 3], "leave_out")
    write(source / "b" / "7.png", encoded(7))  # names now begin with a/
    some = opened(file, root)
    assert list(some.names) == ["a/0.png", "a/2.png", "a/4.png", "b/7.png"]
    later = version(source, root, [0, 1], "leave_out", "later")
    (source / "b" / "7.png").unlink()
    (source / "b").rmdir()
    assert list(opened(later, root).names) == ["2.png", "3.png", "4.png"]


def test_an_image_that_is_no_longer_there_is_said_and_nothing_breaks(
    tmp_path: Path, root: Path
) -> None:
    source = in_folder(tmp_path)
    files = [version(source, root, [0, 1, 2], how) for how in versions.HOWS]
    (source / "a" / "00.png").unlink()
    kept, rest = (opened(file, root) for file in files)
    assert len(kept) == 2
    assert len(rest) == NUM - 3
    assert "1 of the 3 images that this version keeps (such as a/00.png)" in warnings_of(kept)
    assert "1 of the 3 images that this version leaves out (such as a/00.png)" in warnings_of(rest)


def test_numbers_in_a_file_that_was_changed_are_doubted(tmp_path: Path, root: Path) -> None:
    source = in_npz(tmp_path)
    file = version(source, root, [3], "leave_out")
    assert "copied or changed" not in warnings_of(opened(file, root))
    source.unlink()
    pixels = np.random.default_rng(1).integers(0, 256, (NUM, 16, 16), np.uint8)
    np.savez(source, images=pixels)
    assert "copied or changed" in warnings_of(opened(file, root))


def test_what_is_left_out_does_not_decide_how_the_others_are_seen(
    tmp_path: Path, root: Path
) -> None:
    source = tmp_path / "masks"
    for index in range(4):
        grey = np.random.default_rng(index).integers(0, 256, (16, 16), np.uint8)
        (source).mkdir(exist_ok=True)
        Image.fromarray(grey).save(source / f"{index}.png")
    write(source / "colour.png", encoded(0))
    whole = opened(source, root)
    assert whole.image_shape == (3, 16, 16)
    chosen = [list(whole.names).index("colour.png")]
    assert opened(version(source, root, chosen, "leave_out"), root).image_shape == (1, 16, 16)


def test_a_number_of_images_is_taken_from_those_that_are_left(tmp_path: Path, root: Path) -> None:
    source = in_folder(tmp_path)
    whole = opened(source, root)
    file = version(source, root, [0, 1, 2, 3, 4], "leave_out")
    data = DataConfig(source=str(file), image_size=16, num_images=6)
    some = open_dataset(data, data_cache(root))
    assert len(some) == 6
    assert set(some.names) <= set(whole.names[5:])


def test_a_version_of_a_version_is_one_of_the_source(tmp_path: Path, root: Path) -> None:
    source = in_folder(tmp_path)
    names = list(opened(source, root).names)
    first = version(source, root, [0, 1], "leave_out")
    second = version(first, root, [0, 1], "leave_out")
    assert list(opened(second, root).names) == names[4:]
    kept = version(second, root, [0, 1, 2], "keep")
    assert list(opened(kept, root).names) == names[4:7]
    last = version(kept, root, [1], "leave_out")
    assert list(opened(last, root).names) == [names[4], names[6]]
    for file in (first, second, kept, last):
        assert versions.read_version(file).source == str(source.resolve())
    first.unlink()
    assert len(opened(last, root)) == 2
