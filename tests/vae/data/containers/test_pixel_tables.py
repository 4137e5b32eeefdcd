"""Tables in which the images themselves are written as numbers."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.vae.data.containers.samples import loaded, reasons
from tests.vae.data.samples import everything, imported, warnings_of
from vae.data.arrays import loose_arrays
from vae.data.sources import locate
from vae.errors import InputError

SIDE = 8
D = SIDE * SIDE
IMAGES = np.random.default_rng(0).integers(0, 256, (6, SIDE, SIDE), np.uint8)
IMAGES[0, 0, 0], IMAGES[1, 0, 0] = 0, 255  # all levels
LABELS = [3, 1, 2, 3, 1, 2]
WIDE = {"image_size": 16}


def packed() -> list[str]:
    return [" ".join(map(str, image.ravel())) for image in IMAGES]


def pixels_of(source: Path) -> np.ndarray:
    """The images as they are read, before any rendering. [N, H, W]"""
    found = locate(str(source), source.parent).load()
    return np.stack([np.squeeze(np.asarray(found.read(n))) for n in range(len(found.names))])


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("is_folder", [True, False])
@pytest.mark.parametrize("names", ["emotion,pixels,Usage", "emotion, pixels, Usage"])
def test_the_table_of_fer2013_is_its_images_with_label_and_split(
    names: str, is_folder: bool, quote: str, tmp_path: Path
) -> None:
    usage = ["PublicTest", "Training", "PrivateTest", "Training", "PublicTest", "Training"]
    rows = [
        ",".join(f"{quote}{cell}{quote}" for cell in cells)
        for cells in zip(LABELS, packed(), usage, strict=True)
    ]
    path = tmp_path / "fer" / "fer2013.csv"
    path.parent.mkdir()
    path.write_text("\n".join([names, *rows]) + "\n")
    source = path.parent if is_folder else path
    found = loaded(source)
    assert np.array_equal(pixels_of(source), IMAGES[[1, 3, 5, 0, 4]])
    assert found.validation_from == 3
    assert reasons(found) == {"test": 1}
    column = found.columns["emotion"]
    assert [column.classes[code] for code in column.values] == ["1", "3", "2", "3", "1"]
    assert set(found.columns) == {"emotion"}


HEADERS = {
    "pixel0": [f"pixel{n}" for n in range(D)],
    "1x1": [f"{1 + n // SIDE}x{1 + n % SIDE}" for n in range(D)],
    "0": [str(n) for n in range(D)],
    "none": [],
}


@pytest.mark.parametrize("label", ["first", "last", "none"])
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
def test_a_number_in_each_cell_is_an_image_a_row(
    mark: str, header: str, label: str, tmp_path: Path
) -> None:
    names = [*["class"] * (label == "first"), *HEADERS[header], *["class"] * (label == "last")]
    rows = [mark.join(names)] if HEADERS[header] else []
    images = IMAGES.copy()
    images[:, 0, 0] = 0  # a corner is alike in all images
    for image, number in zip(images, LABELS, strict=True):
        cells = [str(value) for value in image.ravel()]
        cells = [str(number), *cells] if label == "first" else cells
        rows.append(mark.join([*cells, str(number)] if label == "last" else cells))
    path = tmp_path / "digits.csv"
    path.write_text("\n".join(rows) + "\n")
    found = loaded(path)
    assert np.array_equal(pixels_of(path), images)
    assert any("6 images of 8 x 8 pixels, one a row" in text for text in found.warnings)
    if label == "none":
        assert found.columns == {}
        return
    column = found.columns["label"]
    assert [column.classes[code] for code in column.values] == [str(number) for number in LABELS]
    guessed = f"the {label} of the 65 numbers in a row was read as its label"
    assert any(guessed in text for text in found.warnings) == (header == "none")


def test_files_for_training_and_test_are_the_split_and_a_form_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "digits"
    folder.mkdir()
    rows = [",".join(map(str, image.ravel())) for image in IMAGES]
    header = ",".join(HEADERS["pixel0"])
    train = "".join(f"{n},{row}\n" for n, row in zip(LABELS[:4], rows, strict=False))
    (folder / "train.csv").write_text(f"label,{header}\n{train}")
    (folder / "test.csv").write_text(f"{header}\n{rows[4]}\n{rows[5]}\n")
    (folder / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    data = imported(folder, **WIDE)
    assert np.array_equal(pixels_of(folder), IMAGES)
    assert data.validation.tolist() == [4, 5]
    assert data.manifest["counts"] == {"used": 6, "other": 1}
    names = data.classes["label"]
    assert [names[code] for code in data.attributes["label"]] == [*"3123", *["unknown"] * 2]


def test_lists_in_brackets_fractions_and_row_numbers_of_pandas_are_read(tmp_path: Path) -> None:
    cells = [
        f'"[{", ".join(f"{value / 255:.6f}" for value in image.ravel())}]"' for image in IMAGES
    ]
    rows = [f"{n},{cell},{'ab'[n % 2]}" for n, cell in enumerate(cells)]
    path = tmp_path / "faces.csv"
    path.write_text("\n".join([",image,kind", *rows]) + "\n")
    data = imported(path, image_size=SIDE * 2)
    assert np.allclose(pixels_of(path), IMAGES / 255, atol=1e-5)
    assert set(data.attributes) == {"kind"}
    assert len(everything(data)) == 6


def test_rows_in_colour_are_read(tmp_path: Path) -> None:
    ramp = np.arange(D).reshape(SIDE, SIDE)
    image = np.stack([ramp, ramp[::-1], 3 * ramp], axis=2)
    rows = [",".join(map(str, (image + n).ravel())) for n in range(4)]
    path = tmp_path / "colour.csv"
    path.write_text("\n".join([",".join(f"p{n}" for n in range(3 * D)), *rows]) + "\n")
    assert np.array_equal(pixels_of(path), [image + n for n in range(4)])
    assert "4 colour images, channels last" in warnings_of(imported(path, **WIDE))


def test_rows_that_are_no_images_are_counted_with_their_lines(tmp_path: Path) -> None:
    rows = [",".join(map(str, image.ravel())) for image in IMAGES]
    rows[1] = "1,2,3"
    rows[2] = ",".join(["x"] * D)
    path = tmp_path / "digits.csv"
    path.write_text("\n".join([",".join(HEADERS["pixel0"]), *rows]))
    data = imported(path, **WIDE)
    assert data.manifest["counts"] == {"used": 4, "broken": 2}
    examples = data.manifest["examples"]
    assert isinstance(examples, dict)
    assert (
        "digits.csv, line 3: expected 64 cells as in the first row, found 3" in (examples["broken"])
    )


def test_rows_of_which_the_shape_is_not_clear_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "features.csv"
    row = ",".join(map(str, range(200)))
    path.write_text(f"label,{','.join(f'f{n}' for n in range(200))}\n1,{row}\n2,{row}\n")
    with pytest.raises(InputError, match=r"features.csv has 200 numbers in a row, which are no"):
        loaded(path)


def test_a_large_table_is_read_in_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loose_arrays, "SMALL_BYTES", 2**20)
    path = tmp_path / "many.csv"
    row = ",".join(["123"] * 4096)
    with open(path, "w") as file:
        for number in range(2000):
            file.write(f"{number % 7},{row}\n")
    tracemalloc.start()
    found = loaded(path)
    for index in range(0, 2000, 100):
        assert np.asarray(found.read(index)).shape[:2] == (64, 64)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 * 2**20 < path.stat().st_size
