"""The benchmark of what each part costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import scale


def test_a_line_through_two_sizes_foretells_a_third() -> None:
    costs = {num: scale.Cost(2 + 0.001 * num, 0, 0, 1 + 0.012 * num) for num in (1_000, 5_000)}
    line = scale.Line.through(costs)
    assert line.at(100_000) == pytest.approx(102)
    assert line.disk_bytes == pytest.approx(12_000)


WORDS = ["--image_size", "16", "--network", "2,2,2,2,2"]


def found(folder: Path, *words: str) -> dict[str, Any]:
    """What the benchmark writes; it leaves nothing else in the folder."""
    scale.main([*WORDS, *words, "--folder", str(folder), "--json", str(folder / "scale.json")])
    assert [path.name for path in folder.iterdir()] == ["scale.json"]
    document: dict[str, Any] = json.loads((folder / "scale.json").read_text())
    return document


def test_each_part_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "TRAIN_MINUTES", 5)
    monkeypatch.setattr(scale, "EPOCHS", 10)
    monkeypatch.setattr(scale, "NUM_BATCHES", 10)
    points = found(tmp_path, "--nums", "160")["points"]
    assert list(points) == list(scale.PARTS)
    assert all(list(costs) == ["160"] for costs in points.values())
    assert points["train"]["160"]["images_per_second"] > 0
    assert points["warm batches"]["160"]["images_per_second"] > 0


def test_two_sizes_tell_what_an_image_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = found(tmp_path, "--nums", "80", "160", "--parts", "import array")["model"]
    assert model["import array"]["disk_bytes"] == pytest.approx(16 * 16 * 3, rel=0.01)
    assert "us an image" in capsys.readouterr().out
