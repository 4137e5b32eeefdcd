"""A source as a person pastes it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vae.data.folders.samples import encoded, opened, write
from tests.vae.data.samples import counts
from vae.data.source_names import plain_source
from vae.errors import InputError


@pytest.mark.parametrize(
    "wrap",
    [
        lambda path: f'"{path}"',
        lambda path: f" '{path}' ",
        lambda path: f"\u201c{path}\u201d",
        lambda path: path.as_uri(),
        lambda path: f'"{path.as_uri()}"',
        lambda path: path.as_uri().replace("file:///", "file://localhost/"),
        lambda path: path.as_uri().replace("file://", "FILE://"),
        lambda path: str(path).replace(" ", "\\ ").replace("(", "\\(").replace(")", "\\)"),
        lambda path: f"$HERE/{path.name}",
        lambda path: f"~/{path.name}",
    ],
)
def test_a_pasted_path_is_the_path(
    wrap: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my fäces (100%)"
    write(folder / "a.png", encoded(0))
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert plain_source(wrap(folder)) == str(folder)
    assert counts(opened(wrap(folder), tmp_path)) == {"used": 1}


def test_what_is_no_path_stays_as_it_is() -> None:
    assert plain_source(" 'synthetic' ") == "synthetic"
    assert plain_source("torchvision:MNIST") == "torchvision:MNIST"


def test_a_file_is_taken_for_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path / "one.jpeg", encoded(0))
    write(tmp_path / "two", encoded(1, "JPEG"))
    with zipfile.ZipFile(tmp_path / "faces.cbz", "w") as archive:
        archive.writestr("a.png", encoded(2))
        archive.writestr("b.png", encoded(3))
    write(tmp_path / "page.dat", b"<html>")
    assert counts(opened(tmp_path / "one.jpeg", tmp_path)) == {"used": 1}
    assert counts(opened(tmp_path / "two", tmp_path)) == {"used": 1}
    assert counts(opened(tmp_path / "faces.cbz", tmp_path)) == {"used": 2}
    with pytest.raises(InputError, match=r"of an unknown kind \(a web page\)"):
        opened(tmp_path / "page.dat", tmp_path)
