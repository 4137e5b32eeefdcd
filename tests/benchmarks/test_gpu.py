"""The benchmark of a GPU, all of it, small and on a processor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vae.runs.folder import Run

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def test_each_part_runs_and_leaves_its_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.gpu", "--quick", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "summary.json").read_text())
    failed = {name: part for name, part in told.items() if "failed" in str(part["result"])[:10]}
    assert not failed
    assert "skipped" in told["gpu tests"]["result"]
    speeds = json.loads((tmp_path / "train-residual-64.json").read_text())
    assert not speeds["failed"]
    assert min(speeds["loops"]["ours"]["images_per_second"]) > 0
    assert min(speeds["ceilings"].values()) > 0
    assert "'recorded':" in told["ways of a step"]["result"][-1]
    assert "convolution" in (tmp_path / "profile.txt").read_text()
    assert Run(tmp_path / "runs" / "showpiece").status() == "finished"
    assert told["showpiece"]["result"]["is_finished"] == 1
