"""A run of one's own for the tests of the panels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from vae.model.checkpoints import load_model
from vae.model.networks import VAE
from vae.runs.folder import Run


@pytest.fixture(scope="module")
def model(trained_root: Path) -> VAE:
    return load_model(Run(trained_root / "tiny"))[0]


@pytest.fixture
def root(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs of one's own, with a copy of `tiny`."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def failed_root(trained_root: Path, tmp_path: Path) -> Path:
    """The tiny run, whose last start failed."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    events = tmp_path / "tiny" / "events.jsonl"
    lines = [line for line in events.read_text().splitlines() if '"kind": "end"' not in line]
    note = {"kind": "note", "time": 1e9, "step": 5, "text": "the gradient was not finite."}
    end = {"kind": "end", "time": 1e9, "step": 8, "status": "failed", "reason": "the disk is full"}
    events.write_text("\n".join([*lines, json.dumps(note), json.dumps(end), ""]))
    return tmp_path
