"""Image files that are given out: as they lie, in a folder or a zip."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.vae.data.containers.samples import write_tar
from tests.vae.data.folders.samples import encoded
from tests.vae.data.versions.sources import (
    NUM,
    Make,
    config_of,
    in_folder,
    in_npz,
    in_zip,
    opened,
    version,
)
from vae.data.versions.exported_files import export, files_of, zipped
from vae.errors import InputError
from vae.runs.folder import data_cache


@pytest.mark.parametrize("make", [in_folder, in_zip])
def test_an_export_has_the_files_as_they_lie(make: Make, tmp_path: Path, root: Path) -> None:
    source = make(tmp_path)
    whole = opened(source, root)
    files = files_of(data_cache(root), config_of(source), whole, [0, 7])
    assert export(tmp_path / "out", files, 2, lambda *_: None) == (2, 2)
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*.*")
    }
    assert found == {"a/00.png": encoded(0), "b/03.png": encoded(3)}


def test_an_export_of_an_array_has_what_the_model_sees(tmp_path: Path, root: Path) -> None:
    source = in_npz(tmp_path)
    whole = opened(source, root)
    out = tmp_path / "some.zip"
    files = files_of(data_cache(root), config_of(source), whole, [2, 5])
    assert export(out, files, 2, lambda *_: None) == (2, 0)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == ["2.png", "5.png"]
        assert archive.testzip() is None
        with archive.open("5.png") as file, Image.open(file) as image:
            np.testing.assert_array_equal(np.asarray(image), whole.take(np.array([5]))[0, ..., 0])


@pytest.mark.parametrize("kind", ["parquet", "named.parquet", "arrow", "tar", "tars"])
def test_an_export_from_a_file_of_many_has_the_images_as_they_lie_in_it(
    kind: str, tmp_path: Path, root: Path
) -> None:
    (tmp_path / "set").mkdir()
    files = [encoded(index) for index in range(NUM)]
    splits = {"train": range(8), "test": range(8, NUM)}
    for split, part in splits.items():
        place = tmp_path / "set" / f"{split}-0000.{kind.removesuffix('s').rpartition('.')[2]}"
        if kind.startswith("tar"):
            members = {f"{index:02}.png": files[index] for index in part}
            if kind == "tars":
                members |= {f"{index:02}.cls": b"1" for index in part}
            write_tar(place, members)
            continue
        images = [{"bytes": files[index], "path": f"{index:02}.png"} for index in part]
        plain = [image["bytes"] for image in images]
        table = pa.table({"image": images if kind.startswith("named") else plain})
        if kind == "arrow":
            with pa.OSFile(str(place), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
                out.write_table(table)
        else:
            pq.write_table(table, place)
    source = tmp_path / "set"
    whole = opened(source, root)
    if kind == "parquet" or kind == "arrow":
        names = [f"{split}-0000.{kind}/{n}" for split in splits for n in range(len(splits[split]))]
        paths = [f"{name}.png" for name in names]
    else:
        names = paths = [f"{index:02}.png" for index in range(NUM)]
    assert list(whole.names) == names
    file = version(source, root, [1, 9], "leave_out")
    some = opened(file, root)
    chosen = [*range(1), *range(2, 9), *range(10, NUM)]
    found = [*files_of(data_cache(root), config_of(file), some, range(len(some)))]
    assert [(one.path, one.data) for one in found] == [(paths[n], files[n]) for n in chosen]
    out = tmp_path / "out"
    assert export(out, found, len(found), lambda *_: None) == (len(chosen), len(chosen))
    np.testing.assert_array_equal(
        np.sort(opened(out, root).take(np.arange(len(chosen))), axis=0),
        np.sort(some.take(np.arange(len(chosen))), axis=0),
    )


def test_an_export_gives_what_is_left_where_the_files_are_gone(tmp_path: Path, root: Path) -> None:
    source = in_folder(tmp_path)
    whole = opened(source, root)
    (source / "a" / "00.png").unlink()
    found = [*files_of(data_cache(root), config_of(source), whole, [0, 1])]
    assert [(file.path, file.is_original) for file in found] == [
        ("a/00.png", False),
        ("a/02.png", True),
    ]
    source.rename(tmp_path / "away")
    found = [*files_of(data_cache(root), config_of(source), whole, [0, 1])]
    assert [file.is_original for file in found] == [False, False]


def test_a_version_gives_out_the_files_of_its_source(tmp_path: Path, root: Path) -> None:
    source = in_zip(tmp_path)
    file = version(source, root, [0, 1], "leave_out")
    some = opened(file, root)
    (found,) = files_of(data_cache(root), config_of(file), some, [0])
    assert (found.path, found.data) == ("a/04.png", encoded(4))


def test_an_export_overwrites_nothing_and_leaves_nothing_half(tmp_path: Path, root: Path) -> None:
    source = in_folder(tmp_path)
    whole = opened(source, root)
    for place in (source, source / "table.csv"):
        with pytest.raises(InputError, match="is there already"):
            export(
                place, files_of(data_cache(root), config_of(source), whole, [0]), 1, lambda *_: None
            )

    def stopped(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    for place in (tmp_path / "out", tmp_path / "out.zip"):
        with pytest.raises(KeyboardInterrupt):
            export(place, files_of(data_cache(root), config_of(source), whole, [0, 1]), 2, stopped)
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_a_zip_is_made_a_file_at_a_time(tmp_path: Path, root: Path) -> None:
    source = in_folder(tmp_path)
    whole = opened(source, root)
    pieces = zipped(files_of(data_cache(root), config_of(source), whole, range(NUM)))
    sizes = [len(piece) for piece in pieces]
    assert len(sizes) == NUM + 1
    assert max(sizes[:-1]) < 2 * len(encoded(0))


@pytest.mark.parametrize("name", ["../../x.png", "/etc/x.png", "a/../x.png", "C:\\x.png", ".."])
def test_no_name_leads_out_of_the_export(name: str, tmp_path: Path, root: Path) -> None:
    source = in_npz(tmp_path)
    whole = opened(source, root)
    whole = replace(whole, names=[name, *whole.names[1:]])
    (found,) = files_of(data_cache(root), config_of(source), whole, [0])
    parts = found.path.split("/")
    assert ".." not in parts
    assert parts[0]
    assert ":" not in found.path
    assert "\\" not in found.path
