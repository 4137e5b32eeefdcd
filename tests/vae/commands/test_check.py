"""The command `check`: one JSON object, no training, nothing half after Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae.commands.parser import main

ROOT = Path(__file__).parents[3]
CONTRACT = "num_images counts examples split columns image_shape value_range warnings".split()


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    folder = tmp_path / "my faces"
    folder.mkdir()
    for index in range(40):
        noise = np.random.default_rng(index).integers(0, 256, (24, 24, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{index}.png")
    (folder / "half.png").write_bytes((folder / "0.png").read_bytes()[:300])
    return folder


def test_check_prints_the_report_and_trains_nothing(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs"
    words = ["check", f'"{faces}"', "--data.image_size", "16", "--root", str(root), "--json"]
    assert main(words) == 0
    text = capsys.readouterr()
    found = json.loads(text.out.splitlines()[-1])
    assert set(CONTRACT) <= found.keys()
    assert found["num_images"] == found["counts"]["used"] == 40
    assert found["counts"]["broken"] == 1
    assert found["split"] == {"train": 36, "validation": 4, "from": "random"}
    assert found["image_shape"] == [3, 16, 16]
    assert "importing images 41/41" in text.err
    assert "half.png" in text.out.splitlines()[3]
    assert [path.name for path in root.iterdir()] == [".data"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "There is nothing at nowhere"),
        ([".", "--data.image_size", "7"], "data.image_size must be a whole number from 16 to 256"),
        ([".", "--data.image_size", "big"], "data.image_size must be a whole number"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", *words, "--root", "runs"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(sentence)
    assert error.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_check_that_is_ended_leaves_nothing_half(
    number: signal.Signals, faces: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "many.npy", np.zeros((300_000, 16, 16), np.uint8))
    words = ["check", str(tmp_path / "many.npy"), "--root", str(tmp_path / "runs")]
    process = subprocess.Popen(
        [sys.executable, "-m", "vae", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "images 0/300000" in process.stderr.readline()
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.splitlines()[-1] == "Stopped; nothing half is left behind."
    assert [path for path in (tmp_path / "runs" / ".data").iterdir() if path.is_dir()] == []
