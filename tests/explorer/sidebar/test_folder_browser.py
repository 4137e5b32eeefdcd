"""Folders of the server are looked through in the sidebar, and one becomes the data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.sidebar import folder_browser
from explorer.sidebar.folder_browser import Count, count, listing
from tests.explorer.pages import PAGE, text_of


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_a_folder_lists_what_can_be_used_and_counts_its_images(tmp_path: Path) -> None:
    fill(tmp_path, "b.png", "a.JPG", ".hidden.png", "notes.txt", "set.zip", "x.parquet", "y.H5")
    fill(tmp_path / "Zoo", "1.webp", "2.txt")
    fill(tmp_path / "ant")
    fill(tmp_path / ".cache", "3.png")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    found = listing(tmp_path)
    assert found.images == Count(2, True)
    assert [folder.name for folder in found.folders] == ["ant", "Zoo"]
    assert [file.name for file in found.files] == ["set.zip", "x.parquet", "y.H5"]
    assert (found.num_left_out, found.problem) == (0, "")
    assert count(tmp_path / "Zoo") == Count(1, True)


def test_of_a_large_folder_the_first_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(230):
        (tmp_path / f"{number:03}").mkdir()
    found = listing(tmp_path)
    assert [folder.name for folder in found.folders] == [f"{number:03}" for number in range(200)]
    assert found.num_left_out == 30
    images = fill(tmp_path / "many", *(f"{number}.png" for number in range(50)))
    monkeypatch.setattr(folder_browser, "MOST_COUNTED", 20)
    assert count(images) == Count(20, False)
    assert str(count(images)) == "20+ image files"
    monkeypatch.setattr(folder_browser, "MOST_READ", 30)
    assert listing(images).images == Count(30, False)


def test_a_folder_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    assert "cannot be opened: no such file" in listing(tmp_path / "gone").problem
    assert "cannot be opened: not a directory" in listing(fill(tmp_path, "a") / "a").problem
    assert count(tmp_path / "gone") == Count(0, True)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    if os.geteuid():  # for the superuser no folder is closed
        assert "cannot be opened: permission denied" in listing(closed).problem


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("VAE_ROOT", str(tmp_path / "runs"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    fill(tmp_path / "home" / "pictures", "1.png", "2.png")
    fill(tmp_path / "home", "set.zip")
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not page.exception
    return page


def press(at: AppTest, label: str) -> None:
    next(one for one in at.sidebar.button if one.label.startswith(label)).click().run()
    assert not at.exception


def source(at: AppTest) -> str:
    return str(next(one for one in at.sidebar.text_input if one.label == "Data").value)


def test_a_folder_is_found_and_used(at: AppTest, tmp_path: Path) -> None:
    press(at, "Browse folders")
    press(at, "pictures")
    assert "2 image files right in this folder." in text_of(at)
    press(at, "Up")
    press(at, "pictures")
    press(at, "Use this folder")
    assert source(at) == str(tmp_path / "home" / "pictures")
    press(at, "Browse folders")  # opens where the data lie
    press(at, "Up")
    press(at, "set")
    assert source(at) == str(tmp_path / "home" / "set.zip")


def test_what_cannot_be_opened_is_said_in_its_place(at: AppTest, tmp_path: Path) -> None:
    press(at, "Browse folders")
    (tmp_path / "home" / "pictures" / "1.png").unlink()
    (tmp_path / "home" / "pictures" / "2.png").unlink()
    (tmp_path / "home" / "pictures").rmdir()
    press(at, "pictures")
    assert "cannot be opened" in text_of(at)
    assert next(one for one in at.sidebar.button if one.label == "Use this folder").disabled
    press(at, "Up")
    assert "cannot be opened" not in text_of(at)
