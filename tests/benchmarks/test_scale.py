"""The benchmark of what each part costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import scale


def test_a_line_through_two_sizes_foretells_a_third() -> None:
    costs = {num: scale.Cost(2 + 0.001 * num, 0, 0, 1 + 0.012 * num) for num in (1_000, 5_000)}
    line = scale.Line.through(costs)
    assert line.at(100_000) == pytest.approx(102)
    assert line.disk_bytes == pytest.approx(12_000)


def test_each_part_is_measured_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale, "TRAIN_MINUTES", 5)
    monkeypatch.setattr(scale, "EPOCHS", 10)
    monkeypatch.setattr(scale, "NUM_BATCHES", 10)
    words = ["--nums", "80", "160", "--image_size", "16", "--network", "2,2,2,2,2"]
    scale.main([*words, "--folder", str(tmp_path), "--json", str(tmp_path / "scale.json")])
    found = json.loads((tmp_path / "scale.json").read_text())
    assert list(found["points"]) == list(scale.PARTS)
    assert all(list(costs) == ["80", "160"] for costs in found["points"].values())
    assert found["points"]["train"]["160"]["images_per_second"] > 0
    assert found["points"]["warm batches"]["160"]["images_per_second"] > 0
    assert found["model"]["import array"]["disk_bytes"] == pytest.approx(16 * 16 * 3, rel=0.01)
    assert "us an image" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["scale.json"]
