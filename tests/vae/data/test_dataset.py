"""A folder of anything becomes the same data set every time, or says in one sentence why not."""

from __future__ import annotations

import csv
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.vae.data.samples import counts, everything, opened, picture, save
from vae.data.dataset import permutation
from vae.errors import ExplainedError

# ---------------------------------------------------------------------------- what is imported


def test_a_folder_is_imported_pixel_for_pixel_in_sorted_order(faces: Path, cache: Path) -> None:
    data = opened(faces, cache)
    assert data.name == "faces"
    assert data.image_shape == (3, 64, 64)
    assert list(data.names) == [f"{index}.png" for index in range(10)]
    expected = np.stack([np.asarray(picture(index)) for index in range(10)])
    assert np.array_equal(everything(data), expected)
    assert np.array_equal(data.take(np.array([7, 2, 7])), expected[[7, 2, 7]])
    assert counts(data) == {"used": 10}
    with pytest.raises(IndexError, match="images 0 to 9"):
        data.take(np.array([10]))


def test_what_is_no_image_is_skipped_and_counted_with_its_reason(faces: Path, cache: Path) -> None:
    whole = (faces / "9.png").read_bytes()
    (faces / "html.png").write_bytes(b"<html>404 not found</html>")
    (faces / "zero.jpg").write_bytes(b"")
    (faces / "half.png").write_bytes(whole[: len(whole) // 2])
    (faces / "script.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    picture(50).save(faces / "targa.png", format="TGA")  # Pillow could, but is not asked to
    (faces / "notes.docx").write_bytes(b"PK")
    (faces / ".DS_Store").write_bytes(b"\0")
    (faces / "Thumbs.db").write_bytes(b"\0")
    save(picture(0), faces / "__MACOSX" / "._0.png")
    shutil.copy(faces / "3.png", faces / "three.png")
    picture(4).save(faces / "four.bmp")
    Image.new("1", (7000, 6000)).save(faces / "huge.png")
    Image.new("1", (10001, 10000)).save(faces / "huger.png")
    Image.new("1", (14000, 14000)).save(faces / "hugest.png")
    data = opened(faces, cache)
    assert counts(data) == {
        "used": 10,
        "broken": 5,
        "duplicate": 2,
        "too_large": 3,
        "system": 3,
        "other": 1,
    }
    examples = data.manifest["examples"]
    assert isinstance(examples, dict)
    assert examples["duplicate"] == ["four.bmp: same as 4.png", "three.png: same as 3.png"]
    assert examples["too_large"][0] == "huge.png: 7000x6000 is over 40 megapixels"
    assert [text.split(":")[0] for text in examples["broken"]] == [
        "half.png",
        "html.png",
        "script.png",
        "targa.png",
        "zero.jpg",
    ]
    assert len(everything(data)) == 10


def test_only_grey_images_have_one_channel_and_one_colour_gives_all_three(
    tmp_path: Path, cache: Path
) -> None:
    folder = tmp_path / "grey"
    save(Image.new("L", (16, 16), 50), folder / "l.png")
    save(Image.new("1", (16, 16), 1), folder / "bit.png")
    save(Image.new("I;16", (16, 16), 257 * 9), folder / "deep.png")
    save(Image.new("LA", (16, 16), (100, 255)), folder / "la.png")
    (folder / "broken.png").write_bytes(b"no")
    grey = opened(folder, cache, image_size=16)
    assert grey.image_shape == (1, 16, 16)
    assert everything(grey)[:, 0, 0, 0].tolist() == [255, 9, 50, 100]
    save(Image.new("RGB", (16, 16), (255, 0, 0)), folder / "red.png")
    colour = opened(folder, cache, image_size=16)
    assert colour.image_shape == (3, 16, 16)
    assert everything(colour)[:, 0, 0].tolist()[2:] == [[50] * 3, [100] * 3, [255, 0, 0]]


def test_class_folders_become_the_label(tmp_path: Path, cache: Path) -> None:
    for index, name in enumerate(["dog/a.png", "cat/a.png", "cat/b.png", "dog/deep/c.png"]):
        save(picture(index), tmp_path / "pets" / name)
    data = opened(tmp_path / "pets", cache)
    assert list(data.names) == ["cat/a.png", "cat/b.png", "dog/a.png", "dog/deep/c.png"]
    assert data.classes == {"label": ("cat", "dog")}
    assert data.attributes["label"].dtype == np.int64
    assert data.attributes["label"].tolist() == [0, 0, 1, 1]


def test_a_doubled_folder_and_a_zip_are_the_same_as_the_folder(tmp_path: Path, cache: Path) -> None:
    for index, name in enumerate(["cat/a.png", "cat/b.png", "dog/a.png"]):
        save(picture(index), tmp_path / "pets" / name)
        save(picture(index), tmp_path / "doubled" / "pets" / "pets" / name)
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted((tmp_path / "pets").rglob("*.png"), reverse=True):
            archive.write(path, f"pets/{path.relative_to(tmp_path / 'pets')}")
        archive.writestr("__MACOSX/pets/cat/._a.png", b"\0\5\26\7")
        archive.writestr("pets/.DS_Store", b"\0")
    plain = opened(tmp_path / "pets", cache)
    doubled = opened(tmp_path / "doubled", cache)
    zipped = opened(tmp_path / "pets.zip", cache)
    for other in (doubled, zipped):
        assert other.fingerprint == plain.fingerprint
        assert list(other.names) == list(plain.names)
        assert other.attributes["label"].tolist() == plain.attributes["label"].tolist()
        assert np.array_equal(everything(other), everything(plain))
    assert counts(zipped) == {"used": 3, "system": 2}


def test_a_zip_leads_nowhere_outside_and_a_lying_entry_is_only_broken(
    faces: Path, cache: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        for name in ("../../up.png", "/root.png", "C:\\dir\\win.png", "new\nline.png"):
            index = len(archive.namelist())
            archive.writestr(name, (faces / f"{index}.png").read_bytes())
        archive.writestr("wrong_sum.png", (faces / "9.png").read_bytes())
    content = bytearray((tmp_path / "odd.zip").read_bytes())
    content[content.index(b"wrong_sum.png") + 4000] ^= 1
    (tmp_path / "odd.zip").write_bytes(bytes(content))
    before = sorted(path for path in tmp_path.rglob("*") if "cache" not in path.parts)
    data = opened(tmp_path / "odd.zip", cache)
    assert counts(data) == {"used": 4, "broken": 1}
    assert sorted(data.names) == ["C:/dir/win.png", "new\nline.png", "root.png", "up.png"]
    assert "new\\nline.png" in data.manifest["examples"]["used"]  # type: ignore[index]
    assert sorted(path for path in tmp_path.rglob("*") if "cache" not in path.parts) == before


def test_odd_file_names_are_all_imported(tmp_path: Path, cache: Path) -> None:
    names = ["CON.png", "\u202eevil.png", "e\u0301.png", "\u00e9.png", "smile \U0001f600.png"]
    for index, name in enumerate(names):
        save(picture(index), tmp_path / "odd" / name)
    if sys.platform == "linux":
        save(picture(9), tmp_path / "odd" / "x.png")
        os.rename(tmp_path / "odd" / "x.png", os.fsencode(tmp_path / "odd") + b"/\xff.png")
        names.append("?.png")
    data = opened(tmp_path / "odd", cache)
    assert sorted(data.names) == sorted(names)
    assert opened(tmp_path / "odd", cache).fingerprint == data.fingerprint


# ---------------------------------------------------------------------------- attributes, credit


def write_table(path: Path) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image_id", "age", "hair"])
        writer.writerows(
            [f"{index}.png", index + 0.5, ("red", "blue")[index % 2]] for index in range(10)
        )


def test_a_table_inside_or_beside_a_folder_or_zip_gives_attributes(
    faces: Path, cache: Path, tmp_path: Path
) -> None:
    inside, zipped = tmp_path / "inside", tmp_path / "zipped.zip"
    shutil.copytree(faces, inside)
    write_table(inside / "anything.csv")
    shutil.copytree(faces, tmp_path / "alone" / "images")
    write_table(tmp_path / "alone" / "attributes.csv")
    (inside / "CREDITS.txt").write_text("Drawn by hand, CC BY 4.0\n")
    shutil.make_archive(str(tmp_path / "zipped"), "zip", inside)
    for source in (inside, zipped, tmp_path / "alone" / "images"):
        data = opened(source, cache)
        assert data.attributes.keys() == {"age", "hair"}
        assert data.attributes["age"].dtype == np.float32
        assert data.attributes["age"].tolist() == [index + 0.5 for index in range(10)]
        assert data.classes == {"hair": ("blue", "red")}
        assert data.attributes["hair"].tolist() == [1, 0] * 5
    assert opened(zipped, cache).manifest["credit"] == "Drawn by hand, CC BY 4.0"


def test_a_table_named_after_a_neighbour_is_the_neighbours(
    faces: Path, cache: Path, tmp_path: Path
) -> None:
    shutil.copytree(faces, tmp_path / "others")
    write_table(tmp_path / "others.csv")
    assert opened(faces, cache).attributes == {}
    assert opened(tmp_path / "others", cache).attributes.keys() == {"age", "hair"}


def test_attributes_follow_their_images_past_broken_ones_and_into_a_subset(
    faces: Path, cache: Path
) -> None:
    write_table(faces / "table.csv")
    (faces / "2.png").write_bytes(b"broken")
    data = opened(faces, cache, num_images=6)
    ages = data.attributes["age"].tolist()
    assert ages == [int(name.removesuffix(".png")) + 0.5 for name in data.names]


# ---------------------------------------------------------------------------- split and order


def test_the_split_is_fixed_by_the_seed_and_loses_no_image(faces: Path, cache: Path) -> None:
    first = opened(faces, cache, seed=1)
    again = opened(faces, cache, seed=1)
    assert np.array_equal(first.validation, again.validation)
    assert sorted([*first.train, *first.validation]) == list(range(10))
    assert len(first.validation) == 1
    seen = {tuple(opened(faces, cache, seed=seed).validation) for seed in range(8)}
    assert len(seen) > 1


def test_one_image_is_both_sides_and_two_are_one_each(tmp_path: Path, cache: Path) -> None:
    save(picture(0), tmp_path / "few" / "a.png")
    one = opened(tmp_path / "few", cache)
    assert (one.train.tolist(), one.validation.tolist()) == ([0], [0])
    save(picture(1), tmp_path / "few" / "b.png")
    two = opened(tmp_path / "few", cache)
    assert sorted([*two.train, *two.validation]) == [0, 1]
    assert len(two.train) == 1


def test_num_images_is_a_random_subset_in_sorted_order(faces: Path, cache: Path) -> None:
    some = [list(opened(faces, cache, num_images=4, seed=seed).names) for seed in range(4)]
    assert all(names == sorted(names) and len(names) == 4 for names in some)
    assert some[0] == list(opened(faces, cache, num_images=4, seed=0).names)
    assert len({tuple(names) for names in some}) > 1
    assert len(opened(faces, cache, num_images=99)) == 10


def test_the_order_of_an_epoch_is_complete_and_depends_on_seed_and_epoch_alone() -> None:
    order = permutation(1000, 3, 7)
    assert order.dtype == np.int64
    assert np.array_equal(np.sort(order), np.arange(1000))
    np.random.seed(0)  # noqa: NPY002 (the global state that must not matter)
    assert np.array_equal(permutation(1000, 3, 7), order)
    others = [permutation(1000, 3, 8), permutation(1000, 4, 7), permutation(1000, 7, 3)]
    assert all(np.mean(order == other) < 0.02 for other in others)
    # These numbers must never change: resumed runs go on in the order they began.
    assert permutation(8, 0, 0).tolist() == [6, 4, 1, 3, 2, 7, 5, 0]


# ---------------------------------------------------------------------------- nothing there


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.mkdir(), "no usable image in 'x.zip'.*found nothing"),
        (lambda path: None, "There is nothing at"),
        (lambda path: path.write_bytes(b"oops"), "x.zip cannot be opened as a zip file"),
        (
            lambda path: (
                path.mkdir(),
                (path / "a.png").write_bytes(b""),
                (path / "b.txt").touch(),
            ),
            r"found 1 broken \(such as a.png: .*\), 1 other \(such as b.txt: empty\)",
        ),
    ],
)
def test_a_source_without_images_is_one_sentence(
    make: Callable[[Path], object], sentence: str, tmp_path: Path, cache: Path
) -> None:
    make(tmp_path / "x.zip")
    with pytest.raises(ExplainedError, match=sentence) as caught:
        opened(tmp_path / "x.zip", cache)
    assert "\n" not in str(caught.value)
    assert not cache.exists() or not any(path.is_dir() for path in cache.iterdir())


def test_images_without_names_are_named_by_their_numbers_and_nothing_is_kept_for_that(
    tmp_path: Path, cache: Path
) -> None:
    images = np.arange(300, dtype=np.uint8)[:, None, None] + np.zeros((1, 16, 16), np.uint8)
    np.save(tmp_path / "a.npy", images)
    for _ in range(2):
        data = opened(tmp_path / "a.npy", cache)
        assert (len(data.names), data.names[17], data.names[-1]) == (300, "17", "299")
        assert list(data.names[2:4]) == ["2", "3"]
        with pytest.raises(IndexError):
            data.names[300]
    (table,) = cache.glob("*/table.json")
    assert len(table.read_text()) < 100
    some = opened(tmp_path / "a.npy", cache, num_images=5)
    assert sorted(some.names, key=int) == list(some.names) != ["0", "1", "2", "3", "4"]
