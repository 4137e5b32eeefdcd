"""The tables in and beside a folder or a zip file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.vae.data.samples import imported, warnings_of
from tests.vae.data.tables.samples import texts
from vae.data.collection import Collection
from vae.data.sources import locate


def collection(tmp_path: Path, kind: str, files: dict[str, str]) -> Collection:
    """A folder or zip "faces" of these tables and of the images train/0.png to test/3.png."""
    picture = Image.new("L", (16, 16))
    for index, folder in enumerate(["train", "train", "test", "test"]):
        place = tmp_path / "faces" / folder / f"{index}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.save(place)
    for name, text in files.items():
        (tmp_path / "faces" / name).resolve().write_text(text)
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
            for file in sorted((tmp_path / "faces").rglob("*.*")):
                archive.write(file, file.relative_to(tmp_path / "faces"))
        return locate(str(tmp_path / "faces.zip"), tmp_path).load()
    return locate(str(tmp_path / "faces"), tmp_path).load()


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_folder_or_zip_hands_over_all_kinds_of_tables_with_their_places(
    tmp_path: Path, kind: str
) -> None:
    files = {
        "train/metadata.csv": "file_name,age\n0.png,0.5\n1.png,1.5\n",
        "test/metadata.csv": "file_name,age\n2.png,2.5\n3.png,3.5\n",
        "attributes.jsonl": "".join(f'{{"id": {n}, "hat": {n}}}\n' for n in range(4)),
        "identity_CelebA.txt": "".join(f"{n}.png {n + 5}\n" for n in range(4)),
        "../hair.tsv": "name\thair\n0\tred\n1\tred\n2\tblue\n9\tblue\n",
        "README.txt": "Faces.",
        "train/0.txt": "a face, with a hat",
        "LICENSE.txt": "CC0",
    }
    found = collection(tmp_path, kind, files)
    order = [int(Path(name).stem) for name in found.names]
    told = {
        name: dict(zip(order, texts(column), strict=True)) for name, column in found.columns.items()
    }
    assert told["age"] == {n: n + 0.5 for n in range(4)}
    assert told["hat"] == {n: str(n) for n in range(4)}
    assert told["identity"] == {n: str(n + 5) for n in range(4)}
    assert told["hair"] == {0: "red", 1: "red", 2: "blue", 3: None}
    assert {entry.name for entry in found.skipped if entry.reason == "table"} == {
        name for name in files if name.endswith(("csv", "jsonl", "CelebA.txt"))
    }
    assert {entry.name: entry.why for entry in found.skipped if entry.reason == "other"} == {
        "README.txt": "a text",
        "train/0.txt": "a text with the name of an image",
    }
    assert found.credit == "CC0"
    assert len(found.warnings) == 2
    assert "../hair.tsv: no image was found for 1 of 4 rows, such as '9'" in found.warnings[0]
    assert "test images are used for validation" in found.warnings[1]


def flat(tmp_path: Path, files: dict[str, str]) -> Collection:
    """A folder of the images 0.png to 4.png and these tables."""
    for index in range(5):
        place = tmp_path / "flat" / f"{index}.png"
        place.parent.mkdir(exist_ok=True)
        Image.new("L", (16, 16)).save(place)
    for name, text in files.items():
        (tmp_path / "flat" / name).write_text(text)
    return locate(str(tmp_path / "flat"), tmp_path).load()


def test_a_partition_table_is_the_split_and_columns_follow_the_images(tmp_path: Path) -> None:
    table = "image_id,partition,age\n0,2,0.5\n1,1,1.5\n2,0,2.5\n3,0,3.5\n4,0,4.5\n"
    found = flat(tmp_path, {"list_eval_partition.csv": table})
    assert list(found.names) == ["2.png", "3.png", "4.png", "1.png"]
    assert found.validation_from == 3
    assert texts(found.columns["age"]) == [2.5, 3.5, 4.5, 1.5]
    assert [entry.name for entry in found.skipped if entry.reason == "test"] == ["0.png"]


def test_folders_are_believed_before_a_table_that_splits_otherwise(tmp_path: Path) -> None:
    table = "0,val\n1,train\n2,test\n3,train\n"
    found = collection(tmp_path, "folder", {"splits.csv": table})
    assert found.validation_from == 2
    assert any("puts test/3.png into another split" in text for text in found.warnings)


def test_many_tables_that_are_about_something_else_are_said_at_once(tmp_path: Path) -> None:
    for name in ("bank", "books", "cows", "days"):
        (tmp_path / f"{name}.csv").write_text("what,many\nsomething,1\nother,2\n")
    found = flat(tmp_path, {})
    assert len(found.warnings) == 1
    assert "4 tables beside the source" in found.warnings[0]
    assert "../bank.csv" in found.warnings[0]


def test_tables_of_one_image_each_are_not_taken_for_tables_of_the_images(tmp_path: Path) -> None:
    for index in range(20):
        place = tmp_path / "points" / f"{index}.png"
        place.parent.mkdir(exist_ok=True)
        Image.new("L", (16, 16)).save(place)
        place.with_suffix(".csv").write_text("x,y\n1,2\n3,4\n")
    found = locate(str(tmp_path / "points"), tmp_path).load()
    assert found.columns == {}
    assert found.warnings == []
    assert [entry.reason for entry in found.skipped] == ["other"] * 20


def test_a_table_that_cannot_be_read_is_said_and_the_images_are_used(tmp_path: Path) -> None:
    flat(tmp_path, {"a.csv": "file,age\n0.png,0.5\n"})
    source = locate(str(tmp_path / "flat"), tmp_path)
    (tmp_path / "flat" / "a.csv").unlink()
    found = source.load()
    assert len(found.names) == 5
    assert any("a.csv cannot be read" in text for text in found.warnings)


def test_a_table_beside_that_is_edited_changes_the_listing(tmp_path: Path) -> None:
    collection(tmp_path, "folder", {"../train.txt": "0\n1\n"})
    before = locate(str(tmp_path / "faces"), tmp_path).listing
    (tmp_path / "train.txt").write_text("0\n")
    assert locate(str(tmp_path / "faces"), tmp_path).listing != before
    (tmp_path / "shopping.txt").write_text("bread\n")
    assert not any(
        "shopping" in name for name, _, _ in locate(str(tmp_path / "faces"), tmp_path).listing
    )


def test_only_images_that_are_used_count_as_without_a_row(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    for index in range(5):
        Image.new("L", (16, 16), 40 * index).save(folder / f"{index}.png")
    (folder / "5.png").write_bytes((folder / "4.png").read_bytes())  # a copy
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "a.csv").write_text("file,age\n0.png,0.5\n1.png,1.5\n2.png,2.5\n4.png,3.5\n")
    found = warnings_of(imported(folder))
    assert "1 of 5 images have no row in a table, such as '3.png' (a row says '0.png')." in found
    (folder / "a.csv").write_text("file,age\n0.png,0.5\n1.png,1.5\n2.png,2.5\n3.png,3\n4.png,4\n")
    assert "have no row" not in warnings_of(imported(folder))
