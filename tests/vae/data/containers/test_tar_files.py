"""Tar files come out as the images and values that were written to them."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.vae.data.containers.samples import (
    loaded,
    opened,
    picture,
    pixels,
    png,
    reasons,
    values,
    write_tar,
)
from vae.data.sources import locate
from vae.errors import InputError


def sample(seed: int, key: str | None = None) -> dict[str, bytes]:
    """An image with its class and what is said of it, as WebDataset writes them."""
    key = key or f"{seed:06}"
    said = {"width": seed, "mood": "glad" if seed % 2 else "sad", "face": {"smiles": seed > 2}}
    return {
        f"{key}.png": png(seed),
        f"{key}.cls": str(seed % 3).encode(),
        f"{key}.json": json.dumps({**said, "box": [1, 2]}).encode(),
    }


def test_webdataset_shards_are_their_images_with_class_and_json(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_tar(folder / "000001.tar", sample(3) | sample(4))
    write_tar(folder / "000000.tar", sample(0) | sample(1) | sample(2))
    data = loaded(folder)
    assert list(data.names) == [f"{seed:06}.png" for seed in range(5)]
    assert all(map(np.array_equal, pixels(data), map(picture, range(5))))
    assert data.validation_from is None
    assert values(data, "label") == ["0", "1", "2", "0", "1"]
    assert values(data, "width") == [0, 1, 2, 3, 4], "a quantity, not a class"
    assert values(data, "mood") == ["sad", "glad", "sad", "glad", "sad"]
    assert values(data, "face.smiles") == ["no", "no", "no", "yes", "yes"]
    assert data.columns_left_out == ["box"]
    assert reasons(data) == {}
    trained = opened(folder, tmp_path)
    assert all(map(np.array_equal, trained.take(np.arange(5)), map(picture, range(5))))


def test_shards_named_after_splits_keep_them_though_their_keys_are_the_same(tmp_path: Path) -> None:
    write_tar(tmp_path / "set" / "x-val-0.tar", sample(5, "0"))
    write_tar(tmp_path / "set" / "x-train-0.tar", sample(1, "0") | sample(2, "1"))
    write_tar(tmp_path / "set" / "x-train-1.tar", sample(3, "0"))
    data = loaded(tmp_path / "set")
    assert list(data.names) == [
        "x-train-0/0.png",
        "x-train-0/1.png",
        "x-train-1/0.png",
        "x-val-0/0.png",
    ]
    assert all(map(np.array_equal, pixels(data), map(picture, [1, 2, 3, 5])))
    assert values(data, "label") == ["1", "2", "0", "2"]
    assert data.validation_from == 3


def test_a_tar_of_class_folders_is_labelled_and_split_by_them(tmp_path: Path) -> None:
    members = {
        "pets/train/cat/a.b.1.png": png(1),
        "pets/train/cat/a.b.2.png": png(2),
        "pets/train/dog/1.png": png(3),
        "pets/test/dog/1.png": png(4),
        "pets/.DS_Store": b"\0",
        "pets/notes.docx": b"\0",
        "pets/README.txt": b"Pets.",
        "pets/legs.csv": b"file,legs\ntrain/dog/1.png,3\n",
    }
    write_tar(tmp_path / "pets.tar", members)
    data = loaded(tmp_path / "pets.tar")
    pngs = [name for name in members if name.endswith(".png")]
    assert list(data.names) == [name.removeprefix("pets/") for name in pngs]
    assert all(map(np.array_equal, pixels(data), map(picture, [1, 2, 3, 4])))
    assert values(data, "label") == ["cat", "cat", "dog", "dog"]
    assert data.validation_from == 3
    assert values(data, "legs") == ["unknown", "unknown", "3", "unknown"]
    assert reasons(data) == {"system": 1, "other": 2, "table": 1}


def test_links_in_a_tar_are_counted_and_nothing_is_written_or_read_outside(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(9))
    path = tmp_path / "in" / "odd.tar"
    write_tar(path, {"../../up.png": png(1), "/root.png": png(2)})
    with tarfile.open(path, "a") as archive:
        for name, kind in (("soft.png", tarfile.SYMTYPE), ("hard.png", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(secret)
            archive.addfile(info)
        pipe = tarfile.TarInfo("pipe.png")
        pipe.type = tarfile.FIFOTYPE
        archive.addfile(pipe)
    before = sorted(tmp_path.rglob("*"))
    data = loaded(path)
    assert list(data.names) == ["root.png", "up.png"]
    assert all(map(np.array_equal, pixels(data), map(picture, [2, 1])))
    assert reasons(data) == {"linked": 2, "other": 1}
    assert sorted(tmp_path.rglob("*")) == before


def test_of_samples_with_several_images_one_each_is_used(tmp_path: Path) -> None:
    members = {
        f"{n}.{kind}": png(n + 10 * len(kind)) for n in range(4) for kind in ("seg.png", "png")
    }
    write_tar(tmp_path / "masks.tar", members)
    data = loaded(tmp_path / "masks.tar")
    assert list(data.names) == [f"{n}.png" for n in range(4)]
    assert all(map(np.array_equal, pixels(data), map(picture, range(30, 34))))
    assert reasons(data) == {"other": 4}
    assert data.warnings == [
        "The samples hold several images each: those that end in .png are used, not .seg.png."
    ]


def test_a_tar_that_ends_early_gives_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "set" / "a.tar"
    write_tar(path, {f"{seed}.png": png(seed) for seed in range(4)})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(png(0)) * 3 + 2600])
    write_tar(tmp_path / "set" / "b.tar", {"9.png": png(9), "9.json": b"{", "9.cls": b"\xff"})
    (tmp_path / "set" / "c.tar").write_bytes(b"no tar file at all" * 100)
    data = opened(tmp_path / "set", tmp_path)
    counts = data.manifest["counts"]
    assert isinstance(counts, dict)
    assert counts["used"] >= 3
    assert "a.tar ends early" in " ".join(loaded(tmp_path / "set").warnings)
    assert sum(counts.values()) == counts["used"] + counts["broken"]


@pytest.mark.parametrize("name", ["faces.tar.gz", "faces.tgz", "faces.tar.bz2"])
def test_a_compressed_tar_is_one_sentence(name: str, tmp_path: Path) -> None:
    write_tar(tmp_path / name, {"1.png": png(1)}, f"w:{'bz2' if name.endswith('bz2') else 'gz'}")
    with pytest.raises(InputError, match=r"is compressed.*unpack it once"):
        locate(str(tmp_path / name), tmp_path)


def test_a_parquet_file_without_images_says_what_it_holds(tmp_path: Path) -> None:
    pq.write_table(pa.table({"age": [1.0], "who": ["me"]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"holds no images.*age \(double\), who \(string\)"):
        loaded(tmp_path / "a.parquet")
