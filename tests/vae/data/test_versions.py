"""Data versions: the images of a source without some, or only some, whatever the source is."""

from __future__ import annotations

import contextlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.vae.data.containers.samples import write_tar
from tests.vae.data.folders.samples import encoded, examples, write
from tests.vae.data.layouts.every import THEMES
from tests.vae.data.layouts.layout import Layout
from tests.vae.data.samples import counts, warnings_of
from vae.config import DataConfig
from vae.data.dataset import Dataset, open_dataset
from vae.data.report import report
from vae.data.versions import version_file as versions
from vae.data.versions.exported_files import export, files_of, zipped
from vae.data.versions.new_version import make_version
from vae.data.versions.version_file import How
from vae.errors import FileError, InputError
from vae.runs.folder import data_cache, list_runs

NUM = 12  # images of each source


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def config_of(source: Path | str) -> DataConfig:
    return DataConfig(source=str(source), image_size=16)


def opened(source: Path | str, root: Path) -> Dataset:
    return open_dataset(config_of(source), data_cache(root))


def version(source: Path | str, root: Path, images: list[int], how: How, name: str = "") -> Path:
    return make_version(
        data_cache(root), config_of(source), opened(source, root), images, how, name
    )


# ---------------------------------------------------------------------------- each kind of source


def in_folder(place: Path) -> Path:
    for index in range(NUM):
        write(place / "faces" / "ab"[index % 2] / f"{index:02}.png", encoded(index))
    rows = [f"{index:02}.png,{index}" for index in range(NUM)]
    write(place / "faces" / "table.csv", "\n".join(["file,number", *rows]).encode())
    return place / "faces"


def in_zip(place: Path) -> Path:
    with zipfile.ZipFile(place / "faces.zip", "w") as archive:
        for index in range(NUM):
            archive.writestr(f"{'ab'[index % 2]}/{index:02}.png", encoded(index))
        rows = [f"{index:02}.png,{index}" for index in range(NUM)]
        archive.writestr("table.csv", "\n".join(["file,number", *rows]))
    return place / "faces.zip"


def in_npz(place: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (NUM, 16, 16), np.uint8)
    np.savez(place / "faces.npz", images=pixels, number=np.arange(NUM, dtype=np.float32) + 0.5)
    return place / "faces.npz"


def in_split_npz(place: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (NUM, 16, 16), np.uint8)
    numbers = np.arange(NUM, dtype=np.float32) + 0.5
    np.savez(
        place / "faces.npz",
        x_train=pixels[:8],
        number_train=numbers[:8],
        x_test=pixels[8:],
        number_test=numbers[8:],
    )
    return place / "faces.npz"


def in_split_folder(place: Path) -> Path:
    for index in range(NUM):
        write(
            place / "faces" / ("train" if index < 8 else "val") / f"{index:02}.png", encoded(index)
        )
    rows = [f"{index:02}.png,{index}" for index in range(NUM)]
    write(place / "faces" / "table.csv", "\n".join(["file,number", *rows]).encode())
    return place / "faces"


SOURCES = (in_folder, in_zip, in_npz, in_split_npz, in_split_folder)
Make = Callable[[Path], Path]


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


# ---------------------------------------------------------------------------- copies, and names


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


# ---------------------------------------------------------------------------- versions of versions


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


# ---------------------------------------------------------------------------- the files


def test_versions_are_listed_and_removed_and_are_no_runs(tmp_path: Path, root: Path) -> None:
    source = in_folder(tmp_path)
    assert versions.versions(root) == {}
    file = version(source, root, [0, 1], "leave_out")
    named = version(source, root, [0, 1], "keep", "two")
    again = version(source, root, [2, 3], "leave_out")
    assert [path.name for path in versions.versions(root)] == [
        "faces-without-2-2.json",
        "faces-without-2.json",
        "two.json",
    ]
    assert {file, named, again} == set(versions.versions(root))
    (versions.folder(root) / "notes.json").write_text("[]")
    found = versions.versions(root)[named]
    assert (found.source, found.how) == (str(source), "keep")
    assert found.images == ("a/00.png", "a/02.png")
    assert list_runs(root) == []
    versions.remove_version(root, source)
    versions.remove_version(root, named)
    assert source.exists()
    assert not named.exists()
    assert len(versions.versions(root)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"source": "x"}',
        '{"source": 3, "keep": []}',
        '{"source": "x", "keep": "a"}',
        '{"source": "x", "keep": [1]}',
        '{"source": "x", "keep": [], "leave_out": []}',
    ],
)
def test_a_broken_version_is_one_sentence(text: str, tmp_path: Path, root: Path) -> None:
    file = tmp_path / "half.json"
    file.write_text(text)
    with pytest.raises(FileError, match=r"half\.json is no data version: expected a JSON object"):
        opened(file, root)


@pytest.mark.parametrize("source", ["synthetic", "itself.json"])
def test_a_version_of_what_holds_no_images_is_refused(
    source: str, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("itself.json").write_text(json.dumps({"source": source, "keep": ["1"]}))
    with pytest.raises(InputError, match=r"its source must hold images itself"):
        opened(tmp_path / "itself.json", root)


def test_a_version_whose_source_is_gone_says_so(tmp_path: Path, root: Path) -> None:
    source = in_folder(tmp_path)
    file = version(source, root, [0], "leave_out")
    source.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"faces-without-1\.json are not where they were: There"):
        opened(file, root)
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "source": str(tmp_path / "elsewhere")}))
    assert len(opened(file, root)) == NUM - 1


@pytest.mark.parametrize(
    ("images", "how", "name", "sentence"),
    [
        ([], "keep", "", "No image is chosen"),
        (range(NUM), "leave_out", "", "No image would be left"),
        ([1], "keep", "../x", "A version's name has"),
        ([1], "keep", "taken", "There is already a data version taken"),
    ],
)
def test_what_makes_no_version_is_refused(
    images: list[int], how: How, name: str, sentence: str, tmp_path: Path, root: Path
) -> None:
    source = in_folder(tmp_path)
    version(source, root, [0], "keep", "taken")
    with pytest.raises(InputError, match=sentence):
        version(source, root, images, how, name)


def test_images_that_are_drawn_have_no_versions(root: Path) -> None:
    data = DataConfig(image_size=16, num_images=5)
    with pytest.raises(InputError, match="are drawn for each training"):
        make_version(data_cache(root), data, open_dataset(data, data_cache(root)), [1], "keep")


# ---------------------------------------------------------------------------- files elsewhere


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
    whole.names[0] = name  # type: ignore[index]
    (found,) = files_of(data_cache(root), config_of(source), whole, [0])
    parts = found.path.split("/")
    assert ".." not in parts
    assert parts[0]
    assert ":" not in found.path
    assert "\\" not in found.path
