"""The files of versions: listed, removed, broken, refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.vae.data.versions.sources import (
    NUM,
    in_folder,
    opened,
    version,
)
from vae.config import DataConfig
from vae.data.dataset import open_dataset
from vae.data.versions import version_file as versions
from vae.data.versions.new_version import make_version
from vae.data.versions.version_file import How
from vae.errors import FileError, InputError
from vae.runs.folder import data_cache, list_runs


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
