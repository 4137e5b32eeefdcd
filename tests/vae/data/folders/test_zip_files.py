"""Zip files: read where they lie, and no bomb is unpacked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.vae.data.folders.samples import encoded, examples, opened
from tests.vae.data.samples import counts
from vae.errors import InputError


def test_sparse_masks_in_a_zip_are_no_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "masks.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(13):
            mask = Image.new("L", (1000, 1000))
            mask.putpixel((index, 0), 255)
            file = io.BytesIO()
            mask.save(file, "BMP")
            archive.writestr(f"{index}.bmp", file.getvalue())
    assert (tmp_path / "masks.zip").stat().st_size < 13_000_000 / 400
    assert counts(opened(tmp_path / "masks.zip", tmp_path)) == {"used": 13}


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", encoded(0))
        archive.writestr("zeros.png", bytes(50_000_000))
        archive.writestr("zeros", bytes(50_000_000))
    read = zipfile.ZipExtFile.read

    def bounded(file: zipfile.ZipExtFile, num: int | None = -1) -> bytes:
        data = read(file, num)
        assert len(data) < 10_000
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", bounded)
    data = opened(tmp_path / "bomb.zip", tmp_path)
    assert counts(data) == {"used": 1, "broken": 1, "other": 1}
    assert examples(data, "broken") == ["zeros.png: the file is zeros only"]


def test_absurd_amounts_in_a_zip_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for index in range(5):
            archive.writestr(f"{index}.png", encoded(index))
    monkeypatch.setattr("vae.data.containers.zip_files.MAX_ENTRIES", 4)
    with pytest.raises(InputError, match="it holds 5 files that unpack to"):
        opened(tmp_path / "many.zip", tmp_path)


def test_names_in_a_zip_are_read_in_utf_8_and_in_the_code_page_of_dos(tmp_path: Path) -> None:
    names = {"é.png": "", "ü/ß.png": "utf-8", "ö.png": "cp437"}
    with zipfile.ZipFile(tmp_path / "names.zip", "w") as archive:
        for seed, (name, code) in enumerate(names.items()):
            length = len(name.encode(code)) if code else 0
            archive.writestr(name if not code else f"{seed}" * length, encoded(seed))
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "é.png")
    data = (tmp_path / "names.zip").read_bytes()
    for seed, (name, code) in enumerate(names.items()):
        if code:  # no flag says which code page a name is in
            raw = name.encode(code)
            data = data.replace(f"{seed}".encode() * len(raw), raw)
    (tmp_path / "names.zip").write_bytes(data)
    found = opened(tmp_path / "names.zip", tmp_path)
    assert sorted(found.names) == sorted(names)
    assert counts(found) == {"used": 3, "linked": 1}
