"""What a check says is what training takes, and every odd thing is said in a sentence."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vae.config import DataConfig
from vae.data.dataset import open_dataset
from vae.data.report import report


def save(seed: int, path: Path, size: tuple[int, int] = (16, 16)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).save(path)


def checked(source: Path | str, tmp_path: Path, **options: Any) -> dict[str, Any]:
    config = DataConfig(source=str(source), **{"image_size": 16, **options})
    found = report(open_dataset(config, tmp_path / "cache"))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for sentence in found["warnings"]:
        assert sentence.endswith(".")
        assert "\n" not in sentence
    return found


def test_a_report_says_what_is_used_and_what_is_not_and_why(tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    for seed in range(20):
        save(seed, folder / ("cat", "dog")[seed % 2] / f"{seed}.png")
    save(3, folder / "dog" / "again.png")
    (folder / "page.jpg").write_text("<html>")
    (folder / "notes.txt").write_text("hello")
    found = checked(folder, tmp_path)
    assert found["num_images"] == 20
    assert found["counts"] == {"other": 1, "used": 20, "duplicate": 1, "broken": 1}
    assert found["examples"]["duplicate"] == ["dog/again.png: same as dog/3.png"]
    assert found["examples"]["broken"] == ["page.jpg: the file is a web page"]
    assert found["examples"]["other"] == ["notes.txt: a text"]
    assert found["split"] == {"train": 18, "validation": 2, "from": "random"}
    assert found["columns"] == [{"name": "label", "kind": "class", "num_known": 20}]
    assert found["image_shape"] == [3, 16, 16]
    assert found["value_range"]["high"] == 255
    assert found["value_range"]["sentence"].endswith(".")


def test_a_second_check_is_instant_and_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(20):
        save(seed, tmp_path / "faces" / f"{seed}.png")
    (tmp_path / "faces" / "x.jpg").write_text("no")
    first = checked(tmp_path / "faces", tmp_path)
    monkeypatch.delattr(Image, "open")
    began = time.perf_counter()
    assert checked(tmp_path / "faces", tmp_path) == first
    assert time.perf_counter() - began < 0.5


def test_columns_say_of_how_many_images_something_is_known(tmp_path: Path) -> None:
    for seed in range(10):
        save(seed, tmp_path / "faces" / f"{seed}.png")
    rows = [f"{i}.png,{i / 7 if i < 6 else ''},{'yes' if i % 2 else 'no'}" for i in range(8)]
    (tmp_path / "faces" / "t.csv").write_text("\n".join(["file,age,glasses", *rows]))
    found = checked(tmp_path / "faces", tmp_path)
    assert found["columns"] == [
        {"name": "age", "kind": "number", "num_known": 6},
        {"name": "glasses", "kind": "yes/no", "num_known": 8},
    ]
    assert found["counts"] == {"table": 1, "used": 10}


@pytest.mark.parametrize("num", [1, 2, 3, 5, 40])
def test_few_images_are_a_sentence(num: int, tmp_path: Path) -> None:
    for seed in range(num):
        save(seed, tmp_path / "faces" / f"{seed}.png")
    found = checked(tmp_path / "faces", tmp_path)
    split = found["split"]
    assert found["num_images"] == num == found["counts"]["used"]
    assert split["train"] + split["validation"] == max(num, 2)
    sentences = [text for text in found["warnings"] if "learn" in text and "by heart" in text]
    assert len(sentences) == 1


def test_enough_images_need_no_sentence(tmp_path: Path) -> None:
    assert checked("synthetic", tmp_path, num_images=2000)["warnings"] == []


def test_images_that_are_all_alike_are_a_sentence(tmp_path: Path) -> None:
    save(0, tmp_path / "faces" / "a.png")
    for index in range(4):
        save(0, tmp_path / "faces" / f"copy{index}.png")
    copies = checked(tmp_path / "faces", tmp_path)
    assert copies["counts"] == {"used": 1, "duplicate": 4}
    assert any("4 are the same as another" in text for text in copies["warnings"])
    np.save(tmp_path / "flat.npy", np.full((50, 16, 16), 7, np.uint8))
    flat = checked(tmp_path / "flat.npy", tmp_path)
    assert any("All 50 images are the same picture" in text for text in flat["warnings"])


def test_mostly_broken_files_and_a_single_class_are_sentences(tmp_path: Path) -> None:
    for seed in range(3):
        save(seed, tmp_path / "faces" / f"{seed}.png")
    for index in range(5):
        (tmp_path / "faces" / f"no{index}.png").write_bytes(b"no")
    rows = [f"{index}.png,cat" for index in range(3)]
    (tmp_path / "faces" / "t.csv").write_text("\n".join(["file,animal", *rows]))
    told = " ".join(checked(tmp_path / "faces", tmp_path)["warnings"])
    assert "5 are broken, too large or unreadable, and 3 are used" in told
    assert "All images have the same animal, cat." in told


def test_shapes_that_suffer_from_the_square_are_sentences(tmp_path: Path) -> None:
    for seed, size in enumerate([(100, 60), (60, 100), (60, 90), (8, 8), (100, 100)]):
        save(seed, tmp_path / "faces" / f"{seed}.png", size)
    told = " ".join(checked(tmp_path / "faces", tmp_path)["warnings"])
    assert "2 of 5 images lose more than a third to the centre crop (such as one of 100 x" in told
    assert "data.crop fit" in told
    assert "stretch" in told
    assert "1 of 5 images is smaller than 16 x 16 pixels and enlarged" in told
    assert "no size was asked for" not in told
    for crop in ("fit", "stretch"):
        told = " ".join(checked(tmp_path / "faces", tmp_path, crop=crop)["warnings"])
        assert "centre crop" not in told
        assert "enlarged" in told


def test_a_size_that_nobody_chose_is_a_sentence(tmp_path: Path) -> None:
    for seed in range(3):
        save(seed, tmp_path / "faces" / f"{seed}.png", (150 + seed, 200))
    told = " ".join(checked(tmp_path / "faces", tmp_path, image_size=None)["warnings"])
    assert "reduced to 64 x 64 pixels, as no size was asked for" in told
    assert "at least 150 pixels" in told
    told = " ".join(checked(tmp_path / "faces", tmp_path, image_size=64)["warnings"])
    assert "no size was asked for" not in told
